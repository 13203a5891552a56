//! What the program says before it does anything: help, and answers to a wrong command line.

use insta::assert_snapshot;

use crate::program::Program;

/// Every command, as `fuel-updates COMMAND -h` lists them.
fn commands(program: &Program, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    let help = program.run(&format!("{path} -h")).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A second line of a description is indented further.
    for name in listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next()) {
        if name != "help" {
            commands(program, format!("{path} {name}").trim_start(), found);
        }
    }
}

#[test]
fn short_help_fits_a_screen_and_long_help_tells_more() {
    let program = Program::new();
    let mut found = Vec::new();
    commands(&program, "", &mut found);
    assert!(found.len() > 15 && found.contains(&"inventory sync".to_owned()), "{found:?}");
    for path in found {
        let short = program.run(&format!("{path} -h")).stdout;
        let lines = short.lines().count();
        assert!(lines <= 24, "`{path} -h` has {lines} lines:\n{short}");
        assert!(short.lines().all(|line| line.chars().count() <= 110), "{short}");
        assert!(!short.contains("[env:"), "{short}");
        let long = program.run(&format!("{path} --help")).stdout;
        let leaf = !short.contains("\nCommands:") || path == "check";
        if leaf && path != "man" {
            assert!(long.contains("\nExamples:\n") && long.contains("\nExit status:\n"), "`{path} --help`:\n{long}");
        }
        assert_eq!(long.contains("  FUEL_UPDATES_ENV "), long.contains("--env <ID>"), "`{path} --help`:\n{long}");
    }
}

#[test]
fn without_a_command_it_says_how_to_begin() {
    let ran = Program::new().run("");
    assert!(ran.stderr.lines().count() <= 20);
    assert_snapshot!(ran.picture(), @"
    exit 2
    --- stderr
    fuel-updates tells which Maintenance Update every node of a Fuel environment
    runs, and installs a newer one.

      fuel-updates --env 1 check installed   what does each node run? (SSH only)
      fuel-updates --env 1 check available   is there a newer update? (SSH, mirror)
      fuel-updates --env 1 install           install it (Nailgun runs the graph)

      fuel-updates --env 1 doctor            is everything there that these need?
      fuel-updates COMMAND -h                the usual options of a command
      fuel-updates COMMAND --help            all options, examples, exit statuses
      fuel-updates -h                        all commands
    ");
}

#[test]
fn short_help_of_the_three_commands() {
    let program = Program::new();
    assert_snapshot!(program.run("check installed -h").stdout, @"
    Report the update installed on each node (SSH only)

    Usage: fuel-updates check installed [OPTIONS]

    Options:
      -e, --env <ID>  Environment ID, as in `fuel2 env list`
      -q, --quiet     Print only data and errors
      -h, --help      Print help (see more with '--help')

    Nodes:
          --nodes <LIST>    Use only these nodes, e.g. 1,3-5,node-[9-12]
          --roles <LIST>    Use only nodes with one of these roles
          --exclude <LIST>  Leave out these nodes

    Output:
          --all              Print a row for each node, even if they do not fit
          --problems         Print only the nodes that need attention
          --watch <SECONDS>  Ask again every so many seconds, until Ctrl-C (on a terminal)
          --summary          Print the answer as one line
      -f, --format <FORMAT>  Print as table, json, yaml, csv, value, prometheus, nagios
      -c, --column <COLUMN>  Print only these columns (table, csv, value)
          --events <FILE>    Write events to this file as JSON lines; `-` is stdout
    ");
    assert_snapshot!(program.run("check available -h").stdout, @"
    Report the nodes for which the mirror has a newer update (SSH and mirror only)

    Usage: fuel-updates check available [OPTIONS]

    Options:
      -e, --env <ID>  Environment ID, as in `fuel2 env list`
      -q, --quiet     Print only data and errors
      -h, --help      Print help (see more with '--help')

    Nodes:
          --nodes <LIST>  Use only these nodes, e.g. 1,3-5,node-[9-12]
          --roles <LIST>  Use only nodes with one of these roles

    Mirror and Nailgun:
          --mirror <URL|PATH>  Mirror: an address, a folder or a file

    Output:
          --all              Print a row for each node, even if they do not fit
          --problems         Print only the nodes that need attention
          --watch <SECONDS>  Ask again every so many seconds, until Ctrl-C (on a terminal)
          --summary          Print the answer as one line
      -f, --format <FORMAT>  Print as table, json, yaml, csv, value, prometheus, nagios
      -c, --column <COLUMN>  Print only these columns (table, csv, value)
          --events <FILE>    Write events to this file as JSON lines; `-` is stdout
    ");
    assert_snapshot!(program.run("install -h").stdout, @"
    Install the mirror's update; Nailgun runs it as a graph

    Usage: fuel-updates install [OPTIONS]

    Options:
          --dry-run          Print the plan and exit; nothing is changed
          --precheck         Run only the pre-checks, which change nothing
      -y, --yes              Start without asking for confirmation
          --detach           Wait for the pre-checks, start the update, and exit
          --attach [<TASK>]  Watch an installation that was started before
          --stop [<TASK>]    Stop an installation
      -e, --env <ID>         Environment ID, as in `fuel2 env list`
      -q, --quiet            Print only data and errors
      -h, --help             Print help (see more with '--help')

    Nodes:
          --nodes <LIST>    Use only these nodes, e.g. 1,3-5,node-[9-12]
          --roles <LIST>    Use only nodes with one of these roles
          --exclude <LIST>  Leave out these nodes

    Output:
      -f, --format <FORMAT>  Print as table, json, yaml, csv, value
          --events <FILE>    Write events to this file as JSON lines; `-` is stdout
    ");
}

#[test]
fn a_misspelt_word_suggests_the_one_that_is_meant() {
    let program = Program::new();
    for (line, meant) in [
        ("chek", "check"),
        ("check instaled", "installed"),
        ("check installed --fanuot 3", "--fanout"),
        ("--fanuot 3 check installed", "--fanout"),
        ("check installed --hostkeys off", "--host-keys"),
        ("inventory snc", "sync"),
    ] {
        let ran = program.run(line);
        assert_eq!(ran.code, Some(2), "{line}");
        assert!(ran.stderr.contains(" similar ") && ran.stderr.contains(&format!("'{meant}'")), "{}", ran.stderr);
    }
    let ran = Program::new().variable("FUEL_UPDATES_FANUOT", "3").run("config show -f value -c setting");
    assert_eq!(
        (ran.code, ran.lines("warning: ")),
        (
            Some(0),
            vec![
                "the variable FUEL_UPDATES_FANUOT has no effect: there is no such setting; did you mean FUEL_UPDATES_FANOUT?"
            ]
        )
    );
}

#[test]
fn a_bad_value_names_where_it_came_from() {
    let first = |ran: crate::program::Ran| ran.stderr.lines().next().unwrap_or_default().to_owned();
    let mut said = Vec::new();
    for (name, value) in [("FANOUT", "many"), ("ENV", "0"), ("HOST_KEYS", "perhaps"), ("CONNECT_TIMEOUT", "0")] {
        let program = Program::new().variable(&format!("FUEL_UPDATES_{name}"), value);
        said.push(first(program.run("check installed")));
    }
    let program = Program::new().variable("FUEL_UPDATES_FANOUT", "3").variable("FUEL_UPDATES_ENV", "1");
    said.push(first(program.run("check installed --fanout many")));
    said.push(first(program.run("-e x check installed")));
    said.push(first(program.run("install --batch 51")));
    assert_snapshot!(said.join("\n"), @"
    error: invalid value 'many' for 'FUEL_UPDATES_FANOUT, the variable of --fanout <N>': not a whole number from 1 to 2000
    error: invalid value '0' for 'FUEL_UPDATES_ENV, the variable of --env <ID>': not the number of an environment (`fuel2 env list` shows them)
    error: invalid value 'perhaps' for 'FUEL_UPDATES_HOST_KEYS, the variable of --host-keys <POLICY>'
    error: invalid value '0' for 'FUEL_UPDATES_CONNECT_TIMEOUT, the variable of --connect-timeout <SECONDS>': not a number of seconds between 0.1 and 3600
    error: invalid value 'many' for '--fanout <N>': not a whole number from 1 to 2000
    error: invalid value 'x' for '--env <ID>': not the number of an environment (`fuel2 env list` shows them)
    error: invalid value '51' for '--batch <N>': not a whole number from 1 to 50
    ");
}

/// `-h` has no option that the command then refuses.
#[test]
fn options_that_do_nothing_are_neither_shown_nor_taken() {
    let program = Program::new();
    for path in ["man", "completions bash", "graph check", "config init"] {
        assert!(!program.run(&format!("{path} --help")).stdout.contains("--env"), "{path}");
        let ran = program.run(&format!("{path} --env 1"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{path}");
        // A variable is not meant for this command alone.
        assert_eq!(Program::new().variable("FUEL_UPDATES_ENV", "1").run(path).code, Some(0), "{path}");
    }
}

#[test]
fn files_to_begin_with_are_commented() {
    let program = Program::new();
    let config = program.run("config init");
    let path = program.file("config.yaml", &config.stdout).display().to_string();
    assert_eq!(program.run(&format!("--config {path} config show")).code, Some(0));
    assert!(config.stdout.lines().all(|line| line.is_empty() || line.starts_with('#')));

    let list = program.run("inventory init");
    let path = program.file("env-1.yaml", &list.stdout).display().to_string();
    let shown = program.run(&format!("-e 1 --inventory {path} inventory show -f value -c name"));
    assert_eq!((shown.code, shown.stdout.lines().count()), (Some(0), 5), "{}", shown.picture());
    assert!(list.stdout.lines().filter(|line| line.contains('#')).count() > 8);
}
