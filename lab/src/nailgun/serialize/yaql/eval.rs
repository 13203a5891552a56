//! From an expression to its value.

use serde_json::{Value, json};

use super::{Context, Node, truth};

pub(super) struct Evaluator<'a> {
    pub(super) context: &'a Context<'a>,
}

impl Evaluator<'_> {
    pub(super) fn value(&self, node: &Node, data: &Value) -> Result<Value, String> {
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Data => Ok(data.clone()),
            Node::List(items) => items.iter().map(|item| self.value(item, data)).collect(),
            Node::Property(of, name) => property(&self.value(of, data)?, name),
            Node::Call(name, arguments) => self.call(name, arguments, data),
            Node::Method(of, name, arguments) => self.method(self.value(of, data)?, name, arguments, data),
            Node::Unary("not", of) => Ok(json!(!truth(&self.value(of, data)?))),
            Node::Unary(_, of) => match self.value(of, data)?.as_i64() {
                Some(number) => Ok(json!(-number)),
                None => Err(no_overload("-")),
            },
            Node::Binary("and", left, right) => {
                let left = self.value(left, data)?;
                if truth(&left) { self.value(right, data) } else { Ok(left) }
            }
            Node::Binary("or", left, right) => {
                let left = self.value(left, data)?;
                if truth(&left) { Ok(left) } else { self.value(right, data) }
            }
            Node::Binary(operator, left, right) => {
                operate(operator, &self.value(left, data)?, &self.value(right, data)?)
            }
            Node::Pair(..) => Err(no_overload("=>")),
        }
    }

    fn call(&self, name: &str, arguments: &[Node], data: &Value) -> Result<Value, String> {
        match (name, arguments) {
            ("switch", cases) => {
                for case in cases {
                    let Node::Pair(condition, result) = case else { return Err(no_overload("switch")) };
                    if truth(&self.value(condition, data)?) {
                        return self.value(result, data);
                    }
                }
                Ok(Value::Null)
            }
            // The values themselves are evaluated, so that a wrong one is found, and then only the last run of
            // this task on this node counts: the lab's nodes never change their settings.
            ("changed" | "changedAny" | "changedAll", values) => {
                for value in values {
                    self.value(value, data)?;
                }
                let key = (self.context.task.to_owned(), self.context.node.to_owned());
                Ok(json!(self.context.force || !self.context.succeeded.contains(&key)))
            }
            ("coalesce", values) => {
                for value in values {
                    let value = self.value(value, data)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(Value::Null)
            }
            ("len" | "str" | "int" | "bool", [of]) => {
                let of = self.value(of, data)?;
                self.method(of, name, &[], data)
            }
            _ => Err(unknown_function(name)),
        }
    }

    fn method(&self, of: Value, name: &str, arguments: &[Node], data: &Value) -> Result<Value, String> {
        let items = |of: Value| match of {
            Value::Array(items) => Ok(items),
            _ => Err(no_overload(name)),
        };
        let test = |item: &Value| match arguments {
            [predicate] => self.value(predicate, item).map(|value| truth(&value)),
            _ => Ok(truth(item)),
        };
        match (name, arguments) {
            ("any", []) => Ok(json!(!items(of)?.is_empty())),
            ("any", [_]) => any(&items(of)?, test).map(Into::into),
            ("all", _) => any(&items(of)?, |item| test(item).map(|truth| !truth)).map(|found| json!(!found)),
            ("where", [_]) => {
                let mut kept = Vec::new();
                for item in items(of)? {
                    if test(&item)? {
                        kept.push(item);
                    }
                }
                Ok(Value::Array(kept))
            }
            ("select", [what]) => items(of)?.iter().map(|item| self.value(what, item)).collect(),
            ("first", _) => Ok(items(of)?.into_iter().next().unwrap_or(Value::Null)),
            ("len", []) => match &of {
                Value::Array(items) => Ok(json!(items.len())),
                Value::String(text) => Ok(json!(text.chars().count())),
                Value::Object(map) => Ok(json!(map.len())),
                _ => Err(no_overload(name)),
            },
            ("values", []) => match of {
                Value::Object(map) => Ok(map.into_iter().map(|(_, value)| value).collect()),
                _ => Err(no_overload(name)),
            },
            ("keys", []) => match of {
                Value::Object(map) => Ok(map.into_iter().map(|(key, _)| Value::String(key)).collect()),
                _ => Err(no_overload(name)),
            },
            ("toList", []) => Ok(of),
            ("str", []) => Ok(json!(of.as_str().map_or_else(|| of.to_string(), str::to_owned))),
            ("int", []) => {
                let number = of.as_i64().or_else(|| of.as_str().and_then(|text| text.parse().ok()));
                number.map(|number| json!(number)).ok_or_else(|| no_overload(name))
            }
            ("bool", []) => Ok(json!(truth(&of))),
            ("startsWith", [start]) => {
                let start = self.value(start, data)?;
                match (of.as_str(), start.as_str()) {
                    (Some(text), Some(start)) => Ok(json!(text.starts_with(start))),
                    _ => Err(no_overload(name)),
                }
            }
            _ => Err(unknown_function(name)),
        }
    }
}

fn any(items: &[Value], test: impl Fn(&Value) -> Result<bool, String>) -> Result<bool, String> {
    for item in items {
        if test(item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn property(of: &Value, name: &str) -> Result<Value, String> {
    match of {
        Value::Object(map) => map.get(name).cloned().ok_or_else(|| format!("'{name}'")),
        Value::Array(items) => items.iter().map(|item| property(item, name)).collect(),
        _ => Err(format!("Unable to resolve key '{name}'")),
    }
}

fn operate(operator: &str, left: &Value, right: &Value) -> Result<Value, String> {
    let numbers = left.as_i64().zip(right.as_i64());
    let texts = left.as_str().zip(right.as_str());
    match operator {
        "=" => Ok(json!(left == right)),
        "!=" => Ok(json!(left != right)),
        "in" => match right {
            Value::Array(items) => Ok(json!(items.contains(left))),
            Value::Object(map) => Ok(json!(left.as_str().is_some_and(|key| map.contains_key(key)))),
            _ => texts.map(|(part, whole)| json!(whole.contains(part))).ok_or_else(|| no_overload("in")),
        },
        "<" | ">" | "<=" | ">=" => {
            let order = numbers.map(|(a, b)| a.cmp(&b)).or_else(|| texts.map(|(a, b)| a.cmp(b)));
            let order = order.ok_or_else(|| no_overload(operator))?;
            Ok(json!(match operator {
                "<" => order.is_lt(),
                ">" => order.is_gt(),
                "<=" => order.is_le(),
                _ => order.is_ge(),
            }))
        }
        "+" => match (left, right) {
            (Value::String(a), Value::String(b)) => Ok(json!(format!("{a}{b}"))),
            (Value::Array(a), Value::Array(b)) => Ok(a.iter().chain(b).cloned().collect()),
            _ => numbers.map(|(a, b)| json!(a.wrapping_add(b))).ok_or_else(|| no_overload("+")),
        },
        "-" => numbers.map(|(a, b)| json!(a.wrapping_sub(b))).ok_or_else(|| no_overload("-")),
        "*" => numbers.map(|(a, b)| json!(a.wrapping_mul(b))).ok_or_else(|| no_overload("*")),
        _ => numbers.and_then(|(a, b)| a.checked_div(b)).map(|n| json!(n)).ok_or_else(|| no_overload("/")),
    }
}

fn unknown_function(name: &str) -> String {
    // The real message quotes itself.
    format!("Unknown function \"Unknown function \"{name}\"\"")
}

fn no_overload(name: &str) -> String {
    format!("No function \"{name}\" matches supplied arguments")
}
