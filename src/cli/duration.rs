//! Values of options that are durations: `90`, `30m`, `2h`.

use std::time::Duration;

use crate::domain::window::parse_duration;

/// The longest duration, in seconds: a week.
const LONGEST: u64 = 7 * 24 * 3600;

/// Reads a duration; a number alone means seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let alone = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let read = if alone { parse_duration(&format!("{text}s")) } else { parse_duration(text) };
    let seconds = read.and_then(|read| u64::try_from(read.as_secs()).ok()).filter(|seconds| *seconds <= LONGEST);
    seconds.map(Duration::from_secs).ok_or_else(|| "not a duration of up to a week, as in 90s, 30m, 2h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_and_a_limit() {
        let seconds = |text| duration(text).map(|d| d.as_secs()).ok();
        assert_eq!(["90", "90s", "30m", "2h", "7d"].map(seconds), [90, 90, 1800, 7200, 604_800].map(Some));
        for bad in ["", "0", "m", "2h30", "-5", "+5", "1.5h", "8d", "2w", "5 m", "99999999999999999999h"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
