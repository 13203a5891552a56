//! Nailgun's times: `2026-11-22T22:05:50.581946`, UTC, without a zone.

/// Milliseconds since 1970 of a UTC time as Nailgun writes it; a final `Z` may be there. None for anything else.
pub fn parse_utc(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, clock) = text.split_once(['T', ' '])?;
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4, 1970..=9999)?;
    let month = number(parts.next()?, 2, 1..=12)?;
    let day = number(parts.next()?, 2, 1..=days_in(year, month))?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut times = clock.split(':');
    let hour = number(times.next()?, 2, 0..=23)?;
    let minute = number(times.next()?, 2, 0..=59)?;
    let second = number(times.next()?, 2, 0..=60)?;
    if parts.next().is_some() || times.next().is_some() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let milli: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    let days = days_before(year) + (1..month).map(|month| days_in(year, month)).sum::<i64>() + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + milli)
}

/// A moment as RFC 3339 in UTC, to the second; the argument is milliseconds since 1970. What is out of range is the nearest that is not.
pub fn format_utc(millis: i64) -> String {
    // The year 9999 is as far as four digits go.
    let seconds = millis.div_euclid(1000).clamp(0, 253_402_300_799);
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970 + days / 366;
    while days_before(year + 1) <= days {
        year += 1;
    }
    let mut day = days - days_before(year);
    let mut month = 1;
    while day >= days_in(year, month) {
        day -= days_in(year, month);
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", day + 1)
}

/// How long, for people: `0.4 s`, `42 s`, `8 min 05 s`, `1 h 02 min`; the argument is milliseconds.
pub fn format_duration(millis: i64) -> String {
    let millis = millis.max(0);
    let seconds = millis / 1000;
    match seconds {
        0..10 => format!("{seconds}.{} s", millis % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

fn number(text: &str, digits: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let valid = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| text.parse().ok()).flatten().filter(|number| range.contains(number))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to the first day of `year`.
fn days_before(year: i64) -> i64 {
    let leap_days = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    (year - 1970) * 365 + leap_days(year) - leap_days(1970)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(parse_utc("1970-01-01T00:00:00"), Some(0));
        assert_eq!(parse_utc("2000-03-01T00:00:00Z"), Some(951_868_800_000));
        assert_eq!(parse_utc("2026-11-22T22:05:50.581946"), Some(1_795_385_150_581));
        assert_eq!(parse_utc("2024-02-29 23:59:59.9"), Some(1_709_251_199_900));
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
    fn how_long() {
        let texts = [-5, 49, 4250, 59_999, 60_000, 485_000, 3_599_999, 3_720_000, 360_000_000].map(format_duration);
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

    #[test]
    fn moments_out_of_range_are_still_text() {
        assert_eq!(format_utc(-1), "1970-01-01T00:00:00Z");
        assert_eq!(format_utc(i64::MAX), "9999-12-31T23:59:59Z");
    }

    proptest::proptest! {
        #[test]
        fn a_moment_reads_back_as_itself(seconds in 0i64..253_402_300_800) {
            proptest::prop_assert_eq!(parse_utc(&format_utc(seconds * 1000 + 999)), Some(seconds * 1000));
        }

        #[test]
        fn time_moves_forward(day in 0i64..40_000) {
            // The inverse, by counting, for a range of a century.
            let (mut year, mut rest) = (1970, day);
            while rest >= if is_leap(year) { 366 } else { 365 } {
                rest -= if is_leap(year) { 366 } else { 365 };
                year += 1;
            }
            let mut month = 1;
            while rest >= days_in(year, month) {
                rest -= days_in(year, month);
                month += 1;
            }
            let text = format!("{year:04}-{month:02}-{:02}T00:00:00", rest + 1);
            proptest::prop_assert_eq!(parse_utc(&text), Some(day * 86_400_000));
        }
    }
}
