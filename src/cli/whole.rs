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

#[cfg(test)]
mod tests {
    use super::*;

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
