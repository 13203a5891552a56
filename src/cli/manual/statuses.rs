//! Exit statuses of the commands, in the words of their help. Each is one line of a hundred columns.

use super::topics::Entry;

/// Of a command that has nothing of its own to say.
pub(super) const USUAL: &[Entry] = &[
    ("0", "done"),
    ("1", "not done; the message says why"),
    ("2", "wrong options"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];

/// Of `check installed`.
pub(super) const CHECK_INSTALLED: &[Entry] = &[
    ("0", "all nodes answered the same"),
    ("1", "no node list, or no node answered"),
    ("2", "wrong options"),
    ("3", "some nodes could not be asked or did not answer properly"),
    ("4", "all nodes answered and they differ, or a node is updating or incomplete"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];

/// Of `check drift`.
pub(super) const CHECK_DRIFT: &[Entry] = &[
    ("0", "nodes agree"),
    ("1", "no node list, or no node could be compared"),
    ("2", "wrong options"),
    ("3", "a node, or a part of what is compared, could not be compared"),
    ("4", "nodes differ from each other, or from the snapshot"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];

/// Of `check`.
pub(super) const CHECK: &[Entry] = &[
    ("0", "all nodes run the mirror's update"),
    ("1", "no node list, or no node answered; without a mirror it warns, and ends like `check installed`"),
    ("2", "wrong options"),
    ("3", "some nodes could not be asked, or have no verdict, for example while they are updated"),
    ("4", "all nodes have a verdict and they differ, or a node is ahead of the mirror"),
    ("5", "at least one node can be updated, whatever else holds"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];

/// Of `check available`.
pub(super) const CHECK_AVAILABLE: &[Entry] = &[
    ("0", "all nodes run the mirror's update"),
    ("1", "no node list, no node answered, or the mirror did not answer"),
    ("2", "wrong options"),
    ("3", "some nodes could not be asked, or have no verdict, for example while they are updated"),
    ("4", "all nodes have a verdict and they differ, or a node is ahead of the mirror"),
    ("5", "at least one node can be updated, whatever else holds"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];

/// Of `install`.
pub(super) const INSTALL: &[Entry] = &[
    ("0", "verified on every targeted node, or nothing to do; --dry-run, --detach and --stop: done"),
    ("1", "refused, or declined before the start; nothing that changes anything was sent"),
    ("2", "wrong options, or neither --yes nor a terminal"),
    ("3", "verified or nothing to do, but nodes were left out; pre-checks alone: a node did not pass"),
    ("6", "started, and not verified; if the pre-checks failed, nothing was changed"),
    ("7", "another task runs in this environment, or another install of it on this host"),
    ("130", "interrupted; the message says whether the installation goes on, and how to come back"),
];

/// Of `mirror verify`.
pub(super) const MIRROR_VERIFY: &[Entry] = &[
    ("0", "every release is complete and as new as its announcement"),
    ("1", "the mirror did not answer, or announces nothing"),
    ("2", "wrong options"),
    ("3", "an announcement is not valid, packages are missing or damaged, or nodes fetch from elsewhere"),
    ("4", "an announcement looks wrong or is newer than its packages, or nodes find nothing newer"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];

/// Of `mirror fetch`.
pub(super) const MIRROR_FETCH: &[Entry] = &[
    ("0", "copied"),
    ("1", "the mirror did not answer, or announces nothing"),
    ("2", "wrong options"),
    ("3", "a release could not be copied; what was copied stays, and running it again goes on"),
    ("4", "the folder has a newer announcement, which was left alone"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP; running it again goes on"),
];

/// Of `doctor`.
pub(super) const DOCTOR: &[Entry] = &[
    ("0", "everything is in order"),
    ("1", "something that every check needs is not in order"),
    ("2", "wrong options"),
    ("3", "checks of nodes work; something else is not in order, or there is a warning"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];

/// Of `graph check`.
pub(super) const GRAPH_CHECK: &[Entry] = &[
    ("0", "no mistakes"),
    ("1", "mistakes, each of which is printed, or a graph that cannot be read"),
    ("2", "wrong options"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];

/// The statuses of the whole program.
pub(super) const ALL: &[Entry] = &[
    ("0", "nothing needs attention"),
    ("1", "no answer, or refused"),
    ("2", "wrong options"),
    ("3", "some nodes could not be asked or did not answer properly"),
    ("4", "nodes differ"),
    ("5", "an update is available"),
    ("6", "an installation was started and is not verified"),
    ("7", "busy: another task runs in the environment"),
    ("130", "interrupted by Ctrl-C, SIGTERM or SIGHUP"),
];
