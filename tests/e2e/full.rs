//! What takes longer: every other failure, each with its repair.

mod broken_off;
mod refused;
mod shipped;
mod upstart;
