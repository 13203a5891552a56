//! Every command of the guide (`docs/guide.md`), executed in its order against labs. A block of commands begins with a prompt:
//! `[root@master]#` and `[root@online]#` run on the master, `[root@node-2]#` on that node. `(ends with N)` behind a command is
//! its exit status, 0 where nothing is said; `…` stands for output that is left out; every other line must be in the output.
//! Comments `<!-- lab: WORDS -->` say what happens between the blocks.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "support/program.rs"]
mod program;
#[path = "mirror/repository.rs"]
mod repository;

mod guide {
    mod listed;
    mod places;
    mod run;
    mod site;
}
