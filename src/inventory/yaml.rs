//! YAML as Fuel writes it: Ruby's and Python's libraries of 2014, YAML 1.1, with anchors. Only the keys that are asked
//! for become values, so a hostile file costs time but no memory.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_saphyr::DuplicateKeyPolicy;
use serde_saphyr::options::{NonFiniteFloatPolicy, Options};

use super::fault::Fault;

/// The most values (maps, lists, scalars) in one file. An environment of 1000 nodes has about 150 000.
const MAX_NODES: usize = 1_500_000;
/// The same for a file with a repeated key: to find the last value, maps are kept in memory, 250 bytes for each value.
const MAX_KEPT: usize = 300_000;
/// The most that anchors keep, in values and in bytes, and the most values that aliases repeat.
const MAX_ANCHORED: usize = 200_000;
const MAX_ANCHORED_BYTES: usize = 16 * 1024 * 1024;
const MAX_REPEATED: usize = 1_000_000;

/// Reads a file that Fuel wrote. Keys that the type does not ask for are skipped, whatever their values look like:
/// `0644`, `yes` and `.inf` are not errors there. Of a key that is there twice the last value counts, as for PyYAML.
pub(super) fn of_fuel<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let (mut binary_as_written, mut duplicates) = (false, DuplicateKeyPolicy::Error);
    loop {
        // Each of both costs memory or exactness, so a file is first read without.
        match read(text, options(binary_as_written, duplicates)) {
            Err(fault) if fault.is_duplicate_key() && matches!(duplicates, DuplicateKeyPolicy::Error) => {
                duplicates = DuplicateKeyPolicy::LastWins;
            }
            // Ruby writes a name with an umlaut as `!binary`, which is decoded. Binary data that is not text is in other
            // keys; there it stays as it is written.
            Err(_) if text.contains("!binary") && !binary_as_written => binary_as_written = true,
            read => return read,
        }
    }
}

/// Reads a file of our own: YAML 1.2, small, without unknown or repeated keys.
///
/// # Errors
/// [`Fault`] with line and key.
pub fn of_ours<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    read(text, serde_saphyr::options! { with_snippet: false })
}

fn read<T: DeserializeOwned>(text: &str, options: Options) -> Result<T, Fault> {
    let mut key = None;
    let read = serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            key = Some(error.path().to_string());
            error.into_inner()
        })
    });
    read.map_err(|error| Fault::from(error).in_key(key.as_deref()))
}

fn options(binary_as_written: bool, duplicate_keys: DuplicateKeyPolicy) -> Options {
    let max_nodes = if matches!(duplicate_keys, DuplicateKeyPolicy::Error) { MAX_NODES } else { MAX_KEPT };
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 2 * max_nodes,
            max_nodes: max_nodes,
            max_recorded_anchor_events: MAX_ANCHORED,
            max_recorded_anchor_bytes: MAX_ANCHORED_BYTES,
            // Python writes one anchor that every node repeats; that is not an attack. What aliases repeat is counted.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPEATED },
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        ignore_binary_tag_for_string: binary_as_written,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        duplicate_keys: duplicate_keys,
        with_snippet: false,
    }
}

/// A scalar as it is written: `'5'` and `5` are the same, `9.0` stays `9.0`, `010` stays `010`; null is None.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct One {
        x: Text,
    }

    fn x(text: &str) -> Option<String> {
        of_fuel::<One>(text).unwrap_or_else(|f| panic!("{text}: {f:?}")).x.0
    }

    #[test]
    fn scalars_stay_as_they_are_written() {
        for text in ["5", "'5'", "!!str 5", "\"5\"", "&a 5"] {
            assert_eq!(x(&format!("x: {text}\n")).as_deref(), Some("5"), "{text}");
        }
        for text in ["010", "9.0", "10.0", "yes", "on", "1e5", "0x10", "1_000", "2016-01-01", "52:54:00"] {
            assert_eq!(x(&format!("x: {text}\n")).as_deref(), Some(text));
        }
        for text in ["null", "~", "", "''", "Null"] {
            assert_eq!(x(&format!("x: {text}\n")), None, "{text}");
        }
        assert_eq!(x("x: !!python/unicode 'a'\n").as_deref(), Some("a"));
        assert_eq!(x("x: !binary |-\n  w6k=\n").as_deref(), Some("é"));
        assert_eq!(x("x: !!binary |\n  w6k=\n").as_deref(), Some("é"));
    }

    #[test]
    fn what_is_not_asked_for_may_be_anything() {
        for other in [
            "0644",
            "08",
            "yes",
            ".inf",
            "-.inf",
            ".nan",
            "1e999",
            "0o9",
            "12345678901234567890123456789",
            "1_000",
            "+12e03",
            "190:20:30",
            "2001-12-14t21:59:43.10-05:00",
            "!ruby/regexp /x/",
            "!ruby/object:Set {a: 1}",
            "!ruby/sym deploy",
            ":symbol",
            "!!python/tuple [1, 2]",
            "!!set {a, b}",
            "!binary aGVsbG8=",
            "!!binary gIGC",
            "{? [1, 2] : x}",
            "{1: a, 0x1f: b, true: c, ~: d}",
            "=",
            "|\n  -----BEGIN RSA PRIVATE KEY-----\n  x\n",
        ] {
            assert_eq!(x(&format!("o: {other}\nx: 1\n")).as_deref(), Some("1"), "{other}");
        }
        assert_eq!(x("--- \na: &id001\n  b: 1\nc:\n  <<: *id001\n  d: 2\nx: 1\n...\n").as_deref(), Some("1"));
        assert_eq!(x("%YAML 1.1\n---\nx: 1\n").as_deref(), Some("1"));
    }

    #[test]
    fn the_last_of_a_repeated_key_counts() {
        for repeated in ["o: 1\nx: 1\no: 2\n", "x: 3\nx: 1\n", "o: {a: 1, a: [2]}\nx: 1\no: {a: 3}\n"] {
            assert_eq!(x(repeated).as_deref(), Some("1"), "{repeated}");
        }
        assert_eq!(x("o: !binary gIGC\nx: 3\no: !binary gIGC\nx: !binary w6k=\n").as_deref(), Some("w6k="));
    }

    #[test]
    fn a_repeated_key_costs_bounded_memory() {
        let fault = of_fuel::<One>(&format!("x: 1\nx: 2\no:\n{}", "- x\n".repeat(MAX_KEPT))).unwrap_err();
        assert!(fault.message.contains("too large"), "{fault:?}");
    }

    #[test]
    fn one_anchor_for_every_node_is_no_attack() {
        let mut text = "a: &id001 {b: 1}\nlist:\n".to_owned();
        text.push_str(&"- *id001\n".repeat(2000));
        assert_eq!(x(&(text + "x: 1\n")).as_deref(), Some("1"));
    }

    #[test]
    fn a_bomb_of_aliases_goes_off_in_the_budget() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for i in 1..12 {
            text += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
        }
        let fault = of_fuel::<One>(&(text + "x: 1\n")).unwrap_err();
        assert!(fault.line.is_some(), "{fault:?}");
    }
}
