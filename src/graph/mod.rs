//! The custom graph: read, check, compile.
