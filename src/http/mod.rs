//! Blocking HTTP (ureq): one client and its limits.
//!
//! It does not know what is fetched. Every stage has a deadline and every body a limit. Redirects are followed here,
//! never from https to http. No text of an error holds a password.

mod absolute_form;
mod client;
mod encoding;
mod error;
mod explain;
mod message;
mod proxies;
mod resolve;
mod tls;
mod url;

pub use client::{Client, HttpSettings};
pub use encoding::EncodingFault;
pub use error::{HttpError, Peer};
pub use message::{Reply, Request};
pub use proxies::{Proxies, ProxyFault};
pub use tls::{CaFileError, CaFileFault, Roots, TlsFault};
pub use url::{Url, UrlFault, mask};
