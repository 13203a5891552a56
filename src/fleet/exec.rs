//! Running the command and reading what it prints.

use std::time::Duration;

use russh::ChannelMsg;

use super::answer::Answer;
use super::cause;
use super::deadline::Deadline;
use super::session::Session;
use crate::domain::failure::NodeFailure;
use crate::domain::text::one_line;

/// What is kept of the beginning of the standard error, and of its end, in bytes.
const ERROR_KEPT: usize = 1024;
/// The stream number of the standard error (RFC 4254, section 5.2).
const STDERR: u32 = 1;

/// What the command left behind.
#[derive(Default)]
pub(super) struct CommandOutput {
    stdout: Vec<u8>,
    exit: Option<u32>,
    complaints: Complaints,
    signal: Option<String>,
}

/// The beginning and the end of the standard error.
#[derive(Default)]
struct Complaints {
    head: Vec<u8>,
    tail: Vec<u8>,
    bytes: usize,
}

impl Complaints {
    fn add(&mut self, mut data: &[u8]) {
        let room = ERROR_KEPT.saturating_sub(self.head.len()).min(data.len());
        self.head.extend_from_slice(&data[..room]);
        data = &data[room..];
        self.bytes += data.len();
        self.tail.extend_from_slice(data);
        self.tail.drain(..self.tail.len().saturating_sub(ERROR_KEPT));
    }

    fn into_bytes(mut self) -> Vec<u8> {
        if self.bytes > self.tail.len() {
            // Something is missing between the two, so the line does not go on.
            self.head.push(b'\n');
        }
        self.head.append(&mut self.tail);
        self.head
    }
}

impl CommandOutput {
    /// The answer that took so long.
    pub(super) fn into_answer(self, elapsed: Duration) -> Answer {
        Answer { stdout: self.stdout, stderr: self.complaints.into_bytes(), exit: self.exit, elapsed }
    }
}

/// Runs `command` and reads until the server closes the channel: data may follow the exit status.
pub(super) async fn exec(
    session: &Session,
    command: &str,
    limit: usize,
    deadline: Deadline,
) -> Result<CommandOutput, NodeFailure> {
    let mut output = CommandOutput::default();
    match deadline.run(read(session, command, limit, &mut output)).await {
        Ok(result) => result?,
        Err(late) => return Err(cause::answer_late(late, &output.stdout, output.exit)),
    }
    match (&output.signal, output.exit) {
        (Some(signal), _) => Err(cause::killed(signal)),
        (None, None) if output.stdout.is_empty() => Err(cause::no_answer_at_all()),
        _ => Ok(output),
    }
}

async fn read(session: &Session, command: &str, limit: usize, output: &mut CommandOutput) -> Result<(), NodeFailure> {
    let lost = || cause::lost("reading the answer", &session.notes, &session.link);
    let channel = session.handle.channel_open_session().await;
    let mut channel = channel.map_err(|error| cause::no_session(&error, &session.notes, &session.link))?;
    // A reply is asked for so that a refusal is told; the answer's data does not wait for it.
    channel.exec(true, command).await.map_err(|_| lost())?;
    // Whatever reads there (a profile that asks, a menu, a forced command) comes to its end at once.
    channel.eof().await.map_err(|_| lost())?;
    session.link.be_patient();
    let mut stderr_bytes = 0;
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Data { data }) => {
                if output.stdout.len() + data.len() > limit {
                    return Err(cause::too_much(limit));
                }
                output.stdout.extend_from_slice(&data);
            }
            Some(ChannelMsg::ExtendedData { data, ext }) => {
                stderr_bytes += data.len();
                if stderr_bytes > limit {
                    return Err(cause::too_much(limit));
                }
                if ext == STDERR {
                    output.complaints.add(&data);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_and_the_end_of_the_standard_error_are_kept() {
        let kept = |chunks: &[&[u8]]| {
            let mut complaints = Complaints::default();
            chunks.iter().for_each(|chunk| complaints.add(chunk));
            complaints.into_bytes()
        };
        assert_eq!(kept(&[b"one\n", b"two\n"]), b"one\ntwo\n");
        let long = [b'x'; 1500];
        assert_eq!(kept(&[&long]), long);
        let much = kept(&[b"first", &long, &long, b"last"]);
        assert_eq!(much.len(), 2 * ERROR_KEPT + 1);
        assert!(much.starts_with(b"firstx") && much.ends_with(b"xlast"));
    }
}
