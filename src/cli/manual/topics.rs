//! What a page says beyond the options: exit statuses, variables, files, examples.

use clap::Command;

use super::statuses::{
    ALL, CHECK, CHECK_AVAILABLE, CHECK_DRIFT, CHECK_INSTALLED, DOCTOR, GRAPH_CHECK, INSTALL, MIRROR_FETCH,
    MIRROR_VERIFY, USUAL,
};

/// A name or number, and what it means.
pub(super) type Entry = (&'static str, &'static str);

/// The topics of a command. The words of a command line are those that an operator types.
#[derive(Clone, Copy, Debug)]
pub(super) struct Topics {
    /// Exit statuses.
    pub(super) statuses: &'static [Entry],
    /// Command lines, and what each does.
    pub(super) examples: &'static [Entry],
}

/// Command, statuses, examples.
const TOPICS: &[(&str, &[Entry], &[Entry])] = &[
    ("", ALL, &[]),
    (
        "check",
        CHECK,
        &[
            ("fuel-updates --env 1 check", "Ask all nodes and the mirror; without a mirror, the nodes alone."),
            ("fuel-updates --env 1 -q check --summary", "Print one line."),
            ("fuel-updates --env 1 -q check -f prometheus", "Print metrics for node_exporter's textfile collector."),
        ],
    ),
    (
        "check drift",
        CHECK_DRIFT,
        &[
            ("fuel-updates --env 1 check drift", "Compare the nodes of each role."),
            ("fuel-updates --env 1 check drift --html drift.html", "Write a page of it."),
        ],
    ),
    (
        "check installed",
        CHECK_INSTALLED,
        &[
            ("fuel-updates --env 1 check installed", "Ask all nodes of environment 1."),
            (
                "fuel-updates --env 1 check installed --roles controller -c name -c MU",
                "Ask the controllers; print two columns.",
            ),
            ("fuel-updates -q --env 1 check installed -f json | jq .summary.states", "Count the nodes by state."),
        ],
    ),
    (
        "check available",
        CHECK_AVAILABLE,
        &[
            ("fuel-updates --env 1 check available", "Compare all nodes with the public mirror."),
            (
                "fuel-updates --env 1 check available --mirror http://10.20.0.2:8080",
                "Compare them with a local mirror.",
            ),
            (
                "fuel-updates --env 1 check available --mirror /srv/mu-version.json --mos-version 9.0",
                "Compare them with a file.",
            ),
        ],
    ),
    (
        "install",
        INSTALL,
        &[
            ("fuel-updates --env 1 install --dry-run", "Print the plan; change nothing."),
            ("fuel-updates --env 1 install --precheck", "Run the pre-checks on every node; change nothing."),
            ("fuel-updates --env 1 install --save-plan mu.json", "Save what would be done, for somebody to approve."),
            ("fuel-updates --env 1 install --plan mu.json", "Do exactly what was approved."),
            (
                "fuel-updates --env 1 install --step --not-after 05:00",
                "Ask before each phase; start no node after 05:00 UTC.",
            ),
            ("fuel-updates --env 1 install", "Show the plan, ask, install, and verify."),
            (
                "fuel-updates --env 1 install --yes --exclude node-7 --events /var/log/mu.ndjson",
                "Install on all nodes but one without a question, and write what happens as JSON lines.",
            ),
            (
                "fuel-updates --env 1 install --yes --wait 2h --on-end 'logger \"$FUEL_UPDATES_MESSAGE\"'",
                "Wait for other tasks, install, and write the result to the system's log.",
            ),
            ("fuel-updates --env 1 install --attach", "Come back to the newest installation."),
        ],
    ),
    (
        "doctor",
        DOCTOR,
        &[
            ("fuel-updates --env 1 doctor", "Look at everything, with one login to the first node."),
            ("fuel-updates --env 1 doctor --nodes node-7", "Log in to another node."),
        ],
    ),
    (
        "history",
        USUAL,
        &[
            ("fuel-updates --env 1 history", "List all installations."),
            ("fuel-updates --env 1 history 42", "List every task of one."),
            ("fuel-updates --env 1 history --timeline mu.html", "Write a page of the newest one."),
        ],
    ),
    (
        "inventory show",
        USUAL,
        &[
            ("fuel-updates --env 1 inventory show", "Print the nodes that a check would ask."),
            ("fuel-updates --env 1 inventory show -f ansible", "Print them for Ansible."),
        ],
    ),
    (
        "inventory init",
        USUAL,
        &[(
            "fuel-updates inventory init > /etc/fuel-updates/inventory/env-1.yaml",
            "Begin a node list by hand, where Nailgun cannot be asked.",
        )],
    ),
    ("inventory sync", USUAL, &[("fuel-updates --env 1 inventory sync", "Take the nodes from Nailgun.")]),
    (
        "inventory import",
        USUAL,
        &[
            ("fuel2 node list -f json | fuel-updates --env 1 inventory import -", "Take them from the Fuel client."),
            ("fuel-updates --env 1 inventory import --from 10.20.0.5", "Take them from a node's astute.yaml."),
        ],
    ),
    (
        "inventory forget-host-key",
        USUAL,
        &[("fuel-updates --env 1 inventory forget-host-key node-5", "Accept a new host key of a reinstalled node.")],
    ),
    (
        "graph show",
        USUAL,
        &[
            ("fuel-updates graph show", "List the tasks of the built-in graph."),
            ("fuel-updates --env 1 graph show --compiled > tasks.yaml", "Write one file for `fuel2 graph upload`."),
        ],
    ),
    ("graph check", GRAPH_CHECK, &[("fuel-updates graph check ./my-graph", "Check an operator's own graph.")]),
    (
        "mirror publish",
        USUAL,
        &[
            (
                "fuel-updates mirror publish /srv/mirror --mos 9.0 --id 3 --title 9.0-mu-3 --dry-run",
                "Check the packages; write nothing.",
            ),
            (
                "fuel-updates mirror publish /srv/mirror --mos 9.0 --id 3 --title 9.0-mu-3",
                "Announce the update when its packages are complete.",
            ),
        ],
    ),
    (
        "mirror verify",
        MIRROR_VERIFY,
        &[
            ("fuel-updates mirror verify /var/www/nailgun", "Check every release and read every package."),
            (
                "fuel-updates --env 1 mirror verify http://10.20.0.2:8080 --mos-version 9.0",
                "Check one release against what the nodes of an environment need.",
            ),
        ],
    ),
    (
        "mirror fetch",
        MIRROR_FETCH,
        &[(
            "fuel-updates mirror fetch http://mirror.fuel-infra.org --mos-version 9.0 --packages --to /srv/carry",
            "Copy announcement and packages of one release.",
        )],
    ),
    ("config show", USUAL, &[("fuel-updates config show", "Print each setting and where it comes from.")]),
    (
        "config init",
        USUAL,
        &[("fuel-updates config init > /etc/fuel-updates/config.yaml", "Begin a configuration file.")],
    ),
    (
        "schema",
        USUAL,
        &[
            ("fuel-updates schema", "List the schemas."),
            ("fuel-updates schema check-installed", "Print the schema of the JSON of `check installed`."),
        ],
    ),
    (
        "completions",
        USUAL,
        &[(
            "fuel-updates completions bash > /etc/bash_completion.d/fuel-updates",
            "Complete commands and options in bash.",
        )],
    ),
    (
        "man",
        USUAL,
        &[
            ("fuel-updates man check installed | man -l -", "Read the page of a command."),
            ("fuel-updates man --dir /usr/local/share/man/man1", "Install all pages."),
        ],
    ),
];

impl Topics {
    /// The topics of a command, named as it is typed.
    pub(super) fn of(path: &str) -> Self {
        let found = TOPICS.iter().find(|(command, ..)| *command == path);
        let (statuses, examples) = found.map_or((USUAL, &[][..]), |(_, statuses, examples)| (statuses, examples));
        Self { statuses, examples }
    }

    /// Statuses and examples as text behind the options.
    pub(super) fn help(&self) -> String {
        if self.examples.is_empty() {
            // The program as a whole has a text of its own, and a group of commands has no status.
            return String::new();
        }
        let mut text = String::from("Exit status:\n");
        for (status, meaning) in self.statuses {
            text.push_str(&format!("  {status:<4} {meaning}\n"));
        }
        text.push_str("\nExamples:\n");
        for (line, what) in self.examples {
            text.push_str(&format!("  {line}\n      {what}\n"));
        }
        text
    }
}

/// Whether a command has this option.
fn has(command: &Command, id: &str) -> bool {
    command.get_arguments().any(|arg| arg.get_id() == id)
}

/// The variables that a command reads in addition to those of its options.
pub(super) fn variables(command: &Command) -> Vec<Entry> {
    let mut found = Vec::new();
    if has(command, "ssh_user") {
        found.push(("SSH_AUTH_SOCK", "The socket of the SSH agent, whose keys are tried first."));
    }
    if has(command, "mirror") {
        found.push(("http_proxy, https_proxy, all_proxy, no_proxy", "Proxies for the mirror; never for Nailgun."));
    }
    if has(command, "insecure_tls") {
        found.extend([
            ("FUEL_UPDATES_NAILGUN_URL", "Nailgun's address, as in http://10.20.0.2:8000."),
            ("OS_USERNAME, OS_PASSWORD, OS_TENANT_NAME", "Nailgun's credentials, as for the Fuel client."),
            ("SERVER_ADDRESS, SERVER_PORT, FUELCLIENT_CUSTOM_SETTINGS", "As for the Fuel client."),
        ]);
    }
    if has(command, "ssh_user") || has(command, "insecure_tls") {
        let what = "The program's own folder, in place of /var/lib/fuel-updates or $XDG_STATE_HOME/fuel-updates.";
        found.push(("FUEL_UPDATES_STATE_DIR", what));
    }
    found.push(("NO_COLOR, TERM=dumb", "No colours; with TERM=dumb no progress bars either."));
    if has(command, "progress") {
        found.push(("LC_ALL, LC_CTYPE, LANG", "Progress bars are ASCII unless the locale has UTF-8."));
    }
    found
}

/// The files that a command reads or writes.
pub(super) fn files(command: &Command) -> Vec<Entry> {
    let mut found = Vec::new();
    if has(command, "inventory") {
        found.extend([
            ("/etc/fuel-updates/config.yaml", "The configuration."),
            ("/etc/fuel-updates/inventory/env-ID.yaml, env-ID.json", "The node list of an environment."),
            (
                "/etc/fuel/cluster/ID/astute.yaml",
                "The node list on a Fuel master of 9.1 or newer, without a file of ours.",
            ),
            ("/var/lib/fuel/configs/ID/cluster.yaml", "The same on a master of 10.0."),
        ]);
    }
    if has(command, "insecure_tls") {
        found.push(("/etc/fuel/client/config.yaml, ~/.config/fuel/fuel_client.yaml", "The Fuel client's settings."));
        found.push(("/etc/fuel/astute.yaml", "Nailgun's address and credentials on a master."));
    }
    if has(command, "ssh_user") {
        found.push(("~/.ssh/id_rsa, ~/.ssh/id_ed25519, ~/.ssh/id_ecdsa", "The usual keys."));
        found.push(("/var/lib/fuel-updates/known_hosts", "Recorded host keys."));
    }
    if has(command, "detach") {
        found.extend([
            ("/var/lib/fuel-updates/runs/", "A record of each run."),
            ("/var/lib/fuel-updates/log/RUN.log", "Every event of a run with its time."),
            ("/var/lib/fuel-updates/locks/", "Keeps two installations of one environment on this host apart."),
            ("/etc/fuel/mu-version.json", "On each node: the update that it has. Written when all nodes are verified."),
            ("/var/lib/fuel-mu/", "On each node: state, logs and backups of installations."),
        ]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_one_line_of_a_hundred_columns() {
        for (command, statuses, _) in TOPICS {
            for (status, meaning) in *statuses {
                assert!(meaning.len() <= 93, "{command}: {status} {meaning}");
            }
        }
    }
}
