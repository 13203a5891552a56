//! One SSH node: its address, its host key, its faults, and the task that accepts connections.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::keys::ssh_key::public::KeyData;
use russh::{MethodKind, MethodSet, SshId, server};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};

use super::super::LabError;
use super::super::keys;
use super::super::shell::NodeShell;
use super::SshFault;
use super::drip::Drip;
use super::handler::Session;

/// One SSH node.
pub(crate) struct SshNode {
    address: SocketAddr,
    runtime: Handle,
    shared: Arc<Shared>,
    /// What accepts, while the node is online.
    acceptor: Mutex<Option<Acceptor>>,
}

/// The task that accepts, and its listening socket.
struct Acceptor {
    task: JoinHandle<()>,
    socket: StdListener,
}

impl Acceptor {
    /// Stops listening at once: closing the socket is not enough while a child process that was
    /// forked a moment ago still has it open.
    fn stop(self) {
        self.task.abort();
        let _ = rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both);
    }
}

/// What the node's connections share.
pub(super) struct Shared {
    pub(super) shell: NodeShell,
    pub(super) accepted: Vec<KeyData>,
    host_key: Mutex<PrivateKey>,
    faults: Mutex<Vec<SshFault>>,
    /// The sockets of the open connections: closing one always ends its session.
    sockets: Mutex<HashMap<u64, StdStream>>,
    /// Connections since the start.
    pub(super) connections: AtomicUsize,
    /// Successful logins since the start.
    pub(super) logins: AtomicUsize,
    /// The commands that were executed, in order.
    pub(super) commands: Mutex<Vec<String>>,
}

impl Shared {
    pub(super) fn faults(&self) -> Vec<SshFault> {
        lock(&self.faults).clone()
    }

    /// Ends every open connection.
    fn cut(&self) {
        for (_, socket) in lock(&self.sockets).drain() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SshNode {
    /// Starts the node on `listener`.
    pub(crate) fn start(
        runtime: &Handle,
        listener: StdListener,
        shell: NodeShell,
        accepted: Vec<KeyData>,
        faults: Vec<SshFault>,
    ) -> Result<Self, LabError> {
        let node = Self {
            address: listener.local_addr()?,
            runtime: runtime.clone(),
            shared: Arc::new(Shared {
                shell,
                accepted,
                host_key: Mutex::new(keys::ed25519()?),
                faults: Mutex::new(faults),
                sockets: Mutex::new(HashMap::new()),
                connections: AtomicUsize::new(0),
                logins: AtomicUsize::new(0),
                commands: Mutex::new(Vec::new()),
            }),
            acceptor: Mutex::new(None),
        };
        if !node.shared.faults().contains(&SshFault::Offline) {
            node.listen(listener)?;
        }
        Ok(node)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the faults; going offline cuts the connections that are open.
    pub(crate) fn set_faults(&self, faults: Vec<SshFault>) -> Result<(), LabError> {
        let offline = faults.contains(&SshFault::Offline);
        *lock(&self.shared.faults) = faults;
        if offline {
            if let Some(acceptor) = lock(&self.acceptor).take() {
                acceptor.stop();
            }
            self.shared.cut();
        } else if lock(&self.acceptor).is_none() {
            self.listen(StdListener::bind(self.address)?)?;
        }
        Ok(())
    }

    /// Gives the node a new host key, as a reinstallation does.
    pub(crate) fn change_host_key(&self) -> Result<(), LabError> {
        *lock(&self.shared.host_key) = keys::ed25519()?;
        Ok(())
    }

    /// Its host key's public half, one line as in `known_hosts` without the host.
    pub(crate) fn host_key(&self) -> Result<String, LabError> {
        lock(&self.shared.host_key).public_key().to_openssh().map_err(|e| LabError::Key(e.to_string()))
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn logins(&self) -> usize {
        self.shared.logins.load(Ordering::SeqCst)
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        lock(&self.shared.commands).clone()
    }

    pub(crate) fn shell(&self) -> &NodeShell {
        &self.shared.shell
    }

    fn listen(&self, listener: StdListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let socket = listener.try_clone()?;
        let _inside = self.runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        let shared = Arc::clone(&self.shared);
        *lock(&self.acceptor) = Some(Acceptor { task: self.runtime.spawn(accept(listener, shared)), socket });
        Ok(())
    }
}

impl Drop for SshNode {
    fn drop(&mut self) {
        if let Some(acceptor) = lock(&self.acceptor).take() {
            acceptor.stop();
        }
        self.shared.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // The set ends its connections when this task is aborted.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            incoming = listener.accept() => {
                let Ok((stream, twin)) = incoming.and_then(|(stream, _)| with_twin(stream)) else { continue };
                let number = shared.connections.fetch_add(1, Ordering::SeqCst) as u64;
                lock(&shared.sockets).insert(number, twin);
                let shared = Arc::clone(&shared);
                connections.spawn(async move {
                    serve(stream, Arc::clone(&shared)).await;
                    lock(&shared.sockets).remove(&number);
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

fn with_twin(stream: TcpStream) -> io::Result<(TcpStream, StdStream)> {
    let stream = stream.into_std()?;
    let twin = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, twin))
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let faults = shared.faults();
    let _ = stream.set_nodelay(true);
    for fault in &faults {
        match fault {
            SshFault::Silent => return hold(stream).await,
            SshFault::EndlessBanner => return endless_banner(stream).await,
            SshFault::NotSsh => return not_ssh(stream).await,
            SshFault::DripHandshake(pause) => {
                let pause = *pause;
                return speak(Drip::new(stream, pause), shared, faults).await;
            }
            _ => {}
        }
    }
    speak(stream, shared, faults).await;
}

async fn speak<S>(stream: S, shared: Arc<Shared>, faults: Vec<SshFault>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let config = server::Config {
        server_id: SshId::Standard("SSH-2.0-OpenSSH_6.6.1p1 Ubuntu-2ubuntu2.8".into()),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: Duration::ZERO,
        keys: vec![lock(&shared.host_key).clone()],
        inactivity_timeout: Some(Duration::from_secs(120)),
        ..server::Config::default()
    };
    let session = Session::new(shared, faults);
    // Errors of a client are reported by the client.
    if let Ok(running) = server::run_stream(Arc::new(config), stream, session).await {
        let _ = running.await;
    }
}

/// Keeps the connection open until the client closes it.
async fn hold(stream: TcpStream) {
    let mut rest = [0; 1024];
    loop {
        if stream.readable().await.is_err() {
            return;
        }
        match stream.try_read(&mut rest) {
            Ok(0) => return,
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

async fn endless_banner(mut stream: TcpStream) {
    while stream.write_all(b"this is no version\r\n").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn not_ssh(mut stream: TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
    let _ = stream.shutdown().await;
    hold(stream).await;
}
