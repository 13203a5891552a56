//! Geometry of the timeline: moments as per cent of its width.

use jiff::Timestamp;

/// Steps between two ticks, in seconds.
const STEPS: [i64; 19] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 604_800];
/// At most so many ticks.
const TICKS: i64 = 12;

/// A span of time and its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    /// The left end, milliseconds since 1970 (UTC).
    from: i64,
    /// The right end, later than the left one.
    to: i64,
}

impl Scale {
    /// From `from` to `to`, and never less than a tenth of a second.
    pub(super) fn new(from: Timestamp, to: Timestamp) -> Self {
        let (from, to) = (from.as_millisecond(), to.as_millisecond());
        Self { from, to: to.max(from.saturating_add(100)) }
    }

    /// The right end.
    pub(super) fn to(self) -> Timestamp {
        Timestamp::from_millisecond(self.to).unwrap_or(Timestamp::MAX)
    }

    /// Where a moment is, in per cent; a moment outside is at the edge.
    pub(super) fn at(self, moment: Timestamp) -> f64 {
        let moment = moment.as_millisecond().clamp(self.from, self.to);
        #[expect(clippy::cast_precision_loss, reason = "spans of a run are far below 2^52 milliseconds")]
        let share = (moment - self.from) as f64 / (self.to - self.from) as f64;
        share * 100.0
    }

    /// Where a bar begins and how wide it is, in per cent.
    pub(super) fn bar(self, began: Timestamp, ended: Timestamp) -> (f64, f64) {
        let left = self.at(began);
        (left, (self.at(ended) - left).max(0.0))
    }

    /// Round moments to write at the axis, and the seconds between two of them.
    pub(super) fn ticks(self) -> (Vec<Timestamp>, i64) {
        let seconds = (self.to - self.from) / 1000;
        let fits = STEPS.into_iter().find(|step| seconds / step <= TICKS);
        // A run of months: Nailgun lost it.
        let step = fits.unwrap_or(604_800 * (seconds / (604_800 * TICKS) + 1));
        let first = (self.from / 1000).div_euclid(step) * step;
        let ticks =
            (0..=TICKS + 2).map(|i| (first + i * step) * 1000).filter(|tick| (self.from..=self.to).contains(tick));
        (ticks.filter_map(|tick| Timestamp::from_millisecond(tick).ok()).collect(), step)
    }
}

/// Puts spans into as few lanes as keep them from covering each other; the lane of each, and how many there are.
/// Spans must come in the order in which they begin.
pub(super) fn lanes<T: Copy + PartialOrd>(spans: &[(T, T)]) -> (Vec<usize>, usize) {
    let mut ends: Vec<T> = Vec::new();
    let mut lanes = Vec::with_capacity(spans.len());
    for (began, ended) in spans {
        let free = ends.iter().position(|end| end <= began);
        let lane = free.unwrap_or(ends.len());
        match ends.get_mut(lane) {
            Some(end) => *end = *ended,
            None => ends.push(*ended),
        }
        lanes.push(lane);
    }
    (lanes, ends.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn moments_in_per_cent() {
        let scale = Scale::new(ms(1000), ms(5000));
        assert_eq!((scale.at(ms(1000)), scale.at(ms(3000)), scale.at(ms(5000))), (0.0, 50.0, 100.0));
        assert_eq!((scale.at(ms(0)), scale.at(Timestamp::MAX)), (0.0, 100.0));
        assert_eq!((scale.bar(ms(2000), ms(3000)), scale.bar(ms(3000), ms(2000))), ((25.0, 25.0), (50.0, 0.0)));
        assert_eq!(Scale::new(ms(7), ms(7)).to(), ms(107));
    }

    #[test]
    fn ticks_are_round() {
        let hour = Scale::new(ms(1_795_385_150_581), ms(1_795_385_150_581 + 3_600_000));
        let (ticks, step) = hour.ticks();
        assert_eq!((step, ticks.len(), ticks[0].as_millisecond() % 300_000), (300, 12, 0));
        assert_eq!(Scale::new(ms(0), ms(400)).ticks(), (vec![ms(0)], 1));
    }

    #[test]
    fn lanes_are_reused() {
        assert_eq!(lanes(&[(0, 5), (1, 2), (2, 9), (5, 6)]), (vec![0, 1, 1, 0], 2));
        assert_eq!(lanes::<i64>(&[]), (vec![], 0));
    }

    fn moment() -> impl Strategy<Value = Timestamp> {
        (Timestamp::MIN.as_millisecond() + 1..Timestamp::MAX.as_millisecond()).prop_map(ms)
    }

    proptest! {
        #[test]
        fn a_bar_stays_inside(from in 0i64..1_000_000, length in 0i64..100_000_000, began in moment(), ended in moment()) {
            let (left, width) = Scale::new(ms(from), ms(from + length)).bar(began, ended);
            prop_assert!((0.0..=100.0).contains(&left) && width >= 0.0 && left + width <= 100.000_001);
        }

        #[test]
        fn there_are_always_some_ticks_and_never_too_many(from in 0i64..2_000_000_000_000, length in 2_000i64..100_000_000_000) {
            let (ticks, _) = Scale::new(ms(from), ms(from + length)).ticks();
            prop_assert!((1..=15).contains(&ticks.len()), "{}", ticks.len());
        }

        #[test]
        fn nothing_in_a_lane_overlaps(mut spans in prop::collection::vec((0i64..100, 1i64..30), 0..40)) {
            spans.sort_unstable();
            let spans: Vec<_> = spans.into_iter().map(|(began, took)| (began, began + took)).collect();
            let (lanes, count) = lanes(&spans);
            for lane in 0..count {
                let in_lane: Vec<_> = spans.iter().zip(&lanes).filter(|(_, l)| **l == lane).map(|(s, _)| s).collect();
                prop_assert!(in_lane.windows(2).all(|pair| pair[0].1 <= pair[1].0));
            }
        }
    }
}
