//! The lab's mirror: a folder over HTTP, with faults.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::seed::below;
use super::web::{Body, Manner, Reply, Request, Response, Service};

/// A fault of the mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MirrorFault {
    /// Every path answers this status with a page.
    Status(u16),
    /// 200 and an HTML page, as a master's port 8080 does for a file that its web server may not read.
    Html,
    /// The first bytes of the file only, as if that were all.
    Truncated(usize),
    /// The right Content-Length, and a connection reset after this many bytes.
    Cut(usize),
    /// This many zero bytes.
    Huge(u64),
    /// A redirect to itself.
    RedirectLoop,
    /// A redirect to another address, for every path.
    RedirectTo(String),
    /// This many redirects before the file.
    Redirects(u32),
    /// An answer after a pause.
    Slow(Duration),
    /// One byte at a time.
    Drip(Duration),
    /// The connection is accepted and never answered.
    Silent,
    /// The connection is reset.
    Reset,
}

/// The mirror's state: its folder, its faults, what was asked of it.
#[derive(Debug)]
pub(super) struct Mirror {
    root: PathBuf,
    fault: Mutex<Option<MirrorFault>>,
    asked: Mutex<Vec<String>>,
}

impl Mirror {
    pub(super) fn new(root: PathBuf) -> Arc<Self> {
        Arc::new(Self { root, fault: Mutex::default(), asked: Mutex::default() })
    }

    pub(super) fn set_fault(&self, fault: Option<MirrorFault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// The paths that were asked for, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn file(&self, path: &str) -> Response {
        let found = below(&self.root, path).ok().filter(|file| file.is_file());
        match found.and_then(|file| fs::read(file).ok()) {
            Some(bytes) => Response::new(200, "application/json", bytes),
            None => page(404, "404 Not Found"),
        }
    }

    fn redirects(&self, request: &Request, count: u32) -> Response {
        let done = request.arg("hop").and_then(|hop| hop.parse().ok()).unwrap_or(0);
        if done >= count {
            return self.file(&request.path);
        }
        Response::empty(302).header("Location", &format!("{}?hop={}", request.path, done + 1))
    }
}

impl Service for Mirror {
    fn answer(&self, request: &Request) -> Reply {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.path.clone());
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            return page(405, "405 Not Allowed").into();
        }
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let file = || self.file(&request.path);
        let whole = |response| Reply { response, manner: Manner::Whole };
        match fault {
            None => file().into(),
            Some(MirrorFault::Status(status)) => whole(page(status, &format!("{status}"))),
            Some(MirrorFault::Html) => whole(page(200, "Fuel for OpenStack")),
            Some(MirrorFault::Truncated(length)) => {
                let mut response = file();
                if let Body::Bytes(bytes) = &mut response.body {
                    bytes.truncate(length);
                }
                whole(response)
            }
            Some(MirrorFault::Cut(length)) => Reply { response: file(), manner: Manner::CutAfter(length) },
            Some(MirrorFault::Huge(length)) => {
                let mut response = Response::new(200, "application/json", "");
                response.body = Body::Filler(length);
                whole(response)
            }
            Some(MirrorFault::RedirectLoop) => whole(Response::empty(302).header("Location", &request.path)),
            Some(MirrorFault::RedirectTo(target)) => whole(Response::empty(302).header("Location", &target)),
            Some(MirrorFault::Redirects(count)) => whole(self.redirects(request, count)),
            Some(MirrorFault::Slow(pause)) => Reply { response: file(), manner: Manner::After(pause) },
            Some(MirrorFault::Drip(pause)) => Reply { response: file(), manner: Manner::Drip(pause) },
            Some(MirrorFault::Silent) => Reply { response: file(), manner: Manner::Silence },
            Some(MirrorFault::Reset) => Reply { response: file(), manner: Manner::Reset },
        }
    }
}

fn page(status: u16, text: &str) -> Response {
    let body = format!("<html>\n<head><title>{text}</title></head>\n<body><h1>{text}</h1></body>\n</html>\n");
    Response::new(status, "text/html", body)
}
