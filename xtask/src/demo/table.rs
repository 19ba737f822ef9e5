//! A table for a terminal: columns as wide as their widest cell, numbers to the right.

use std::fmt;

/// Rows under a heading.
#[derive(Debug, Clone)]
pub struct Table<const COLUMNS: usize> {
    heading: [String; COLUMNS],
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// An empty table.
    #[must_use]
    pub fn new(heading: [&str; COLUMNS]) -> Self {
        Self { heading: heading.map(str::to_owned), rows: Vec::new() }
    }

    /// Adds a row at the end.
    pub fn row(&mut self, cells: [String; COLUMNS]) {
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| &row[column]);
        cells.chain([&self.heading[column]]).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    /// A column of numbers, with or without a unit, reads better from the right.
    fn is_numeric(&self, column: usize) -> bool {
        let begins_with_digit = |cell: &String| cell.chars().next().is_none_or(|first| first.is_ascii_digit());
        self.rows.iter().all(|row| begins_with_digit(&row[column]))
    }
}

impl<const COLUMNS: usize> fmt::Display for Table<COLUMNS> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: [(usize, bool); COLUMNS] =
            std::array::from_fn(|column| (self.width(column), self.is_numeric(column)));
        for row in std::iter::once(&self.heading).chain(&self.rows) {
            let cells = row.iter().zip(columns).map(|(cell, (width, numeric))| match numeric {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            });
            writeln!(formatter, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(["registry", "size", "mirrors"]);
        table.row(["jp".into(), "1204".into(), "eu us".into()]);
        table.row(["asean".into(), "7".into(), String::new()]);
        let expected = "\
registry  size  mirrors
jp        1204  eu us
asean        7
";
        assert_eq!(table.to_string(), expected);
    }
}
