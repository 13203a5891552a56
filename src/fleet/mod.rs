//! Reading over parallel SSH: the async island (russh, tokio).
