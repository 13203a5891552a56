//! The node list: formats and where to find them.
