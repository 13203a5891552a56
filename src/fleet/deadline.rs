//! Points in time that end a stage.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// The end of a stage: its own limit, or the node's if that comes first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
}

/// The deadline that was missed, and how long it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late {
    /// The limit that applied.
    pub(super) limit: Duration,
}

impl Deadline {
    /// `limit` from now.
    pub(super) fn after(limit: Duration) -> Self {
        Self { at: Instant::now() + limit, limit }
    }

    /// `limit` from now, but never later than `whole`.
    pub(super) fn within(whole: Self, limit: Duration) -> Self {
        Self::since(Instant::now(), whole, limit)
    }

    /// `limit` from a moment that has passed, but never later than `whole`.
    pub(super) fn since(moment: Instant, whole: Self, limit: Duration) -> Self {
        let own = Self { at: moment + limit, limit };
        if own.at <= whole.at { own } else { whole }
    }

    /// The same, later: for time that is not the node's.
    pub(super) fn later(self, by: Duration) -> Self {
        Self { at: self.at + by, ..self }
    }

    /// Runs `stage` until the deadline.
    ///
    /// A stage's state is allocated apart and freed with it: inside the node's own future, the stages of a node
    /// would take their memory from its first to its last moment, and each of them twice.
    pub(super) fn run<T>(self, stage: impl Future<Output = T>) -> impl Future<Output = Result<T, Late>> {
        let stage = Box::pin(stage);
        async move { timeout_at(self.at, stage).await.map_err(|_| Late { limit: self.limit }) }
    }
}

impl Late {
    /// `10 s`, `1.5 s`, `300 ms`.
    pub(super) fn in_words(self) -> String {
        in_words(self.limit)
    }
}

/// A duration for people.
pub(super) fn in_words(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0..1000 => format!("{ms} ms"),
        _ if ms.is_multiple_of(1000) => format!("{} s", ms / 1000),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_s_own_deadline_wins_when_it_comes_first() {
        let whole = Deadline::after(Duration::from_secs(3));
        assert_eq!(Deadline::within(whole, Duration::from_secs(10)).limit, Duration::from_secs(3));
        assert_eq!(Deadline::within(whole, Duration::from_secs(1)).limit, Duration::from_secs(1));
    }

    #[test]
    fn durations_in_words() {
        assert_eq!(in_words(Duration::from_secs(10)), "10 s");
        assert_eq!(in_words(Duration::from_millis(1500)), "1.5 s");
        assert_eq!(in_words(Duration::from_millis(300)), "300 ms");
    }
}
