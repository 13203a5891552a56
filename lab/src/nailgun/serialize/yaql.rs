//! The part of YAQL that graphs of this kind use.
//!
//! An expression outside this part fails the whole transaction, as an error of the real engine does.

mod eval;
mod lexer;
mod parser;

use std::collections::BTreeSet;

use serde_json::Value;

/// What an expression may ask beyond its data.
pub(super) struct Context<'a> {
    /// Id of the task and of the node, for `changed()`.
    pub(super) task: &'a str,
    pub(super) node: &'a str,
    /// Tasks that ended well in an earlier run, by id and node.
    pub(super) succeeded: &'a BTreeSet<(String, String)>,
    /// Whether everything counts as changed.
    pub(super) force: bool,
}

/// An expression of YAQL, parsed.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Literal(Value),
    /// `$`
    Data,
    List(Vec<Node>),
    /// `.name`
    Property(Box<Node>, String),
    /// `name(…)`
    Call(String, Vec<Node>),
    /// `.name(…)`
    Method(Box<Node>, String, Vec<Node>),
    /// `not x`, `-x`
    Unary(&'static str, Box<Node>),
    Binary(&'static str, Box<Node>, Box<Node>),
    /// `a => b`
    Pair(Box<Node>, Box<Node>),
}

/// Evaluates `expression` with `data` as `$`.
///
/// # Errors
/// The message of the real engine.
pub(super) fn evaluate(expression: &str, data: &Value, context: &Context<'_>) -> Result<Value, String> {
    let node = parser::parse(expression)?;
    eval::Evaluator { context }.value(&node, data)
}

/// Whether a value counts as true.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn on(expression: &str, data: &Value) -> Result<Value, String> {
        let succeeded = BTreeSet::from([("again".to_owned(), "3".to_owned())]);
        evaluate(expression, data, &Context { task: "again", node: "3", succeeded: &succeeded, force: false })
    }

    #[test]
    fn what_graphs_use() {
        let data = json!({"uid": "3", "roles": ["compute", "cinder"], "n": 5, "id": 3, "status": "ready"});
        let cases = [
            ("true", json!(true)),
            ("$.uid", json!("3")),
            ("$.uid = '3'", json!(true)),
            ("$.uid != \"3\"", json!(false)),
            ("'compute' in $.roles", json!(true)),
            ("compute in $.roles", json!(true)),
            ("not 'x' in $.roles", json!(true)),
            ("$.uid in ['1', '3']", json!(true)),
            ("$.id in [1, 2]", json!(false)),
            ("$.status = ready and $.n > 4 or false", json!(true)),
            ("$.roles.any($ in ['controller', 'cinder'])", json!(true)),
            ("$.roles.where($ != 'compute').len()", json!(1)),
            ("switch($.roles.any($ in ['controller']) => 'true', true => 'run it')", json!("run it")),
            ("switch(false => 1)", json!(null)),
            ("$.n * 3", json!(15)),
            ("'echo ' + $.uid", json!("echo 3")),
            ("changed($.uid)", json!(false)),
            ("not $.pending and $.status = 'ready'", json!(null)),
        ];
        for (expression, wanted) in cases {
            if wanted.is_null() && expression.contains("pending") {
                assert_eq!(on(expression, &data), Err("'pending'".into()));
            } else {
                assert_eq!(on(expression, &data), Ok(wanted), "{expression}");
            }
        }
    }

    #[test]
    fn faults_have_the_observed_messages() {
        let fault = |expression: &str| on(expression, &json!([{"id": 1}])).unwrap_err();
        assert_eq!(fault("nosuchfunc($)"), "Unknown function \"Unknown function \"nosuchfunc\"\"");
        assert_eq!(fault("$.where($.nosuch = 1).select($.id)"), "'nosuch'");
        assert_eq!(
            fault("$.where(syntax error here (().select($.id)"),
            "Parse error: unexpected 'error' at position 15 of expression '$.where(syntax error here (().select($.id)'"
        );
    }
}
