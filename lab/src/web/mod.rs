//! A small blocking HTTP/1.1 server whose connections can misbehave on demand.
//!
//! Written by hand because the faults that the lab needs (a reset in the middle of an answer, a body that
//! never ends, a server that is gone for a while and comes back on the same port) are below what an HTTP
//! library lets one reach. One thread per connection; stopping it closes every connection.

mod request;
mod response;
mod server;

pub use request::Request;
pub use response::{Body, Manner, Reply, Response};
pub use server::{Service, WebServer};
