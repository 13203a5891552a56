//! What the program knows about Maintenance Updates, nodes and runs.
//!
//! Pure: no I/O, no clock, no printing, nothing of the other modules. Everything here is a function of
//! its arguments, so everything here is tested without a server.

pub mod cause;
pub mod cleanup;
pub mod details;
pub mod doctor;
pub mod drift;
pub mod environment;
pub mod failure;
pub mod history;
pub mod inventory;
pub mod monitoring;
pub mod mos_version;
pub mod mu;
pub mod node;
pub mod node_repositories;
pub mod nodeset;
pub mod numbers;
pub mod outcome;
pub mod phase;
pub mod plan;
pub mod precheck;
pub mod probe;
pub mod proof;
pub mod publication;
pub mod remote;
pub mod report;
pub mod repository;
pub mod row;
pub mod run;
pub mod saved_plan;
pub mod select;
pub mod text;
pub mod time;
pub mod update_state;
pub mod window;
