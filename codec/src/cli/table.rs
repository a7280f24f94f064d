//! Tables for people.
//!
//! Must never let a character through that a terminal would act upon.

use codec::describe::{Described, Description};

use super::{Failure, Output};

/// Widest column of names.
const WIDEST_NAME: usize = 44;
/// Widest column of values: longer ones push what stands behind them.
const WIDEST_VALUE: usize = 32;

struct Line {
    key: String,
    name: String,
    length: String,
    value: String,
    meanings: Vec<String>,
}

/// Prints a message.
pub(crate) fn print(output: &mut Output, description: &Description) -> Result<(), Failure> {
    let mut lines = vec![Line {
        key: "MTI".to_owned(),
        name: "Message type indicator".to_owned(),
        length: "4".to_owned(),
        value: description.mti.to_string(),
        meanings: vec![description.mti_meaning.clone()],
    }];
    for element in &description.elements {
        add(element, 0, &mut lines);
    }
    let cells = lines.iter().map(|line| {
        vec![
            line.key.clone(),
            cut(&line.name),
            line.length.clone(),
            line.value.clone(),
        ]
    });
    let cells: Vec<Vec<String>> = cells.collect();
    let widths = widths(&cells, &[usize::MAX, WIDEST_NAME, usize::MAX, WIDEST_VALUE]);
    for (line, cells) in lines.iter().zip(&cells) {
        let row = row(cells, &widths);
        let mut meanings = line.meanings.iter();
        match meanings.next() {
            None => output.line(row.trim_end())?,
            Some(first) => output.line(&format!("{row}  {}", plain(first)))?,
        }
        let behind = widths.iter().map(|width| width + 2).sum::<usize>();
        for further in meanings {
            output.line(&format!("{:behind$}{}", "", plain(further)))?;
        }
    }
    Ok(())
}

fn add(described: &Described, depth: usize, lines: &mut Vec<Line>) {
    let key = if depth == 0 {
        format!("DE{}", described.key)
    } else {
        format!("{:indent$}{}", "", described.key, indent = depth * 2)
    };
    let value = match &described.parts {
        Some(_) => String::new(),
        None => plain(described.shown()),
    };
    lines.push(Line {
        key: plain(&key),
        name: plain(&described.name),
        length: match (&described.parts, depth) {
            (Some(_), 1..) => String::new(),
            _ => described.length.to_string(),
        },
        value,
        meanings: described.meanings.clone(),
    });
    for part in described.parts.iter().flatten() {
        add(part, depth + 1, lines);
    }
}

/// The widths of columns, at most so wide.
pub(crate) fn widths(rows: &[Vec<String>], most: &[usize]) -> Vec<usize> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    most.iter()
        .enumerate()
        .map(|(column, most)| width(column).min(*most))
        .collect()
}

/// Cells side by side; the blanks at the end are kept.
pub(crate) fn row(cells: &[String], widths: &[usize]) -> String {
    let cells = cells.iter().zip(widths);
    let cells: Vec<String> = cells
        .map(|(cell, width)| format!("{cell:width$}"))
        .collect();
    cells.join("  ")
}

fn cut(name: &str) -> String {
    if name.chars().count() <= WIDEST_NAME {
        return name.to_owned();
    }
    name.chars().take(WIDEST_NAME - 1).chain(['…']).collect()
}

/// Text without characters that move a cursor.
pub(crate) fn plain(text: &str) -> String {
    let shown = |character: char| {
        if character.is_control() {
            '.'
        } else {
            character
        }
    };
    text.chars().map(shown).collect()
}
