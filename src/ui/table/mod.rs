//! Rows and columns, in the output formats of fuel2: table, csv, value.

use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, TableStyle};
use serde_json::{Map, Value};

use crate::cli::Format;
use crate::error::AppError;
use crate::exit::Exit;
use crate::settings::OutputSettings;

/// The style of fuel2's tables.
const STYLE: TableStyle = TableStyle::new()
    .top_border(RULE)
    .header_lines(LINE)
    .header_separator(RULE)
    .content_lines(LINE)
    .bottom_border(RULE);
const RULE: LineStyle = LineStyle::new('+', '-', '+', '+');
const LINE: ContentLineStyle = ContentLineStyle::new('|', '|', '|');

/// A table of text cells.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows. Every row must have as many cells as there are columns.
    pub fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: vec![] }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<String>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows as objects, for JSON and YAML.
    pub fn objects(&self) -> Vec<Map<String, Value>> {
        let object = |row: &Vec<String>| {
            self.columns.iter().map(|c| (*c).to_owned()).zip(row.iter().cloned().map(Value::String)).collect()
        };
        self.rows.iter().map(object).collect()
    }

    /// The table as text, with the selected columns in the selected order.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn render(&self, output: &OutputSettings, width: Option<u16>) -> Result<String, AppError> {
        let shown = self.positions(&output.columns)?;
        let shown = if shown.is_empty() { (0..self.columns.len()).collect() } else { shown };
        let sort = self.positions(&output.sort)?;
        let mut rows: Vec<&Vec<String>> = self.rows.iter().collect();
        rows.sort_by(|a, b| {
            sort.iter().map(|&i| natural(&a[i], &b[i])).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        let cells = |row: &[String]| -> Vec<String> { shown.iter().map(|&i| row[i].clone()).collect() };
        let header: Vec<&str> = shown.iter().map(|&i| self.columns[i]).collect();
        Ok(match output.format {
            Format::Csv => {
                let mut text = csv_line(header.iter().copied());
                for row in rows {
                    text.push_str(&csv_line(cells(row).iter().map(String::as_str)));
                }
                text
            }
            Format::Value => rows.iter().map(|row| cells(row).join(" ") + "\n").collect(),
            Format::Table | Format::Json | Format::Yaml | Format::Ansible => {
                let mut table = comfy_table::Table::new();
                table.load_style(STYLE).set_header(header);
                match width {
                    Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
                    None => table.set_content_arrangement(ContentArrangement::Disabled),
                };
                for row in rows {
                    table.add_row(cells(row));
                }
                format!("{table}\n")
            }
        })
    }

    /// Whether the columns to show and to sort by exist.
    ///
    /// # Errors
    /// A column that does not exist.
    pub(super) fn check(&self, output: &OutputSettings) -> Result<(), AppError> {
        self.positions(&output.columns).and_then(|_| self.positions(&output.sort)).map(|_| ())
    }

    fn positions(&self, names: &[String]) -> Result<Vec<usize>, AppError> {
        let position = |name: &String| {
            self.columns.iter().position(|c| c.eq_ignore_ascii_case(name)).ok_or_else(|| {
                AppError::new(Exit::Usage, format!("there is no column `{name}`"))
                    .hinted(Some(format!("columns: {}", self.columns.join(", "))))
            })
        };
        names.iter().map(position).collect()
    }
}

/// Compares numbers by value, everything else as text.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

/// One line of CSV (RFC 4180); cells are quoted where needed.
fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let quote = |cell: &str| {
        if cell.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    cells.map(quote).collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(format: Format, columns: &[&str], sort: &[&str]) -> Result<String, AppError> {
        let mut table = Table::new(&["id", "name"]);
        table.push(vec!["10".into(), "a,b".into()]);
        table.push(vec!["9".into(), "c".into()]);
        let list = |l: &[&str]| l.iter().map(|s| (*s).to_owned()).collect();
        table.render(&OutputSettings { format, columns: list(columns), sort: list(sort) }, None)
    }

    #[test]
    fn forms() {
        assert_eq!(render(Format::Csv, &[], &[]).unwrap(), "id,name\n10,\"a,b\"\n9,c\n");
        assert_eq!(render(Format::Value, &["NAME"], &["id"]).unwrap(), "c\na,b\n");
        insta::assert_snapshot!(render(Format::Table, &[], &["id"]).unwrap(), @"
        +----+------+
        | id | name |
        +----+------+
        | 9  | c    |
        | 10 | a,b  |
        +----+------+
        ");
    }

    #[test]
    fn an_unknown_column_lists_what_there_is() {
        let error = render(Format::Table, &["mac"], &[]).unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.hint.as_deref()),
            ("there is no column `mac`", Some("columns: id, name"))
        );
    }
}
