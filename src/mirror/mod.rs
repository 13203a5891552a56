//! The mirror: where a MOS version's newest Maintenance Update is announced.
