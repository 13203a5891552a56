//! The same work on many files, several at the same time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// How many files are worked on at the same time.
const AT_ONCE: usize = 8;

/// Does `work` for every item, in any order. Nothing new begins after the first error, and after `cancelled` is set; the
/// results are then those of what was done.
///
/// # Errors
/// The first one of `work`.
pub(super) fn each<T: Sync, R: Send, E: Send>(
    items: &[T],
    cancelled: &AtomicBool,
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Ok(Vec::new())));
    let worker = || {
        while !cancelled.load(Ordering::SeqCst) {
            let Some(item) = items.get(next.fetch_add(1, Ordering::SeqCst)) else { return };
            let result = work(item);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            match (result, done.as_mut()) {
                (Ok(result), Ok(results)) => results.push(result),
                (Err(error), Ok(_)) => {
                    *done = Err(error);
                    next.store(items.len(), Ordering::SeqCst);
                }
                (_, Err(_)) => return,
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..AT_ONCE.min(items.len()) {
            // Where the system gives no more threads, fewer do it.
            let _ = thread::Builder::new().name("mirror".to_owned()).spawn_scoped(scope, worker);
        }
        worker();
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_once_until_an_error_or_a_signal() {
        let items: Vec<u32> = (0..100).collect();
        let never = AtomicBool::new(false);
        let mut doubled = each(&items, &never, |n| Ok::<_, ()>(n * 2)).unwrap();
        doubled.sort_unstable();
        assert_eq!(doubled, (0..100).map(|n| n * 2).collect::<Vec<_>>());
        let begun = AtomicUsize::new(0);
        let failed = each(&items, &never, |n| {
            begun.fetch_add(1, Ordering::SeqCst);
            if *n == 3 { Err("three") } else { Ok(()) }
        });
        assert_eq!(failed, Err("three"));
        let stopped = AtomicBool::new(true);
        assert_eq!(each(&items, &stopped, |n| Ok::<_, ()>(*n)), Ok(vec![]));
    }
}
