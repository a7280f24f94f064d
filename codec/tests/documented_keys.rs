//! Every key of a dialect document, and every word that a key takes, stands in `DIALECTS.md`.
//!
//! The keys come from the reader itself: it lists them when it meets one that it does not know.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a failed expectation fails the test"
)]

mod common;

use codec::Dialect;

/// Documents with a wrong key or word, and the heading under which the right ones are explained.
const WRONG: [(&str, &str); 37] = [
    ("# Dialects", "wrong = 1"),
    ("# Dialects", "version = 'wrong'"),
    ("## framing", "[framing]\nwrong = 1"),
    ("## framing", "[framing]\nlength_header = 'wrong'"),
    ("## framing", "[framing]\nbyte_order = 'wrong'"),
    ("## framing", "[framing]\nheader = 'wrong'"),
    ("## framing", "[framing]\ntrailer = 'wrong'"),
    ("## bitmap", "[bitmap]\nwrong = 1"),
    ("## bitmap", "[bitmap]\nencoding = 'wrong'"),
    ("## bitmap", "[bitmap]\nsecond = 'wrong'"),
    ("## bitmap", "[bitmap]\nthird = 'wrong'"),
    ("## encoding", "[encoding]\nwrong = 1"),
    ("## encoding", "[encoding]\nmti = 'wrong'"),
    ("## encoding", "[encoding]\nvalues = 'wrong'"),
    ("## encoding", "[encoding]\nlengths = 'wrong'"),
    ("## fields", "[fields]\n4 = { wrong = 1 }"),
    ("## fields", "[fields]\n4 = { format = 'wrong' }"),
    ("## fields", "[fields]\n4 = { length_unit = 'wrong' }"),
    ("## fields", "[fields]\n4 = { sign = 'wrong' }"),
    ("## fields", "[fields]\n4 = { pad = 'wrong' }"),
    ("## fields", "[fields]\n4 = { sensitivity = 'wrong' }"),
    ("## structures", "[structures.a]\nkind = 'wrong'"),
    (
        "## structures",
        "[structures.a]\nkind = 'positional'\nwrong = 1",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'bitmapped'\nwrong = 1",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'bitmapped'\nbitmap_encoding = 'wrong'",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'dataset-bitmapped'\nwrong = 1",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'ber-tlv'\nwrong = 1",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'ber-tlv'\nff = 'wrong'",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'tagged-text'\nwrong = 1",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'tagged-text'\ntag_encoding = 'wrong'",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'tagged-text'\nlength_counts = 'wrong'",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'datasets'\nwrong = 1",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'separated'\nwrong = 1",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'repeated'\nwrong = 1",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'positional'\nsubfields = [{ wrong = 1 }]",
    ),
    (
        "## structures",
        "[structures.a]\nkind = 'positional'\nsubfields = [{ encoding = 'wrong' }]",
    ),
    ("## lenient", "[lenient]\nwrong = 1"),
];

/// The text below a heading, up to the next chapter.
fn chapter<'a>(document: &'a str, heading: &str) -> &'a str {
    let at = document.find(&format!("{heading}\n")).unwrap();
    let rest = document.get(at..).unwrap();
    let end = rest.match_indices("\n## ").next();
    rest.get(..end.map_or(rest.len(), |(end, _)| end)).unwrap()
}

/// The words in backquotes behind `expected`.
fn expected(document: &str) -> Vec<String> {
    let error = Dialect::from_toml("any.toml", document)
        .unwrap_err()
        .to_string();
    let listed = error.split_once(", expected ");
    let (_, list) = listed.expect(document);
    let quoted = list.split('`').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

/// The words of a chapter.
fn words(chapter: &str) -> Vec<&str> {
    let separators =
        |character: char| !(character.is_ascii_alphanumeric() || "_-+".contains(character));
    chapter.split(separators).collect()
}

#[test]
fn every_key_and_every_word_is_documented() {
    let guide = include_str!("../DIALECTS.md");
    let mut found = 0;
    for (heading, wrong) in WRONG {
        let chapter = chapter(guide, heading);
        let words = words(chapter);
        let document = format!("name = 'a'\nsource = 'b'\n{wrong}\n");
        for key in expected(&document) {
            // `ascii-2` to `ascii-6` is a range.
            let in_range = ["ascii-3", "ascii-4", "ascii-5"].contains(&key.as_str());
            // The tables of a document have chapters of their own.
            let own_chapter = guide.contains(&format!("\n## {key}\n"));
            assert!(
                words.contains(&key.as_str()) || in_range || own_chapter,
                "{heading}: {key} of {wrong:?} is not documented"
            );
            found += 1;
        }
    }
    assert!(found > 150, "{found}");
}
