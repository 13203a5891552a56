//! The terminal: the only module that writes to it.
