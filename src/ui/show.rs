//! What a command found, in every form that an operator can ask for.

use serde::Serialize;

use super::table::Table;

/// Something that a command found and prints to stdout. [`super::Ui::show`] picks the form.
pub trait Show {
    /// The document for JSON and YAML.
    fn document(&self) -> impl Serialize;

    /// The rows for table, csv and value.
    fn table(&self) -> Table;

    /// Whether people read the table. Where they do not, it is for programs, and for those who ask for columns.
    fn table_is_read(&self) -> bool {
        true
    }

    /// A shorter table, printed where the rows do not fit on the screen.
    fn folded(&self) -> Option<Table> {
        None
    }

    /// The answer in one sentence, printed before the table.
    fn answer(&self) -> Option<String> {
        None
    }

    /// What follows the table and would repeat its folded form.
    fn groups(&self) -> Vec<String> {
        vec![]
    }

    /// Metrics for Prometheus; only checks have them.
    fn prometheus(&self) -> String {
        String::new()
    }

    /// The line of a Nagios plugin; only checks have it.
    fn nagios(&self) -> String {
        String::new()
    }

    /// What follows the table where people read.
    fn lines(&self) -> Vec<String> {
        vec![]
    }
}
