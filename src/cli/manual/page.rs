//! A page in roff, section by section.

use std::io;

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::topics::{Entry, Topics, files, variables};

/// A page of the manual.
#[derive(Debug)]
pub(crate) struct ManualPage {
    /// The command's words, the program's name left out.
    pub(crate) path: String,
    /// The file's name.
    pub(crate) name: String,
    /// The page.
    pub(crate) roff: Vec<u8>,
}

/// The pages of a command and of all commands below it.
///
/// # Errors
/// None in practice: they are written to memory.
pub(super) fn pages(program: &Command) -> io::Result<Vec<ManualPage>> {
    fn add(command: &Command, path: &str, names: &[String], found: &mut Vec<ManualPage>) -> io::Result<()> {
        found.push(page(command, path, names)?);
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            add(sub, format!("{path} {}", sub.get_name()).trim_start(), names, found)?;
        }
        Ok(())
    }
    let mut program = program.clone().disable_help_subcommand(true);
    program.build();
    let mut names = Vec::new();
    collect(&program, &mut names);
    let mut found = Vec::new();
    add(&program, "", &names, &mut found)?;
    Ok(found)
}

fn collect(command: &Command, names: &mut Vec<String>) {
    names.push(title(command));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        collect(sub, names);
    }
}

fn title(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command, path: &str, names: &[String]) -> io::Result<ManualPage> {
    let title = title(command);
    let topics = Topics::of(path);
    let man = Man::new(command.clone())
        .source(concat!("fuel-updates ", env!("CARGO_PKG_VERSION")))
        .date(env!("FUEL_UPDATES_DAY"))
        .manual("Fuel Maintenance Updates");
    let mut roff = Vec::new();
    man.render_title(&mut roff)?;
    man.render_name_section(&mut roff)?;
    man.render_synopsis_section(&mut roff)?;
    man.render_description_section(&mut roff)?;
    man.render_options_section(&mut roff)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut roff)?;
    }
    let mut more = Roff::new();
    if !command.has_subcommands() || path.is_empty() {
        section(&mut more, "EXIT STATUS", topics.statuses.iter().copied());
        let from_options: Vec<(String, String)> =
            command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(from_option).collect();
        let from_options = from_options.iter().map(|(name, what)| (name.as_str(), what.as_str()));
        section(&mut more, "ENVIRONMENT", from_options.chain(variables(command)));
        section(&mut more, "FILES", files(command));
        examples(&mut more, topics.examples);
    }
    more.control("SH", ["SEE ALSO"]);
    let related = names.iter().filter(|name| **name != title && (path.is_empty() || related(name, &title)));
    let related: Vec<String> = related.map(|name| format!("{name}(1)")).collect();
    more.text([roman(related.join(", "))]);
    more.to_writer(&mut roff)?;
    Ok(ManualPage { path: path.to_owned(), name: format!("{title}.1"), roff })
}

/// The program itself, and the commands beside this one.
fn related(name: &str, title: &str) -> bool {
    let group = |name: &str| name.split('-').take(3).collect::<Vec<_>>().join("-");
    name == "fuel-updates" || group(name) == group(title)
}

/// The variable of an option.
fn from_option(arg: &Arg) -> Option<(String, String)> {
    let (name, long) = (arg.get_env()?.to_string_lossy().into_owned(), arg.get_long()?);
    Some((name, format!("In place of --{long}.")))
}

fn section<'a>(roff: &mut Roff, heading: &str, entries: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let mut entries = entries.into_iter().peekable();
    if entries.peek().is_some() {
        roff.control("SH", [heading]);
    }
    for (name, what) in entries {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(what)]);
    }
}

fn examples(roff: &mut Roff, examples: &[Entry]) {
    if !examples.is_empty() {
        roff.control("SH", ["EXAMPLES"]);
    }
    for (line, what) in examples {
        roff.control("PP", []);
        roff.text([roman(*what)]);
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        roff.text([bold(*line)]);
        roff.control("fi", []);
        roff.control("RE", []);
    }
}
