//! Words of an expression.

use serde_json::Number;

/// A word and where it stands, counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) at: usize,
}

/// What a word is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name, a keyword or an operator in letters.
    Word,
    Text(String),
    Number(Number),
    Sign,
}

const SIGNS: &[&str] = &["=>", "!=", "<=", ">=", "$", ".", ",", "(", ")", "[", "]", "=", "<", ">", "+", "-", "*", "/"];

pub(super) fn tokens(expression: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    loop {
        rest = rest.trim_start();
        let at = expression.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let (kind, length) = if first.is_ascii_alphabetic() || first == '_' {
            (Kind::Word, rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len()))
        } else if first.is_ascii_digit() {
            let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let number: u64 = rest[..length].parse().map_err(|_| unexpected(&rest[..length], at, expression))?;
            (Kind::Number(number.into()), length)
        } else if first == '\'' || first == '"' {
            text(rest, first).ok_or_else(|| unexpected(&first.to_string(), at, expression))?
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            (Kind::Sign, sign.ok_or_else(|| unexpected(&first.to_string(), at, expression))?.len())
        };
        tokens.push(Token { kind, text: rest[..length].to_owned(), at });
        rest = &rest[length..];
    }
}

/// A quoted text and how long it is with its quotes.
fn text(rest: &str, quote: char) -> Option<(Kind, usize)> {
    let mut out = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => out.push(chars.next()?.1),
            c if c == quote => return Some((Kind::Text(out), at + 1)),
            c => out.push(c),
        }
    }
    None
}

pub(super) fn unexpected(word: &str, at: usize, expression: &str) -> String {
    format!("Parse error: unexpected '{word}' at position {at} of expression '{expression}'")
}
