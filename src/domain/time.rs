//! Nailgun's times (`2026-11-22T22:05:50.581946`, UTC, without a zone), and times and durations as we print them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Reads a time in UTC as Nailgun writes it, with or without a final `Z`. Returns nothing for anything else.
pub fn parse_utc(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    // jiff also reads dates alone, other forms of ISO 8601, and zones; Nailgun writes none of them.
    let digits =
        |from: usize, to: usize| text.get(from..to).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let form = digits(0, 4) && digits(5, 7) && digits(8, 10) && digits(11, 13) && digits(14, 16) && digits(17, 19);
    let rest = text.get(19..).filter(|_| form)?;
    if !(rest.is_empty() || rest.starts_with('.') && rest[1..].bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let civil: DateTime = text.get(..19 + rest.len().min(10))?.parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// A moment as RFC 3339 in UTC, to the second.
pub fn format_utc(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A duration for people: `0.4 s`, `42 s`, `8 min 05 s`, `1 h 02 min`.
pub fn format_duration(duration: SignedDuration) -> String {
    let duration = duration.max(SignedDuration::ZERO);
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Option<i64> {
        parse_utc(text).map(Timestamp::as_millisecond)
    }

    #[test]
    fn known_moments() {
        assert_eq!(millis("1970-01-01T00:00:00"), Some(0));
        assert_eq!(millis("2000-03-01T00:00:00Z"), Some(951_868_800_000));
        assert_eq!(millis("2026-11-22T22:05:50.581946"), Some(1_795_385_150_581));
        assert_eq!(millis("2024-02-29 23:59:59.9"), Some(1_709_251_199_900));
    }

    #[test]
    fn what_is_no_time() {
        for bad in [
            "",
            "x",
            "2026-11-22",
            "2026-13-01T00:00:00",
            "2025-02-29T00:00:00",
            "2026-1-1T00:00:00",
            "2026-11-22T24:00:00",
            "2026-11-22T22:05",
            "2026-11-22T22:05:50.x",
            "2026-11-22T22:05:50+02:00",
            "-001-01-01T00:00:00",
        ] {
            assert_eq!(parse_utc(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_in_words() {
        let texts = [-5, 49, 4250, 59_999, 60_000, 485_000, 3_599_999, 3_720_000, 360_000_000]
            .map(|millis| format_duration(SignedDuration::from_millis(millis)));
        let wanted = [
            "0.0 s",
            "0.0 s",
            "4.2 s",
            "59 s",
            "1 min 00 s",
            "8 min 05 s",
            "59 min 59 s",
            "1 h 02 min",
            "100 h 00 min",
        ];
        assert_eq!(texts, wanted);
    }

    proptest::proptest! {
        #[test]
        fn a_moment_reads_back_as_itself(seconds in 0i64..253_402_200_000) {
            let moment = Timestamp::from_second(seconds).unwrap();
            proptest::prop_assert_eq!(parse_utc(&format_utc(moment)), Some(moment));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,30}") {
            let _ = parse_utc(&text);
        }
    }
}
