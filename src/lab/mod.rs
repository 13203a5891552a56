//! The lab: an embedded Nailgun, SSH nodes and a mirror on loopback. Never in the shipped binary.
pub mod stubs;
