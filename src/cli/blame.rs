//! Names the variable that a bad value came from: clap's error names the option even if it was not given.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

/// The same error; one about the value of a variable names the variable.
pub(super) fn name_the_variable(mut error: clap::Error, command: &Command, arguments: &[OsString]) -> clap::Error {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        return error;
    }
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return error };
    let Some(long) = shown.split(' ').next().and_then(|word| word.strip_prefix("--")) else { return error };
    let Some(arg) = find(command, long) else { return error };
    if given(arg, long, arguments) {
        return error;
    }
    if let Some(name) = arg.get_env().filter(|name| std::env::var_os(name).is_some()) {
        let text = format!("{}, the variable of {shown}", name.to_string_lossy());
        error.insert(ContextKind::InvalidArg, ContextValue::String(text));
    }
    error
}

fn find<'a>(command: &'a Command, long: &str) -> Option<&'a Arg> {
    let own = command.get_arguments().find(|arg| arg.get_long() == Some(long) && arg.get_env().is_some());
    own.or_else(|| command.get_subcommands().find_map(|sub| find(sub, long)))
}

/// Whether the option stands on the command line.
fn given(arg: &Arg, long: &str, arguments: &[OsString]) -> bool {
    arguments.iter().map(|word| word.to_string_lossy()).any(|word| match word.strip_prefix("--") {
        Some(name) => name.split('=').next() == Some(long),
        None => word.starts_with('-') && arg.get_short().is_some_and(|short| word.contains(short)),
    })
}
