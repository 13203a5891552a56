//! Values of options that are numbers: an error says which numbers are possible.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::domain::numbers::EnvId;

/// Reads a whole number within limits.
pub(super) fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync,
{
    move |text| match text.parse::<T>() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("not a whole number from {} to {}", range.start(), range.end())),
    }
}

/// Reads the number of an environment.
pub(super) fn environment(text: &str) -> Result<EnvId, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(EnvId(number)),
        _ => Err("not the number of an environment (`fuel2 env list` shows them)".to_owned()),
    }
}

/// Reads a duration in seconds: `90`, `90s`, `30m`, `2h`, `1d`. At most 30 days.
#[cfg_attr(not(test), expect(dead_code))]
pub(super) fn duration(text: &str) -> Result<u32, String> {
    let split = text.len() - text.chars().rev().take_while(char::is_ascii_alphabetic).count();
    let (number, unit) = text.split_at(split);
    let each = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 0,
    };
    let seconds = number.parse::<u32>().ok().and_then(|n| n.checked_mul(each)).unwrap_or_default();
    match seconds {
        1..=2_592_000 => Ok(seconds),
        _ => Err("not a duration such as 90s, 30m or 2h, at most 30 days".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_limits() {
        for (text, seconds) in
            [("90", 90), ("90s", 90), ("30m", 1800), ("30min", 1800), ("2h", 7200), ("30d", 2_592_000)]
        {
            assert_eq!(duration(text), Ok(seconds), "{text}");
        }
        for text in ["", "0", "h", "-1", "1.5h", "31d", "99999999h", "2 h", "2x", "ä"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_limits() {
        assert_eq!(whole(1..=50_u16)("50"), Ok(50));
        for text in ["0", "51", "-1", "", "x", "99999999999"] {
            assert_eq!(whole(1..=50_u16)(text), Err("not a whole number from 1 to 50".to_owned()));
        }
        assert!(environment("0").is_err() && environment("x").is_err());
        assert_eq!(environment("7"), Ok(EnvId(7)));
    }
}
