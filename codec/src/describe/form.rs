//! How a dialect writes each element, in the words of its document.
//!
//! Owns the way back from the compiled plan. Must never say more than the plan knows.

use crate::content::ContentClass;
use crate::dialect::Dialect;
use crate::dialect::plan::{FieldPlan, Length, ValueEncoding};
use crate::element::Element;
use crate::sensitivity::Sensitivity;
use crate::structure::Structure;

/// How an element is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementForm {
    /// Which.
    pub element: Element,
    /// In words.
    pub name: String,
    /// `n`, `ans`, `b`…
    pub format: &'static str,
    /// `12`, or `..19, 2 digits` with the size of the length in front.
    pub length: String,
    /// `ascii`, `bcd`…
    pub encoding: &'static str,
    /// What is inside: `ber-tlv`, `positional`…
    pub structure: Option<&'static str>,
    /// Why its value is masked.
    pub sensitivity: Option<&'static str>,
    /// Whether no message of another implementation has confirmed it.
    pub unverified: bool,
}

/// The elements of a dialect, ascending.
pub fn forms(dialect: &Dialect) -> Vec<ElementForm> {
    let plan = dialect.plan();
    let elements = dialect.elements();
    elements
        .filter_map(|element| {
            let field = plan.field(element)?;
            Some(ElementForm {
                element,
                name: dialect.element_name(element).unwrap_or_default().to_owned(),
                format: format(field.class),
                length: length(field),
                encoding: encoding(field),
                structure: dialect.structure(element).map(kind),
                sensitivity: field.sensitivity.map(sensitivity),
                unverified: dialect.unverified().contains(&element),
            })
        })
        .collect()
}

fn format(class: ContentClass) -> &'static str {
    match class {
        ContentClass::Digits => "n",
        ContentClass::Letters => "a",
        ContentClass::Alphanumeric => "an",
        ContentClass::AlphanumericPadded => "anp",
        ContentClass::Printable => "ans",
        ContentClass::Hex => "b",
        ContentClass::Track => "z",
        ContentClass::SignedDigits => "x+n",
    }
}

fn length(field: &FieldPlan) -> String {
    match field.length {
        Length::Fixed(_) => field.maximum.to_string(),
        Length::Prefixed(prefix) => {
            let range = match field.minimum {
                0 => format!("..{}", field.maximum),
                minimum => format!("{minimum}..{}", field.maximum),
            };
            format!("{range}, {}", prefix.width())
        }
    }
}

fn encoding(field: &FieldPlan) -> &'static str {
    match field.encoding {
        ValueEncoding::Ascii if field.class == ContentClass::Hex => "hex",
        ValueEncoding::Ascii => "ascii",
        ValueEncoding::Ebcdic(_) => "ebcdic",
        ValueEncoding::Packed(_) if field.class == ContentClass::Hex => "binary",
        ValueEncoding::Packed(_) | ValueEncoding::Signed(..) => "bcd",
    }
}

fn kind(structure: &Structure) -> &'static str {
    match structure {
        Structure::Positional(_) => "positional",
        Structure::Bitmapped(_) => "bitmapped",
        Structure::BerTlv(_) => "ber-tlv",
        Structure::TaggedText(_) => "tagged-text",
        Structure::Datasets(_) => "datasets",
        Structure::Separated(_) => "separated",
        Structure::Repeated(_) => "repeated",
    }
}

fn sensitivity(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Pan => "pan",
        Sensitivity::Track => "track",
        Sensitivity::Pin => "pin",
        Sensitivity::Cvv => "cvv",
        Sensitivity::Icc => "icc",
    }
}
