//! https: whom to trust, the connection itself, and what to say when it cannot be had.

mod certificate;
mod connector;
mod fault;
mod roots;
mod verifier;

pub(super) use connector::{HandshakeFailed, TlsConnector};
pub use fault::TlsFault;
pub use roots::{CaFileError, CaFileFault, Roots};
