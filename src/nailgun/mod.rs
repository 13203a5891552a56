//! Nailgun's REST API.
