//! Running the command and reading what it prints.

use russh::ChannelMsg;

use super::cause;
use super::deadline::Deadline;
use super::session::Session;
use crate::domain::failure::NodeFailure;
use crate::domain::text::{last_lines, one_line};

/// What is kept of the standard error.
const ERROR_TAIL: usize = 1024;
/// The stream number of the standard error (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// What the command left behind.
#[derive(Default)]
pub(super) struct Output {
    /// What it printed.
    pub(super) stdout: Vec<u8>,
    /// Its exit status, if one was told.
    pub(super) exit: Option<u32>,
    /// The last line of its standard error.
    pub(super) complaint: Option<String>,
    stderr: Vec<u8>,
    stderr_bytes: usize,
    signal: Option<String>,
}

/// Runs `command` and reads until the server closes the channel: data may follow the exit status.
pub(super) async fn exec(
    session: &Session,
    command: &str,
    limit: usize,
    deadline: Deadline,
) -> Result<Output, NodeFailure> {
    let mut output = Output::default();
    match deadline.run(read(session, command, limit, &mut output)).await {
        Ok(result) => result?,
        Err(late) => return Err(cause::answer_late(late, output.stdout.len(), output.exit)),
    }
    output.complaint = last_lines(&output.stderr, 1, 120).pop();
    match (&output.signal, output.exit) {
        (Some(signal), _) => Err(cause::killed(signal)),
        (None, None) if output.stdout.is_empty() => Err(cause::no_answer_at_all()),
        // What a POSIX shell exits with when it cannot run a command.
        (None, Some(exit @ (126 | 127))) => Err(cause::shell_failed(exit, output.complaint.as_deref())),
        _ => Ok(output),
    }
}

async fn read(session: &Session, command: &str, limit: usize, output: &mut Output) -> Result<(), NodeFailure> {
    let lost = || cause::lost("reading the answer", &session.notes, &session.link);
    let channel = session.handle.channel_open_session().await;
    let mut channel = channel.map_err(|error| cause::no_session(&error, &session.notes, &session.link))?;
    // A reply is asked for so that a refusal is told; the answer's data does not wait for it.
    channel.exec(true, command).await.map_err(|_| lost())?;
    session.link.be_patient();
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Data { data }) => {
                if output.stdout.len() + data.len() > limit {
                    return Err(cause::too_much(limit));
                }
                output.stdout.extend_from_slice(&data);
            }
            Some(ChannelMsg::ExtendedData { data, ext }) => {
                output.stderr_bytes += data.len();
                if output.stderr_bytes > limit {
                    return Err(cause::too_much(limit));
                }
                if ext == STDERR {
                    output.stderr.extend_from_slice(&data);
                    let surplus = output.stderr.len().saturating_sub(ERROR_TAIL);
                    output.stderr.drain(..surplus);
                }
            }
            Some(ChannelMsg::ExitStatus { exit_status }) => output.exit = Some(exit_status),
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                output.signal = Some(one_line(&format!("{signal_name:?}"), 20));
            }
            Some(ChannelMsg::Failure) => return Err(cause::exec_refused()),
            Some(ChannelMsg::Close) => return Ok(()),
            Some(_) => {}
            None => return Err(lost()),
        }
    }
}
