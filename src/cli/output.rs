//! Options that say how results are printed.

use clap::{Args, ValueEnum};

// No doc comment: see `nodes`.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputOptions {
    /// Print the result in this format.
    #[arg(long = "format", short = 'f', value_name = "FORMAT", default_value = "table")]
    pub(crate) format: Format,

    /// Print only these columns (table, csv, value).
    ///
    /// Their names are the table's headings. The message about a wrong name lists all of them.
    #[arg(long = "column", short = 'c', value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,

    /// Sort rows by these columns (table, csv, value).
    #[arg(long = "sort-columns", short = 's', value_name = "COLUMN", value_delimiter = ',')]
    pub(crate) sort: Vec<String>,
}

/// The formats of `fuel2`, and Ansible's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Table for reading.
    #[default]
    Table,
    /// One JSON document, schema fuel-updates/1.
    Json,
    /// The same document as YAML.
    Yaml,
    /// Rows of the table, with a header, as CSV.
    Csv,
    /// Rows of the table, separated by spaces.
    Value,
    /// Ansible's dynamic inventory; only `inventory show` has it.
    #[value(hide = true)]
    Ansible,
    /// Metrics for Prometheus' textfile collector; only checks have it.
    #[value(hide = true)]
    Prometheus,
    /// One line and status of a Nagios plugin; only checks have it.
    #[value(hide = true)]
    Nagios,
}

impl Format {
    /// Whether every command that prints data has it.
    pub(crate) fn everywhere(self) -> bool {
        !matches!(self, Self::Ansible | Self::Prometheus | Self::Nagios)
    }

    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
