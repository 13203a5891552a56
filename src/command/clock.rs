//! The time of day.

use jiff::Timestamp;

/// Now, to the second, RFC 3339 in UTC.
pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
