//! Values of options that are durations: `90`, `30m`, `2h`.

use std::time::Duration;

/// The longest duration, in seconds: a week.
const LONGEST: u64 = 7 * 24 * 3600;

/// Reads a duration: a whole number of seconds, or of what the letter behind it says.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (digits, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
        Some(digits) if text.ends_with('m') => (digits, 60),
        Some(digits) if text.ends_with('h') => (digits, 3600),
        Some(digits) if text.ends_with('d') => (digits, 24 * 3600),
        Some(digits) => (digits, 1),
        None => (text, 1),
    };
    let number = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    let seconds = number.and_then(|number: u64| number.checked_mul(unit)).filter(|s| (1..=LONGEST).contains(s));
    seconds.map(Duration::from_secs).ok_or_else(|| "not a duration of up to a week, as in 90s, 30m, 2h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_a_limit() {
        let seconds = |text| duration(text).map(|d| d.as_secs()).ok();
        assert_eq!(["90", "90s", "30m", "2h", "7d"].map(seconds), [90, 90, 1800, 7200, 604_800].map(Some));
        for bad in ["", "0", "m", "-5", "+5", "1.5h", "8d", "2w", "5 m", "99999999999999999999h"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
