//! Values as bytes of their own: rows of the books, and what memory keeps closed.
//!
//! Owns: how they are written without taking more room than they need. Must never: say what a layout is.

use serde::Serialize;

/// The bytes of a value behind those that stand before it. Most values are written in one go and then take as much memory
/// as they have bytes.
///
/// # Errors
/// [`postcard::Error`] when a part of the value does not let itself be written.
pub(crate) fn encode<T: Serialize>(before: &[u8], value: &T) -> postcard::Result<Vec<u8>> {
    let mut buffer = [0; 2048];
    let Some((place, rest)) = buffer.split_at_mut_checked(before.len()) else {
        return postcard::to_extend(value, before.to_vec());
    };
    place.copy_from_slice(before);
    match postcard::to_slice(value, rest) {
        Ok(written) => {
            let length = before.len().saturating_add(written.len());
            Ok(buffer.get(..length).unwrap_or_default().to_vec())
        }
        // Whatever it says: a formatter that finds no room says that it failed.
        Err(_) => postcard::to_extend(value, before.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that a formatter writes, as some of a record are.
    struct Formatted(String);

    impl Serialize for Formatted {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&self.0)
        }
    }

    #[test]
    fn a_value_of_any_length_stands_behind_what_is_before_it() {
        for length in [0, 1, 2040, 2045, 2046, 2047, 2048, 5000] {
            let value = (7_u64, "x".repeat(length));
            for before in [vec![], vec![9], vec![9; 3000]] {
                let mut expected = before.clone();
                expected.extend(postcard::to_allocvec(&value).unwrap());
                assert_eq!(encode(&before, &value).unwrap(), expected, "{length}");
                let formatted = (value.0, Formatted(value.1.clone()));
                assert_eq!(encode(&before, &formatted).unwrap(), expected, "{length}");
            }
        }
    }
}
