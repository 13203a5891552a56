//! The server: one thread that accepts, one per connection.

use std::collections::HashMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Body, Manner, Reply, Request};

/// What answers the requests of a [`WebServer`].
pub trait Service: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: &Request) -> Reply;
}

/// A running server; dropping it closes every connection and ends its threads.
pub struct WebServer {
    address: SocketAddr,
    service: Arc<dyn Service>,
    running: Option<Running>,
}

struct Running {
    shared: Arc<Shared>,
    acceptor: JoinHandle<()>,
    socket: TcpListener,
}

/// State shared by the threads between a start and a stop of the server.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    stopped: Condvar,
}

#[derive(Default)]
struct State {
    stopping: bool,
    next: u64,
    connections: HashMap<u64, TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits; `false` when the server was stopped meanwhile.
    fn pause(&self, time: Duration) -> bool {
        let state = self.state();
        let (state, _) =
            self.stopped.wait_timeout_while(state, time, |s| !s.stopping).unwrap_or_else(PoisonError::into_inner);
        !state.stopping
    }

    fn wait_for_stop(&self) {
        drop(self.stopped.wait_while(self.state(), |s| !s.stopping).unwrap_or_else(PoisonError::into_inner));
    }
}

impl WebServer {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// Where the address cannot be bound.
    pub fn start(address: SocketAddr, service: Arc<dyn Service>) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let mut server = Self { address, service, running: None };
        server.run(listener)?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening: connections are closed and new ones refused, until [`WebServer::resume`].
    pub fn suspend(&mut self) {
        let Some(Running { shared, acceptor, socket }) = self.running.take() else { return };
        {
            let mut state = shared.state();
            state.stopping = true;
            for connection in state.connections.values() {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        shared.stopped.notify_all();
        // Wakes the acceptor, and refuses connections even while a child process that was forked a moment ago still
        // has the socket open.
        let _ = rustix::net::shutdown(&socket, rustix::net::Shutdown::Both);
        let _ = acceptor.join();
        let threads = std::mem::take(&mut shared.state().threads);
        for thread in threads {
            let _ = thread.join();
        }
    }

    /// Listens again on the same address.
    ///
    /// # Errors
    /// Where the address was taken meanwhile.
    pub fn resume(&mut self) -> io::Result<()> {
        if self.running.is_none() {
            self.run(TcpListener::bind(self.address)?)?;
        }
        Ok(())
    }

    fn run(&mut self, listener: TcpListener) -> io::Result<()> {
        let socket = listener.try_clone()?;
        let shared = Arc::new(Shared::default());
        let service = Arc::clone(&self.service);
        let for_acceptor = Arc::clone(&shared);
        let acceptor = thread::spawn(move || accept(&listener, &for_acceptor, &service));
        self.running = Some(Running { shared, acceptor, socket });
        Ok(())
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.suspend();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, service: &Arc<dyn Service>) {
    for stream in listener.incoming() {
        let mut state = shared.state();
        if state.stopping {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(twin) = stream.try_clone() else { continue };
        let number = state.next;
        state.next += 1;
        state.connections.insert(number, twin);
        state.threads.retain(|thread| !thread.is_finished());
        let shared = Arc::clone(shared);
        let service = Arc::clone(service);
        state.threads.push(thread::spawn(move || {
            // A client that disconnects in the middle of a request is ignored.
            let _ = serve(&stream, &shared, service.as_ref());
            shared.state().connections.remove(&number);
        }));
    }
}

fn serve(stream: &TcpStream, shared: &Shared, service: &dyn Service) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader)? {
        let reply = service.answer(&request);
        let close = request.wants_close();
        if !send(stream, shared, &reply, request.method == "HEAD", close)? || close {
            // No shutdown: it would send FIN where a reset is wanted.
            break;
        }
    }
    Ok(())
}

/// Sends a reply; `false` when the connection is over.
fn send(mut stream: &TcpStream, shared: &Shared, reply: &Reply, head_only: bool, close: bool) -> io::Result<bool> {
    let Reply { response, manner } = reply;
    match *manner {
        Manner::Reset => return reset(stream),
        Manner::Silence => {
            shared.wait_for_stop();
            return Ok(false);
        }
        Manner::After(pause) if !shared.pause(pause) => return Ok(false),
        Manner::Whole | Manner::After(_) | Manner::Drip(_) | Manner::CutAfter(_) => {}
    }
    let mut bytes = response.head(close);
    if head_only {
        stream.write_all(&bytes)?;
        return Ok(true);
    }
    match (*manner, &response.body) {
        (Manner::CutAfter(length), body) => {
            stream.write_all(&bytes)?;
            body.write_to(&mut stream, length as u64)?;
            stream.flush()?;
            // The bytes sent must arrive before the reset discards them.
            shared.pause(Duration::from_millis(50));
            reset(stream)
        }
        (Manner::Drip(pause), Body::Bytes(body)) => {
            stream.write_all(&bytes)?;
            for byte in body {
                if !shared.pause(pause) {
                    return Ok(false);
                }
                stream.write_all(&[*byte])?;
            }
            Ok(true)
        }
        (_, Body::Bytes(body)) => {
            // One write, so that Nagle's algorithm does not delay the second part.
            bytes.extend_from_slice(body);
            stream.write_all(&bytes)?;
            Ok(true)
        }
        (_, body @ Body::Filler(_)) => {
            stream.write_all(&bytes)?;
            body.write_to(&mut stream, u64::MAX)?;
            Ok(true)
        }
    }
}

/// Ends the connection with RST: `SO_LINGER` of zero throws away what was not sent.
fn reset(stream: &TcpStream) -> io::Result<bool> {
    rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO))?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::Response;
    use super::*;

    struct Echo(Manner);

    impl Service for Echo {
        fn answer(&self, request: &Request) -> Reply {
            Reply { response: Response::new(200, "text/plain", request.path.clone()), manner: self.0 }
        }
    }

    fn ask(address: SocketAddr) -> io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    fn server(manner: Manner) -> WebServer {
        WebServer::start(([127, 0, 0, 1], 0).into(), Arc::new(Echo(manner))).unwrap()
    }

    #[test]
    fn it_answers_goes_away_and_comes_back_on_the_same_port() {
        let mut server = server(Manner::Whole);
        let address = server.address();
        assert!(ask(address).unwrap().ends_with("\r\n\r\n/hello"));
        server.suspend();
        assert_eq!(ask(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        server.resume().unwrap();
        assert!(ask(address).unwrap().ends_with("/hello"));
    }

    #[test]
    fn a_reset_is_a_reset() {
        let server = server(Manner::Reset);
        assert_eq!(ask(server.address()).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_silent_connection_does_not_hold_up_the_end() {
        let server = server(Manner::Silence);
        let address = server.address();
        let client = thread::spawn(move || ask(address));
        // The client is connected once its request is in the server's hands.
        while server.running.as_ref().is_some_and(|r| r.shared.state().connections.is_empty()) {
            thread::yield_now();
        }
        drop(server);
        let answer = client.join().unwrap();
        assert!(answer.is_err() || answer.is_ok_and(|text| text.is_empty()));
    }
}
