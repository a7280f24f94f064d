//! Attribute groups: long lists of values that conditions share. Whether a value is in a group costs
//! the same with one value as with twenty thousand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::AttributeGroupId;
use crate::index::Map;

/// What the values of a group are.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AttributeGroupKind {
    /// Merchants, DE42.
    MerchantId,
    /// Merchant category codes, DE18.
    MerchantCategoryCode,
}

impl AttributeGroupKind {
    /// The name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MerchantId => "merchant_id",
            Self::MerchantCategoryCode => "merchant_category_code",
        }
    }
}

/// A list of values that conditions refer to.
#[derive(Clone, Debug)]
pub struct AttributeGroup {
    pub(crate) id: AttributeGroupId,
    pub(crate) kind: AttributeGroupKind,
    pub(crate) file: String,
    pub(crate) values: Map<TextKey, ()>,
}

impl AttributeGroup {
    /// Its id.
    pub fn id(&self) -> AttributeGroupId {
        self.id
    }

    /// What its values are.
    pub fn kind(&self) -> AttributeGroupKind {
        self.kind
    }

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether a value is in it. Spaces at the ends do not count.
    pub fn contains(&self, value: &str) -> bool {
        TextKey::of(value).is_some_and(|key| self.values.contains_key(&key))
    }

    pub(crate) fn has(&self, key: TextKey) -> bool {
        self.values.contains_key(&key)
    }
}

/// A text of 1 to 15 bytes as a number: its bytes, then zeros, then its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TextKey(u128);

impl TextKey {
    /// Longest text, in bytes.
    pub(crate) const MOST: usize = 15;

    /// The key of a text without the spaces at its ends; `None` when it is empty or too long.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text = text.trim_matches(' ');
        if !(1..=Self::MOST).contains(&text.len()) {
            return None;
        }
        let mut bytes = [0; 16];
        for (slot, byte) in bytes.iter_mut().zip(text.bytes()) {
            *slot = byte;
        }
        let length = u128::try_from(text.len()).ok()?;
        Some(Self(u128::from_be_bytes(bytes) | length))
    }

    /// The key of a merchant category code.
    pub(crate) fn of_mcc(mcc: u16) -> Self {
        let digit = |divisor: u16| {
            let digit = mcc.checked_div(divisor).unwrap_or(0).checked_rem(10);
            b'0'.saturating_add(u8::try_from(digit.unwrap_or(0)).unwrap_or(0))
        };
        let digits = [digit(1000), digit(100), digit(10), digit(1)];
        Self(u128::from(u32::from_be_bytes(digits)) << 96 | 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_texts_apart() {
        let texts = ["a", "A", "ab", "0", "00", "0742", "742", "123456789012345"];
        for one in texts {
            for other in texts {
                let same = TextKey::of(one) == TextKey::of(other);
                assert_eq!(same, one == other, "{one} {other}");
            }
        }
        assert_eq!(TextKey::of(" 742  "), TextKey::of("742"));
        assert_eq!(TextKey::of(""), None);
        assert_eq!(TextKey::of("1234567890123456"), None);
        for mcc in [0, 7, 742, 5411, 9999] {
            assert_eq!(
                Some(TextKey::of_mcc(mcc)),
                TextKey::of(&format!("{mcc:04}"))
            );
        }
    }
}
