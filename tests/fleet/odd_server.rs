//! An SSH server that lets everybody in and then does something odd.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use fuel_updates::domain::node::Host;
use fuel_updates::fleet::Target;
use russh::keys::{Algorithm, PrivateKey, decode_secret_key};
use russh::server::{
    Auth, ChannelOpenHandle, Config, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey, run_stream,
};
use russh::{Channel, ChannelId, Disconnect, Limits, MethodKind, MethodSet, Sig, SshId};

/// What the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// Nothing odd: `hello`, exit status 0.
    No,
    /// Identifies itself as OpenSSH 6.6.
    Version66,
    /// Drops the connection when a key is offered.
    DropsAtLogin,
    /// Says goodbye when a key is offered.
    GoodbyeAtLogin,
    /// Thinks about the offer of a key for longer than anybody waits, and only then looks at its connection.
    HangsAtLogin,
    /// Refuses every key and leaves no other method.
    RefusesEverything,
    /// Never answers the request for a session.
    HangsAtSession,
    /// Refuses to run a command.
    RefusesExec,
    /// Output and close, no exit status.
    NoExitStatus,
    /// Close, nothing else.
    Nothing,
    /// Exit status first, the output after it.
    ExitStatusFirst,
    /// Killed by a signal.
    Killed,
    /// Half an answer, then the connection drops.
    DropsHalfway,
    /// Asks for new keys again and again.
    KeyStorm,
    /// Opens channels to us again and again.
    ChannelStorm,
    /// Opens one channel, then answers.
    OpensChannel,
}

/// A running server.
pub(crate) struct OddServer {
    address: SocketAddr,
    /// Algorithms of the keys that were offered, and `closed` for each connection that ended.
    pub(crate) events: Receiver<String>,
}

impl OddServer {
    pub(crate) fn start(address: &str, odd: Odd) -> Self {
        let listener = std::net::TcpListener::bind((address, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (events_in, events) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((tcp, _)) = listener.accept().await {
                    let handler = OddHandler { odd, events: events_in.clone() };
                    let events = events_in.clone();
                    tokio::spawn(async move {
                        if let Ok(session) = run_stream(config(odd).into(), tcp, handler).await {
                            let _ = session.await;
                        }
                        let _ = events.send("closed".to_owned());
                    });
                }
            });
        });
        Self { address, events }
    }

    pub(crate) fn target(&self) -> Target {
        let host = Host::Ip(self.address.ip());
        let keys = vec![super::peers::test_key()];
        Target { port: self.address.port(), keys, ..Target::new(host, "root") }
    }

    /// The next event.
    pub(crate) fn next(&self) -> String {
        self.events.recv_timeout(Duration::from_secs(10)).expect("an event")
    }
}

fn config(odd: Odd) -> Config {
    let host_key = crate::sshd::kept_key("host_ed25519", &["-t", "ed25519"]);
    let host_key: PrivateKey = decode_secret_key(&std::fs::read_to_string(host_key).unwrap(), None).unwrap();
    let mut config = Config {
        auth_rejection_time: Duration::from_millis(1),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        keys: vec![host_key],
        ..Config::default()
    };
    match odd {
        Odd::Version66 => config.server_id = SshId::Standard("SSH-2.0-OpenSSH_6.6.1p1 Ubuntu-2ubuntu2.13".into()),
        Odd::KeyStorm => config.limits = Limits::new(16, 16, Duration::from_secs(3600)),
        _ => {}
    }
    config
}

struct OddHandler {
    odd: Odd,
    events: Sender<String>,
}

#[derive(Debug)]
struct Stop;

impl From<russh::Error> for Stop {
    fn from(_: russh::Error) -> Self {
        Self
    }
}

impl Handler for OddHandler {
    type Error = Stop;

    async fn auth_publickey_offered(&mut self, _: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Stop> {
        let _ = self.events.send(match offer.algorithm {
            Algorithm::Rsa { hash: None } => "ssh-rsa".to_owned(),
            other => other.to_string(),
        });
        match self.odd {
            Odd::DropsAtLogin => Err(Stop),
            Odd::HangsAtLogin => {
                tokio::time::sleep(Duration::from_secs(3)).await;
                Ok(Auth::reject())
            }
            Odd::RefusesEverything => {
                Ok(Auth::Reject { proceed_with_methods: Some(MethodSet::empty()), partial_success: false })
            }
            _ => Ok(Auth::Accept),
        }
    }

    async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, Stop> {
        Ok(Auth::Accept)
    }

    async fn auth_succeeded(&mut self, session: &mut Session) -> Result<(), Stop> {
        if self.odd == Odd::GoodbyeAtLogin {
            session.disconnect(Disconnect::ByApplication, "maintenance\x1b[31m", "")?;
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        session: &mut Session,
    ) -> Result<(), Stop> {
        match self.odd {
            Odd::HangsAtSession => std::mem::forget(reply),
            Odd::OpensChannel | Odd::ChannelStorm => {
                let count = if self.odd == Odd::OpensChannel { 1 } else { 100 };
                for _ in 0..count {
                    session.channel_open_agent()?;
                }
                reply.accept().await;
            }
            _ => reply.accept().await,
        }
        Ok(())
    }

    async fn exec_request(&mut self, channel: ChannelId, _: &[u8], session: &mut Session) -> Result<(), Stop> {
        if self.odd == Odd::RefusesExec {
            session.channel_failure(channel)?;
            return Ok(());
        }
        session.channel_success(channel)?;
        match self.odd {
            Odd::NoExitStatus => session.data(channel, b"hello\n".to_vec())?,
            Odd::Nothing => {}
            Odd::ExitStatusFirst => {
                session.exit_status_request(channel, 0)?;
                session.data(channel, b"hello\n".to_vec())?;
            }
            Odd::Killed => session.exit_signal_request(channel, Sig::SEGV, false, "", "")?,
            Odd::DropsHalfway => {
                session.data(channel, b"hel".to_vec())?;
                session.flush()?;
                return Err(Stop);
            }
            Odd::KeyStorm => {
                // Each of these crosses the limit after which this server wants new keys.
                let handle = session.handle();
                tokio::spawn(async move {
                    while handle.data(channel, b"more than sixteen bytes".to_vec()).await.is_ok() {
                        tokio::task::yield_now().await;
                    }
                });
                return Ok(());
            }
            _ => {
                session.data(channel, b"hello\n".to_vec())?;
                session.exit_status_request(channel, 0)?;
            }
        }
        session.eof(channel)?;
        session.close(channel)?;
        Ok(())
    }
}
