//! Blocking HTTP (ureq): one client, its names, its limits.
//!
//! Nothing here knows what is fetched. Every stage has a deadline, every body has a limit, redirects are
//! followed by our own hand and never from https to http, and no text of an error holds a password.

mod absolute_form;
mod client;
mod error;
mod proxies;
mod resolve;
mod tls;
mod url;

pub use client::{Client, Reply, Request, Settings};
pub use error::{HttpError, TlsFault};
pub use proxies::Proxies;
pub use tls::Roots;
pub(crate) use url::percent_decode;
pub use url::{Url, mask};
