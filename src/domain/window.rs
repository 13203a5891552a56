//! The end of a maintenance window: after it no further node begins.

use std::str::FromStr;

use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

/// When a window ends, as an operator writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowEnd {
    /// The next time that it is so late by UTC: `05:00`.
    Clock(Time),
    /// A moment with its zone: `2026-11-30T05:00Z`, `2026-11-30T07:00+02:00`.
    At(Timestamp),
    /// So long from now: `90m`, `4h`, `2h30m`.
    In(SignedDuration),
}

/// A text that tells no end of a window.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a time: give 05:00 (UTC), 2026-11-30T05:00+02:00, or a duration such as 4h or 90m")]
pub struct WindowEndError;

impl WindowEnd {
    /// The moment at which the window ends, if it is now this moment.
    pub fn moment(self, now: Timestamp) -> Timestamp {
        let day = SignedDuration::from_hours(24);
        match self {
            Self::At(moment) => moment,
            Self::In(duration) => now.checked_add(duration).unwrap_or(Timestamp::MAX),
            Self::Clock(clock) => {
                let today = now.to_zoned(TimeZone::UTC).date().to_datetime(clock);
                let today = today.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
                if today > now { today } else { today.checked_add(day).unwrap_or(Timestamp::MAX) }
            }
        }
    }
}

impl FromStr for WindowEnd {
    type Err = WindowEndError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(duration) = parse_duration(text) {
            return Ok(Self::In(duration));
        }
        if let Some((hour, minute)) = text.split_once(':').filter(|(hour, minute)| hour.len() <= 2 && minute.len() == 2)
        {
            let clock = number(hour).zip(number(minute)).filter(|(hour, minute)| *hour < 24 && *minute < 60);
            let (hour, minute) = clock.ok_or(WindowEndError)?;
            return Ok(Self::Clock(time(hour, minute, 0, 0)));
        }
        // Without a zone a moment would depend on where the master stands.
        text.parse().map(Self::At).map_err(|_| WindowEndError)
    }
}

/// Reads a duration: whole days, hours, minutes and seconds, each once and in this order: `2h30m`, `90m`, `45s`.
pub fn parse_duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text;
    let mut seconds: i64 = 0;
    for (unit, each) in [('d', 24 * 3600), ('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((digits, behind)) = rest.split_once(unit) {
            if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            seconds = seconds.checked_add(digits.parse::<i64>().ok()?.checked_mul(each)?)?;
            rest = behind;
        }
    }
    (rest.is_empty() && seconds > 0).then(|| SignedDuration::from_secs(seconds))
}

fn number(digits: &str) -> Option<i8> {
    let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(text: &str, now: &str) -> String {
        let now: Timestamp = now.parse().unwrap();
        text.parse::<WindowEnd>().map_or_else(|e| e.to_string(), |end| end.moment(now).to_string())
    }

    #[test]
    fn a_window_ends_at_the_next_such_time_or_at_a_moment_or_after_a_while() {
        let now = "2026-11-29T22:30:00Z";
        for (text, end) in [
            ("23:00", "2026-11-29T23:00:00Z"),
            ("22:30", "2026-11-30T22:30:00Z"),
            ("5:00", "2026-11-30T05:00:00Z"),
            ("05:00", "2026-11-30T05:00:00Z"),
            ("2026-11-30T05:00Z", "2026-11-30T05:00:00Z"),
            ("2026-11-30T07:00+02:00", "2026-11-30T05:00:00Z"),
            ("4h", "2026-11-30T02:30:00Z"),
            ("2h30m", "2026-11-30T01:00:00Z"),
            ("90m", "2026-11-30T00:00:00Z"),
            ("45s", "2026-11-29T22:30:45Z"),
            ("1d2h", "2026-12-01T00:30:00Z"),
        ] {
            assert_eq!(ends(text, now), end, "{text}");
        }
    }

    #[test]
    fn what_tells_no_end_is_refused() {
        for text in [
            "",
            "24:00",
            "12:60",
            "-1:00",
            "1:2",
            "12",
            "0h",
            "h",
            "4",
            "4w",
            "30m2h",
            "4h1d",
            "2h30",
            "4h4h",
            "1.5h",
            "+4h",
            "2026-11-30",
            "2026-11-30T05:00",
            "9999999h",
            "tomorrow",
            "05:00:00",
            "é:00",
        ] {
            assert!(text.parse::<WindowEnd>().is_err(), "{text}: {}", ends(text, "2026-11-29T22:30:00Z"));
        }
    }
}
