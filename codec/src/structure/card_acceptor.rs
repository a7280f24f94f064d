//! Card acceptor name and location, DE43.
//!
//! Owns its parts by name, whatever their layout: the layout is a structure that the dialect names. Must never cut a
//! name short.

use zeroize::Zeroizing;

use super::description::Structure;
use super::error::StructureError;
use super::part::Parts;
use super::text::Text;

/// Where a card acceptor is. A part that the layout does not have is empty; blanks at the end are taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardAcceptor {
    /// Name, in the 1987 layout with the street.
    pub name: String,
    /// Street.
    pub street: String,
    /// City.
    pub city: String,
    /// Postal code.
    pub postal_code: String,
    /// State, province or region.
    pub region: String,
    /// Country, or state and country where the network has them in one.
    pub country: String,
}

impl CardAcceptor {
    /// Takes the parts that are called `name`, `street`, `city`, `postal_code`, `region` and `country`, at any depth.
    pub fn read(structure: &Structure, parts: &Parts<'_>) -> Self {
        let mut found = Self::default();
        found.take(structure, parts);
        found
    }

    /// The bytes of DE43 in this layout. Parts with other names are left blank.
    ///
    /// # Errors
    /// [`StructureError`] for a name that is too long for its place, or that its encoding cannot write.
    pub fn build(&self, structure: &Structure) -> Result<Zeroizing<Vec<u8>>, StructureError> {
        structure.build_text(&self.texts(structure))
    }

    fn take(&mut self, structure: &Structure, parts: &Parts<'_>) {
        for part in parts {
            let Some(subfield) = structure.subfield(part.key) else {
                continue;
            };
            match (part.parts(), &subfield.structure, part.bytes()) {
                (Some(parts), Some(inner), _) => self.take(inner, parts),
                (_, _, Some(bytes)) => {
                    if let Some(slot) = self.slot(&subfield.name) {
                        let text = subfield.encoding.to_text(bytes, part.form.odd_digits);
                        text.trim_end().clone_into(slot);
                    }
                }
                (_, _, None) => {}
            }
        }
    }

    fn texts(&self, structure: &Structure) -> Text {
        let subfields = match structure {
            Structure::Positional(structure) => structure.subfields.as_slice(),
            Structure::Separated(structure) => structure.subfields.as_slice(),
            Structure::Bitmapped(_)
            | Structure::BerTlv(_)
            | Structure::TaggedText(_)
            | Structure::Datasets(_)
            | Structure::Repeated(_) => &[],
        };
        // A copy, so that one list of names serves reading and building.
        let mut copy = self.clone();
        let mut text = |name: &str| copy.slot(name).cloned().unwrap_or_default();
        let entries = subfields.iter().map(|subfield| {
            let value = match &subfield.structure {
                Some(inner) => self.texts(inner),
                None => Text::value(&text(&subfield.name)),
            };
            (subfield.name.clone(), value)
        });
        Text::Parts(entries.collect())
    }

    fn slot(&mut self, name: &str) -> Option<&mut String> {
        match name {
            "name" => Some(&mut self.name),
            "street" => Some(&mut self.street),
            "city" => Some(&mut self.city),
            "postal_code" => Some(&mut self.postal_code),
            "region" => Some(&mut self.region),
            "country" => Some(&mut self.country),
            _ => None,
        }
    }
}
