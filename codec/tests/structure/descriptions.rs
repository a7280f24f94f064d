//! Descriptions that cannot be used, and what is said about them.

use codec::structure::StructureDocument;

fn error(toml: &str) -> String {
    match toml::from_str::<StructureDocument>(toml) {
        Ok(document) => document.compile().unwrap_err().to_string(),
        Err(error) => error.message().to_owned(),
    }
}

fn check(cases: &[(&str, &str)]) {
    for (toml, expected) in cases {
        let found = error(toml);
        assert!(
            found.contains(expected),
            "{toml}\n  {found}\n  expected {expected}"
        );
    }
}

#[test]
fn keys_and_kinds_are_known() {
    check(&[
        (
            "kind = 'positionel'\nsubfields = []",
            "unknown variant `positionel`",
        ),
        ("kind = 'ber-tlv'\ntag = {}", "unknown field `tag`"),
        (
            "kind = 'positional'\nsubfields = [{ name = 'a', encoding = 'ascii', size = 1 }]",
            "unknown field `size`",
        ),
        (
            "kind = 'positional'\nsubfields = [{ name = 'a', encoding = 'utf8', length = 1 }]",
            "unknown variant `utf8`",
        ),
        (
            "kind = 'bitmapped'\nsubfields = {}",
            "missing field `bitmap_bytes`",
        ),
        ("subfields = []", "missing field `kind`"),
    ]);
}

#[test]
fn lengths_are_one_of_three() {
    let positional = |subfield: &str| {
        format!(
            "kind = 'positional'\nsubfields = [{{ name = 'a', encoding = 'ascii', {subfield} }}]"
        )
    };
    for (subfield, expected) in [
        ("length = 0", "subfields.1: expected a length of at least 1"),
        (
            "length = 1, maximum = 2",
            "subfields.1: expected length, or maximum and length_size, or neither",
        ),
        (
            "maximum = 2",
            "subfields.1: expected length, or maximum and length_size, or neither",
        ),
        (
            "length_size = 2",
            "subfields.1: expected length, or maximum and length_size, or neither",
        ),
        (
            "length_encoding = 'bcd'",
            "subfields.1: expected length, or maximum and length_size, or neither",
        ),
        (
            "maximum = 100, length_size = 2",
            "subfields.1: a maximum of 100 does not fit a length of 2",
        ),
        (
            "maximum = 256, length_size = 1, length_encoding = 'binary'",
            "does not fit a length of 1",
        ),
        (
            "maximum = 9, length_size = 7",
            "subfields.1: expected length_size of 1 to 6, found 7",
        ),
        (
            "maximum = 9, length_size = 0",
            "subfields.1: expected length_size of 1 to 6, found 0",
        ),
    ] {
        check(&[(&positional(subfield), expected)]);
    }
}

#[test]
fn subfields_fit_their_structure() {
    check(&[
        (
            "kind = 'positional'\nsubfields = []",
            "expected at least one subfield",
        ),
        (
            "kind = 'positional'\nrequired = 2\nsubfields = [{ name = 'a', encoding = 'ascii', length = 1 }]",
            "required is 2, but there are 1 subfields",
        ),
        (
            "kind = 'positional'\nsubfields = [{ name = 'a', encoding = 'ascii' }, { name = 'b', encoding = 'ascii', length = 1 }]",
            "subfields.1: only the last subfield may take the rest",
        ),
        (
            "kind = 'positional'\nsubfields = [{ name = 'a', encoding = 'ascii', length = 1 }, { name = 'a', encoding = 'ascii', length = 1 }]",
            "subfields.2: expected a name of its own",
        ),
        (
            "kind = 'positional'\nsubfields = [{ name = ' ', encoding = 'ascii', length = 1 }]",
            "subfields.1: expected a name of its own",
        ),
        (
            "kind = 'bitmapped'\nbitmap_bytes = 3\nsubfields = { 25 = { name = 'a', encoding = 'ascii', length = 1 } }",
            "subfields.25: expected the number of a bit",
        ),
        (
            "kind = 'bitmapped'\nbitmap_bytes = 3\nsubfields = { 01 = { name = 'a', encoding = 'ascii', length = 1 } }",
            "subfields.01: expected the number of a bit",
        ),
        (
            "kind = 'bitmapped'\nbitmap_bytes = 33\nsubfields = {}",
            "expected bitmap_bytes of 1 to 32, found 33",
        ),
        (
            "kind = 'bitmapped'\nbitmap_bytes = 3\nsubfields = {}",
            "expected at least one subfield",
        ),
        (
            "kind = 'ber-tlv'\ntags = { 9F = { name = 'a', encoding = 'binary' } }",
            "tags.9F: expected a tag in hexadecimal",
        ),
        (
            "kind = 'ber-tlv'\ntags = { 9C = { name = 'a', encoding = 'binary', length = 1 } }",
            "tags.9C: the structure around it says how long it is",
        ),
        (
            "kind = 'tagged-text'\ntag_size = 2\ntag_encoding = 'ascii'\nlength_size = 2\nsubfields = { 123 = { name = 'a', encoding = 'ascii' } }",
            "subfields.123: expected a tag of the size that tag_size says",
        ),
        (
            "kind = 'tagged-text'\ntag_size = 2\ntag_encoding = 'ascii'\nlength_size = 2\nlead = { name = 'a', encoding = 'ascii' }",
            "lead: expected a block of fixed length",
        ),
        (
            "kind = 'datasets'\ndatasets = { 1 = { name = 'a', encoding = 'binary' } }",
            "datasets.1: expected an identifier of two hexadecimal digits",
        ),
        (
            "kind = 'separated'\nseparator = '€'\nsubfields = [{ name = 'a', encoding = 'ascii' }]",
            "expected a separator of one byte",
        ),
        (
            "kind = 'tagged-text'\ntag_size = 2\nlength_size = 2\nbefore_tag = '\u{20AC}'",
            "expected before_tag of characters of one byte",
        ),
        (
            "kind = 'repeated'\nmaximum = 2\nblock = { name = 'a', encoding = 'ascii' }",
            "block: expected a block of fixed length of at least 1",
        ),
    ]);
}

#[test]
fn structures_inside_of_one_another_are_bounded() {
    let mut toml = "{ kind = 'ber-tlv' }".to_owned();
    for _ in 0..7 {
        toml = format!(
            "{{ kind = 'ber-tlv', tags = {{ DF01 = {{ name = 'a', encoding = 'binary', structure = {toml} }} }} }}"
        );
    }
    let document = format!("kind = 'datasets'\nunlisted = {toml}");
    check(&[(
        &document,
        "expected at most 8 structures inside of one another",
    )]);
}
