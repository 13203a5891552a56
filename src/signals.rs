//! Ctrl-C, SIGTERM and SIGHUP as a flag that work looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::AppError;
use crate::exit::Exit;

/// A flag that the first signal sets. A second Ctrl-C ends the process at once, for an operator who has waited enough.
pub(crate) fn cancel_flag() -> Result<Arc<AtomicBool>, AppError> {
    let cancelled = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // The order matters: the conditional exit looks at the flag before it is set.
        flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, Arc::clone(&cancelled))
            .and_then(|_| flag::register(signal, Arc::clone(&cancelled)))
            .map_err(|e| AppError::from_error(Exit::Error, &e))?;
    }
    Ok(cancelled)
}

/// Whether a signal has come.
pub(crate) fn interrupted(flag: &AtomicBool) -> bool {
    flag.load(Ordering::SeqCst)
}
