//! Blocking HTTP (ureq): one agent, its resolver, its limits.
