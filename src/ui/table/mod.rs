//! Rows and columns, in the output formats of fuel2: table, csv, value.

mod fit;
mod paint;

use std::cmp::Ordering;

use comfy_table::{ColumnConstraint, ContentArrangement, ContentLineStyle, LineStyle, TableStyle, Width};

use fit::{FitColumn, fit};
pub(super) use paint::Tone;

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
    /// Columns that a narrow terminal does without, the first to go first.
    gives_way: &'static [&'static str],
    /// Columns whose text may take several lines.
    flowing: &'static [&'static str],
    /// Columns with colours, and what each of their words means.
    tones: Vec<(&'static str, ToneOf)>,
    rows: Vec<Vec<String>>,
}

/// What a word of a column means.
type ToneOf = fn(&str) -> Tone;

/// A table as text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedTable {
    /// The table.
    pub text: String,
    /// Columns that hold something and had no room.
    pub left_out: Vec<&'static str>,
}

impl Table {
    /// A table without rows. Every row must have as many cells as there are columns.
    pub fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), gives_way: &[], flowing: &[], tones: vec![], rows: vec![] }
    }

    /// The columns that a narrow terminal does without, the first to go first.
    pub fn gives_way(mut self, columns: &'static [&'static str]) -> Self {
        self.gives_way = columns;
        self
    }

    /// The columns whose text may take several lines.
    pub fn flowing(mut self, columns: &'static [&'static str]) -> Self {
        self.flowing = columns;
        self
    }

    /// Colours the words of a column where colour is on.
    pub fn toned(mut self, column: &'static str, tone: ToneOf) -> Self {
        self.tones.push((column, tone));
        self
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

    /// The selected columns in the selected order as lines for programs: csv, or value where the format is another.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn plain(&self, output: &OutputSettings) -> Result<String, AppError> {
        let (shown, rows) = self.selected(output)?;
        let cells = |row: &[String]| -> Vec<String> { shown.iter().map(|&i| row[i].clone()).collect() };
        if output.format != Format::Csv {
            return Ok(rows.iter().map(|row| cells(row).join(" ") + "\n").collect());
        }
        let mut text = csv_line(shown.iter().map(|&i| self.columns[i]));
        for row in rows {
            text.push_str(&csv_line(cells(row).iter().map(String::as_str)));
        }
        Ok(text)
    }

    /// The table for people. `width` is the terminal's, in cells; without one nothing is left out or wrapped.
    ///
    /// # Errors
    /// A column that does not exist.
    pub fn render(
        &self,
        output: &OutputSettings,
        width: Option<u16>,
        coloured: bool,
    ) -> Result<RenderedTable, AppError> {
        let (mut shown, rows) = self.selected(output)?;
        let mut table = comfy_table::Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
        let mut left_out = Vec::new();
        let mut widths = Vec::new();
        if let Some(width) = width {
            let fitted = fit(&self.measured(&shown, &rows, output.columns.is_empty()), usize::from(width));
            left_out = fitted.left_out.iter().map(|&k| self.columns[shown[k]]).collect();
            (shown, widths) = fitted.shown.iter().map(|&(k, width)| (shown[k], width)).unzip();
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        table.set_header(shown.iter().map(|&i| self.columns[i]));
        for row in rows {
            table.add_row(shown.iter().map(|&i| row[i].as_str()));
        }
        for (column, width) in table.column_iter_mut().zip(widths) {
            let padded = u16::try_from(width + 2).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(padded)));
        }
        let mut text = format!("{table}\n");
        if coloured {
            for (name, tone) in &self.tones {
                if let Some(position) = shown.iter().position(|&i| self.columns[i] == *name) {
                    text = paint::paint(&text, position, *tone);
                }
            }
        }
        Ok(RenderedTable { text, left_out })
    }

    /// How many lines the table has on a terminal without wrapping.
    pub fn height(&self) -> usize {
        self.rows.len() + 4
    }

    /// Columns that were asked for stay; others may give way.
    fn measured(&self, shown: &[usize], rows: &[&Vec<String>], may_leave: bool) -> Vec<FitColumn> {
        let column = |&i: &usize| {
            let name = self.columns[i];
            let mut column = FitColumn::measure(name, rows.iter().map(|row| row[i].as_str()));
            column.flowing = self.flowing.contains(&name);
            column.gives_way = self.gives_way.iter().position(|other| *other == name).filter(|_| may_leave);
            column
        };
        shown.iter().map(column).collect()
    }

    /// The positions of the selected columns, and the sorted rows.
    fn selected(&self, output: &OutputSettings) -> Result<(Vec<usize>, Vec<&Vec<String>>), AppError> {
        let shown = self.positions(&output.columns)?;
        let shown = if shown.is_empty() { (0..self.columns.len()).collect() } else { shown };
        let sort = self.positions(&output.sort)?;
        let mut rows: Vec<&Vec<String>> = self.rows.iter().collect();
        rows.sort_by(|a, b| sort.iter().map(|&i| natural(&a[i], &b[i])).find(|o| o.is_ne()).unwrap_or(Ordering::Equal));
        Ok((shown, rows))
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

/// Compares text with the numbers in it by value: node-2 comes before node-10.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (parts(a), parts(b));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => match a.cmp(&b) {
                Ordering::Equal => {}
                different => return different,
            },
        }
    }
}

/// The digits of a number without leading zeros by their count and value, or a piece of other text.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Number(usize, &'a str),
    Text(&'a str),
}

fn parts(mut text: &str) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let digit = text.chars().next()?.is_ascii_digit();
        let end = text.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(text.len());
        let (part, rest) = text.split_at(end);
        text = rest;
        let number = part.trim_start_matches('0');
        Some(if digit { Part::Number(number.len(), number) } else { Part::Text(part) })
    })
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
#[path = "tests.rs"]
mod tests;
