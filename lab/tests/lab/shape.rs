//! The shape of a JSON value, in the notation of `nailgun_shapes.tsv`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What values of one place look like, several of them taken together.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    scalars: BTreeSet<&'static str>,
    /// Keys of objects: what is there, and in how many of the objects.
    keys: BTreeMap<String, (Shape, usize)>,
    objects: usize,
    items: Option<Box<Shape>>,
    by_node: Option<Box<Shape>>,
    /// Not looked at.
    opaque: bool,
}

impl Shape {
    /// Adds a value; keys in `opaque` are not looked into.
    pub(super) fn add(&mut self, value: &Value, opaque: &[String]) {
        match value {
            Value::Object(map) if !map.is_empty() && map.keys().all(|key| is_node(key)) => {
                let shape = self.by_node.get_or_insert_default();
                map.values().for_each(|value| shape.add(value, opaque));
            }
            Value::Object(map) => {
                self.objects += 1;
                for (key, value) in map {
                    let (shape, count) = self.keys.entry(key.clone()).or_default();
                    *count += 1;
                    if opaque.contains(key) {
                        shape.opaque = true;
                    } else {
                        shape.add(value, opaque);
                    }
                }
            }
            Value::Array(items) => {
                let shape = self.items.get_or_insert_default();
                items.iter().for_each(|item| shape.add(item, opaque));
            }
            Value::Null => drop(self.scalars.insert("null")),
            Value::Bool(_) => drop(self.scalars.insert("bool")),
            Value::Number(number) => drop(self.scalars.insert(if number.is_f64() { "num" } else { "int" })),
            Value::String(text) => drop(self.scalars.insert(kind(text))),
        }
    }

    /// The shape in words.
    pub(super) fn text(&self) -> String {
        if self.opaque {
            return "*".to_owned();
        }
        let mut parts = Vec::new();
        if self.objects > 0 {
            let keys = self.keys.iter().map(|(key, (shape, count))| {
                let optional = if *count == self.objects { "" } else { "?" };
                format!("{key}{optional}: {}", shape.text())
            });
            parts.push(format!("{{{}}}", keys.collect::<Vec<_>>().join(", ")));
        }
        parts.extend(self.by_node.as_ref().map(|shape| format!("{{<node>: {}}}", shape.text())));
        parts.extend(self.items.as_ref().map(|shape| format!("[{}]", shape.text())));
        let covered = |name: &str| {
            (matches!(name, "time" | "uuid") && self.scalars.contains("str"))
                || (name == "int" && self.scalars.contains("num"))
        };
        parts.extend(self.scalars.iter().filter(|name| !covered(name)).map(|name| (*name).to_owned()));
        parts.sort();
        parts.join("|")
    }
}

fn is_node(key: &str) -> bool {
    matches!(key, "null" | "master") || (!key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()))
}

fn kind(text: &str) -> &'static str {
    let like = |pattern: &str, text: &str| {
        text.len() == pattern.len()
            && text.bytes().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'x' => byte.is_ascii_hexdigit(),
                other => byte == other,
            })
    };
    if like("0000-00-00T00:00:00.000000", text) {
        "time"
    } else if like("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", text) {
        "uuid"
    } else {
        "str"
    }
}

#[test]
fn shapes_of_several_values_are_taken_together() {
    let mut shape = Shape::default();
    shape.add(&serde_json::json!([{"a": 1, "b": null}, {"a": 1.5, "p": {"q": 1}}]), &["p".into()]);
    shape.add(&serde_json::json!([{"a": 1, "b": "x", "c": {"1": [], "null": [true]}}]), &[]);
    assert_eq!(shape.text(), "[{a: num, b?: null|str, c?: {<node>: [bool]}, p?: *}]");
    let mut time = Shape::default();
    time.add(&"2026-01-02T03:04:05.678901".into(), &[]);
    assert_eq!(time.text(), "time");
    time.add(&"other".into(), &[]);
    assert_eq!(time.text(), "str");
}
