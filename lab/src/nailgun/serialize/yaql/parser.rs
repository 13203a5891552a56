//! From words to an expression.

use serde_json::{Value, json};

use super::Node;
use super::lexer::{Kind, Token, tokens, unexpected};

/// Binary operators, from those that bind least to those that bind most.
const LEVELS: &[&[&str]] =
    &[&["=>"], &["or"], &["and"], &["=", "!=", "<=", ">=", "<", ">", "in"], &["+", "-"], &["*", "/"]];
/// The level above which `not` stands.
const NOT_LEVEL: usize = 3;

pub(super) fn parse(expression: &str) -> Result<Node, String> {
    let mut parser = Parser { expression, tokens: tokens(expression)?, next: 0 };
    let node = parser.binary(0)?;
    match parser.peek() {
        Some(_) => Err(parser.unexpected()),
        None => Ok(node),
    }
}

struct Parser<'a> {
    expression: &'a str,
    tokens: Vec<Token>,
    next: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn unexpected(&self) -> String {
        match self.peek() {
            Some(token) => unexpected(&token.text, token.at, self.expression),
            None => "Parse error: unexpected end of statement".to_owned(),
        }
    }

    /// Takes the next word if it is this one.
    fn take(&mut self, text: &str) -> bool {
        let found = self.peek().is_some_and(|t| matches!(t.kind, Kind::Sign | Kind::Word) && t.text == text);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.take(text) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn binary(&mut self, level: usize) -> Result<Node, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        if level == NOT_LEVEL && self.take("not") {
            return Ok(Node::Unary("not", Box::new(self.binary(level)?)));
        }
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().copied().find(|operator| self.take(operator)) {
            let right = Box::new(self.binary(level + 1)?);
            left = if operator == "=>" {
                Node::Pair(Box::new(left), right)
            } else {
                Node::Binary(operator, Box::new(left), right)
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, String> {
        if self.take("-") {
            return Ok(Node::Unary("-", Box::new(self.unary()?)));
        }
        let mut node = self.primary()?;
        while self.take(".") {
            let name = self.word()?;
            node = if self.take("(") {
                Node::Method(Box::new(node), name, self.list(")")?)
            } else {
                Node::Property(Box::new(node), name)
            };
        }
        Ok(node)
    }

    fn word(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(Token { kind: Kind::Word, text, .. }) => {
                let name = text.clone();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn primary(&mut self) -> Result<Node, String> {
        let Some(token) = self.peek().cloned() else { return Err(self.unexpected()) };
        match token.kind {
            Kind::Text(text) => {
                self.next += 1;
                Ok(Node::Literal(Value::String(text)))
            }
            Kind::Number(number) => {
                self.next += 1;
                Ok(Node::Literal(Value::Number(number)))
            }
            Kind::Word => {
                self.next += 1;
                if self.take("(") {
                    return Ok(Node::Call(token.text, self.list(")")?));
                }
                Ok(Node::Literal(match token.text.as_str() {
                    "true" => json!(true),
                    "false" => json!(false),
                    "null" => Value::Null,
                    // An unquoted word is a string: `$.status = ready`.
                    word => json!(word),
                }))
            }
            Kind::Sign if self.take("$") => Ok(Node::Data),
            Kind::Sign if self.take("[") => Ok(Node::List(self.list("]")?)),
            Kind::Sign if self.take("(") => {
                let node = self.binary(0)?;
                self.expect(")")?;
                Ok(node)
            }
            Kind::Sign => Err(self.unexpected()),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut items = Vec::new();
        if self.take(end) {
            return Ok(items);
        }
        loop {
            items.push(self.binary(0)?);
            if self.take(end) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }
}
