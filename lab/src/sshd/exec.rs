//! Executing a command for a client, faults included.

use std::time::Duration;

use russh::server::{Handle, Msg};
use russh::{Channel, Disconnect, Sig};
use tokio::sync::mpsc;

use super::super::shell::{Ending, NodeShell, Stream};
use super::SshFault;

/// Time limit of a command over SSH, so that the lab always ends.
const LIMIT: Duration = Duration::from_secs(120);

/// Noise as a careless profile prints it.
const NOISE: &str = "stdin: is not a tty\nWelcome to Ubuntu 14.04.5 LTS (GNU/Linux 3.13.0-106-generic x86_64)\n\n";
/// Escape sequences that an attacker would send to the operator's terminal.
const ESCAPES: &[u8] = b"\x1b]0;owned\x07\x1b[2J\x1b[31m\x1b[?1049h\x9b31m\r\x08\x00\xff\xfe\n";

/// Sends to the client; every call returns whether the client is still connected.
struct Client {
    handle: Handle,
    channel: Channel<Msg>,
    drip: Option<Duration>,
}

impl Client {
    async fn send(&self, stream: Stream, bytes: Vec<u8>) -> bool {
        match (stream, self.drip) {
            (Stream::Out, None) => self.channel.data_bytes(bytes).await.is_ok(),
            (Stream::Out, Some(pause)) => {
                for byte in bytes {
                    if self.channel.data_bytes(vec![byte]).await.is_err() {
                        return false;
                    }
                    tokio::time::sleep(pause).await;
                }
                true
            }
            (Stream::Err, _) => self.channel.extended_data_bytes(1, bytes).await.is_ok(),
        }
    }

    async fn end(&self, ending: Ending) {
        let id = self.channel.id();
        let _ = self.channel.eof().await;
        let _ = match ending {
            Ending::Exit(code) => self.handle.exit_status_request(id, u32::try_from(code).unwrap_or(255)).await,
            Ending::Signal(_) | Ending::TimedOut | Ending::Unwanted => {
                self.handle.exit_signal_request(id, Sig::KILL, false, "killed".into(), String::new()).await
            }
        };
        let _ = self.channel.close().await;
    }
}

/// Runs `command` and sends what it says.
pub(super) async fn run(
    handle: Handle,
    channel: Channel<Msg>,
    shell: NodeShell,
    command: String,
    faults: Vec<SshFault>,
) {
    let has = |fault| faults.contains(&fault);
    let drip = faults.iter().find_map(|f| if let SshFault::DripOutput(pause) = f { Some(*pause) } else { None });
    let client = Client { handle, channel, drip };
    for fault in &faults {
        match fault {
            SshFault::SlowStart(pause) => tokio::time::sleep(*pause).await,
            SshFault::Flood(bytes) => {
                flood(&client, *bytes).await;
                return client.end(Ending::Exit(0)).await;
            }
            SshFault::EndlessOutput => {
                while client.send(Stream::Out, b"and another line\n".to_vec()).await {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                return;
            }
            _ => {}
        }
    }
    if has(SshFault::ProfileNoise) {
        client.send(Stream::Out, NOISE.into()).await;
        client.send(Stream::Err, NOISE.into()).await;
    }
    if has(SshFault::Escapes) {
        client.send(Stream::Out, ESCAPES.to_vec()).await;
        client.send(Stream::Err, ESCAPES.to_vec()).await;
    }
    let Some(ending) = relay(&client, shell, command, has(SshFault::DropInOutput)).await else { return };
    if has(SshFault::ProfileNoise) {
        client.send(Stream::Out, b"You have new mail.\n".to_vec()).await;
    }
    if has(SshFault::Escapes) {
        client.send(Stream::Out, ESCAPES.to_vec()).await;
    }
    if has(SshFault::NoExitStatus) {
        let _ = client.channel.eof().await;
        let _ = client.channel.close().await;
    } else if has(SshFault::ExitSignal) {
        client.end(Ending::Signal(9)).await;
    } else {
        client.end(ending).await;
    }
}

/// Runs the command and passes on its output; `None` when the connection is over.
async fn relay(client: &Client, shell: NodeShell, command: String, drop_in_output: bool) -> Option<Ending> {
    let (sender, mut output) = mpsc::channel::<(Stream, Vec<u8>)>(4);
    let running = tokio::task::spawn_blocking(move || {
        shell.run(&command, LIMIT, &mut |stream, bytes| sender.blocking_send((stream, bytes.to_vec())).is_ok())
    });
    while let Some((stream, mut bytes)) = output.recv().await {
        if drop_in_output {
            bytes.truncate(bytes.len() / 2);
            client.send(stream, bytes).await;
            let _ = client.handle.disconnect(Disconnect::ByApplication, String::new(), String::new()).await;
            return None;
        }
        if !client.send(stream, bytes).await {
            return None;
        }
    }
    // A shell that could not even be started is the lab's fault: 255 as ssh itself would say.
    Some(running.await.ok().and_then(Result::ok).unwrap_or(Ending::Exit(255)))
}

async fn flood(client: &Client, bytes: u64) {
    let block = vec![b'x'; 32 * 1024];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(block.len() as u64);
        if !client.send(Stream::Out, block[..part as usize].to_vec()).await {
            return;
        }
        left -= part;
    }
}
