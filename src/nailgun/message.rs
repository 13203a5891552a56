//! The message in the body of an error, in one line.

use serde_json::Value;

use crate::domain::text::one_line;

const MAX_CHARS: usize = 300;
const TRACEBACK: &str = "Traceback (most recent call last)";

/// The message of an error's body. Nailgun answers JSON, plain text, a Python traceback in either of them,
/// a schema of many lines; nginx answers a page.
pub(super) fn of(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let message = match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => {
            let text = object.get("message").and_then(Value::as_str);
            let errors = || object.get("errors").and_then(Value::as_array)?.first()?.as_str();
            text.filter(|text| !text.trim().is_empty()).or_else(errors).unwrap_or_default().to_owned()
        }
        Ok(Value::String(text)) => text,
        _ => text.into_owned(),
    };
    let message = message.trim();
    let line = if message.starts_with('<') {
        title_of(message).unwrap_or("a web page")
    } else if let Some((before, trace)) = message.split_once(TRACEBACK) {
        // The last line names the exception; what stands before the traceback is Nailgun's own sentence.
        let own = before.lines().map(str::trim).find(|line| !line.is_empty());
        own.or_else(|| trace.lines().map(str::trim).rfind(|line| !line.is_empty())).unwrap_or_default()
    } else {
        message.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
    };
    // web.py says `None` where it has nothing to say.
    Some(one_line(line, MAX_CHARS)).filter(|line| !line.is_empty() && line != "None")
}

fn title_of(page: &str) -> Option<&str> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = lower.get(start..)?.find("</title>")? + start;
    page.get(start..end).map(str::trim).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Option<String> {
        of(body.as_bytes())
    }

    #[test]
    fn every_form_becomes_one_line() {
        assert_eq!(message(r#"{"message": "Cluster not found", "errors": []}"#).as_deref(), Some("Cluster not found"));
        assert_eq!(
            message("Stopping deployment task is already launched").as_deref(),
            Some("Stopping deployment task is already launched")
        );
        assert_eq!(
            message(
                "{\"message\": \"u'1' is not of type 'integer'\\n\\nFailed validating 'type' in schema:\\n {...}\"}"
            )
            .as_deref(),
            Some("u'1' is not of type 'integer'")
        );
        assert_eq!(message("<html><head><TITLE>502 Bad Gateway</TITLE>").as_deref(), Some("502 Bad Gateway"));
        assert_eq!(message("<p>x").as_deref(), Some("a web page"));
        for nothing in ["", "None", r#"{"message": "", "errors": []}"#, "{}", "\x1b"] {
            assert_eq!(message(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn of_a_traceback_only_the_exception_is_left() {
        let trace =
            "Traceback (most recent call last):\n  File \"/x/base.py\", line 1, in f\n    secret()\nKeyError: u'99'\n";
        assert_eq!(message(trace).as_deref(), Some("KeyError: u'99'"));
        let json = serde_json::json!({"message": trace, "errors": []}).to_string();
        assert_eq!(message(&json).as_deref(), Some("KeyError: u'99'"));
        assert_eq!(message(&format!("It failed\n{trace}")).as_deref(), Some("It failed"));
    }

    #[test]
    fn escape_sequences_do_not_survive() {
        assert_eq!(message("{\"message\": \"a\\u001b[31mb\"}").as_deref(), Some("a [31mb"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200), text in "<\\PC{0,40}title>\\PC{0,40}") {
            let _ = of(&bytes);
            let _ = message(&text);
        }
    }
}
