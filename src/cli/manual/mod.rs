//! The manual: a page per command, made from the command line's own definition and from [`topics`]. What the pages say of
//! exit statuses and examples is also what `--help` says.

mod page;
mod statuses;
mod topics;

use std::io;

use super::command;
pub(crate) use page::ManualPage;
use topics::Topics;

/// The pages of the program and of all its commands.
///
/// # Errors
/// None in practice: they are written to memory.
pub(crate) fn manual_pages() -> io::Result<Vec<ManualPage>> {
    page::pages(&command())
}

/// Exit statuses and examples of a command, as its help prints them.
pub(super) fn topics_text(path: &str) -> String {
    Topics::of(path).help()
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::super::parse;
    use super::*;

    fn leaves(command: &Command, path: &str, found: &mut Vec<String>) {
        for sub in command.get_subcommands() {
            let path = format!("{path} {}", sub.get_name()).trim_start().to_owned();
            leaves(sub, &path, found);
            if !sub.has_subcommands() {
                found.push(path);
            }
        }
    }

    #[test]
    fn every_example_is_a_command_line_of_its_command() {
        let mut commands = Vec::new();
        leaves(&command(), "", &mut commands);
        for path in &commands {
            for (line, what) in Topics::of(path).examples {
                let words = shlex::split(line).expect(line);
                let own = words.iter().position(|word| word == "fuel-updates").expect(line);
                // What a shell takes for itself stands behind.
                let shells = |word: &&String| !matches!(word.as_str(), "|" | ">" | "&&" | "||" | ";");
                let ours: Vec<_> = words[own..].iter().take_while(shells).cloned().map(Into::into).collect();
                assert!(parse(ours.clone()).is_ok(), "{path}: {line}");
                let joined = ours.iter().map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ");
                assert!(path.split(' ').all(|word| joined.contains(word)), "{path}: {line}");
                assert!(!what.is_empty() && what.ends_with('.'), "{path}: {what}");
            }
        }
    }

    #[test]
    fn every_page_has_what_an_operator_looks_for() {
        let pages = manual_pages().expect("pages");
        let text = |name: &str| {
            let page = pages.iter().find(|page| page.name == name).expect(name);
            String::from_utf8(page.roff.clone()).expect("UTF-8")
        };
        let check = text("fuel-updates-check-installed.1");
        for wanted in [
            ".SH NAME\nfuel\\-updates\\-check\\-installed \\- Report",
            ".SH SYNOPSIS\n\\fBfuel\\-updates check installed\\fR",
            ".SH \"EXIT STATUS\"",
            ".SH ENVIRONMENT",
            "FUEL_UPDATES_SSH_KEY",
            "SSH_AUTH_SOCK",
            ".SH FILES",
            "/etc/fuel\\-updates/config.yaml",
            "known_hosts",
            ".SH EXAMPLES",
            ".SH \"SEE ALSO\"",
        ] {
            assert!(check.contains(wanted), "{wanted}\n{check}");
        }
        // Only what does something for the command.
        assert!(!check.contains("OS_PASSWORD") && !check.contains("FUEL_UPDATES_MIRROR"), "{check}");
        let install = text("fuel-updates-install.1");
        for wanted in ["OS_PASSWORD", "FUEL_UPDATES_MIRROR", "http_proxy", "\\fB6\\fR", "locks"] {
            assert!(install.contains(wanted), "{wanted}\n{install}");
        }
        assert!(text("fuel-updates.1").contains("fuel\\-updates\\-check\\-available(1)"));
        let mut commands = Vec::new();
        leaves(&command(), "", &mut commands);
        for path in &commands {
            let page = text(&format!("fuel-updates-{}.1", path.replace(' ', "-")));
            assert!(page.contains(".SH \"EXIT STATUS\"") && page.contains(".SH EXAMPLES"), "{path}: {page}");
        }
    }

    #[test]
    fn the_help_has_the_same_examples_and_statuses() {
        let said = parse(["fuel-updates", "check", "installed", "--help"].map(Into::into)).unwrap_err().to_string();
        for (line, _) in Topics::of("check installed").examples {
            assert!(said.contains(line), "{said}");
        }
        assert!(said.contains("Exit status:") && said.contains("  4    "), "{said}");
    }
}
