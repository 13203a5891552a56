//! Which command a node gets: a plain one, or the one that a `switch` in YAQL chooses by the node's roles or
//! number. Only the forms that a graph needs are understood:
//!
//! ```text
//! switch(COND => 'COMMAND', …, true => 'COMMAND')
//! COND:  $.roles.any($ in ['controller', …])  |  $.uid in ['3', …]  |  true
//! ```

use serde_json::Value;

use super::GraphTask;

/// The command of a node that has nothing to do in this task.
pub(super) const PASS: &str = "true";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SwitchCondition {
    Roles(Vec<String>),
    Uid(Vec<String>),
    Always,
}

/// The arms of a command: one that always holds where the command is plain.
pub(super) type Arms = Vec<(SwitchCondition, String)>;

/// The arms of a task's command; `None` where it has no command or one that is not understood.
pub(super) fn arms(task: &GraphTask) -> Option<Arms> {
    match task.parameter("cmd")? {
        Value::String(command) => Some(vec![(SwitchCondition::Always, command.clone())]),
        Value::Object(object) if object.len() == 1 => parse(object.get("yaql_exp")?.as_str()?),
        _ => None,
    }
}

/// Every command that a task can run on some node.
pub(super) fn commands(task: &GraphTask) -> Vec<String> {
    arms(task).unwrap_or_default().into_iter().map(|(_, command)| command).collect()
}

/// The command that the node gets; `None` where no arm holds.
pub(super) fn choose<'a>(arms: &'a Arms, uid: &str, roles: &[String]) -> Option<&'a str> {
    let holds = |condition: &SwitchCondition| match condition {
        SwitchCondition::Always => true,
        SwitchCondition::Uid(ids) => ids.iter().any(|id| id == uid),
        SwitchCondition::Roles(names) => roles.iter().any(|role| names.contains(role)),
    };
    arms.iter().find(|(condition, _)| holds(condition)).map(|(_, command)| command.as_str())
}

/// Whether a node passes by in a task with this command (`parameters.cmd`, plain or not yet evaluated). Roles may
/// lack their `primary-`: expressions name both forms. One that is not understood counts as work.
pub fn passes_by(command: &Value, node: u32, roles: &[String]) -> bool {
    let arms = match command {
        Value::String(command) => return command == PASS,
        Value::Object(object) if !roles.is_empty() => object.get("yaql_exp").and_then(Value::as_str).and_then(parse),
        _ => None,
    };
    arms.is_some_and(|arms| choose(&arms, &node.to_string(), roles).is_none_or(|command| command == PASS))
}

/// Reads an expression; `None` where it is not of the form above.
pub(super) fn parse(expression: &str) -> Option<Arms> {
    let mut rest = Unread(expression.trim());
    rest.take("switch(")?;
    let mut arms = Arms::new();
    loop {
        let condition = if rest.take("$.roles.any($ in").is_some() {
            let names = rest.list()?;
            rest.take(")")?;
            SwitchCondition::Roles(names)
        } else if rest.take("$.uid in").is_some() {
            SwitchCondition::Uid(rest.list()?)
        } else {
            rest.take("true")?;
            SwitchCondition::Always
        };
        rest.take("=>")?;
        arms.push((condition, rest.quoted()?));
        if rest.take(",").is_none() {
            rest.take(")")?;
            return rest.0.is_empty().then_some(arms);
        }
    }
}

/// What is left of an expression.
struct Unread<'a>(&'a str);

impl Unread<'_> {
    fn take(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?.trim_start();
        Some(())
    }

    fn quoted(&mut self) -> Option<String> {
        let (text, rest) = self.0.strip_prefix('\'')?.split_once('\'')?;
        self.0 = rest.trim_start();
        // A backslash would begin an escape; no command needs one.
        (!text.contains('\\')).then(|| text.to_owned())
    }

    fn list(&mut self) -> Option<Vec<String>> {
        self.take("[")?;
        let mut items = vec![self.quoted()?];
        while self.take(",").is_some() {
            items.push(self.quoted()?);
        }
        self.take("]")?;
        Some(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(expression: &str, uid: &str, roles: &[&str]) -> Option<String> {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        choose(&parse(expression).unwrap(), uid, &roles).map(str::to_owned)
    }

    #[test]
    fn the_first_arm_that_holds_decides() {
        let text =
            "switch($.roles.any($ in ['controller', 'mongo']) => 'true', $.uid in ['7'] => 'sh x', true => 'other')";
        assert_eq!(chosen(text, "7", &["compute", "mongo"]).as_deref(), Some("true"));
        assert_eq!(chosen(text, "7", &["compute"]).as_deref(), Some("sh x"));
        assert_eq!(chosen(text, "8", &["compute"]).as_deref(), Some("other"));
        assert_eq!(chosen("switch($.uid in ['1'] => 'a')", "2", &[]), None);
    }

    #[test]
    fn who_passes_by() {
        let switch =
            serde_json::json!({"yaql_exp": "switch($.roles.any($ in ['ceph-osd']) => 'true', true => 'sh x')"});
        let roles = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert!(passes_by(&"true".into(), 1, &[]) && !passes_by(&"sh x".into(), 1, &[]));
        assert!(passes_by(&switch, 1, &roles(&["compute", "ceph-osd"])));
        assert!(!passes_by(&switch, 1, &roles(&["compute"])) && !passes_by(&switch, 1, &[]));
        assert!(!passes_by(&serde_json::json!({"yaql_exp": "$.x"}), 1, &roles(&["compute"])));
    }

    #[test]
    fn other_forms_are_not_guessed_at() {
        for text in [
            "",
            "switch()",
            "switch(true => 'a'",
            "switch(true => 'a') + 'b'",
            "switch($.uid = '1' => 'a')",
            "switch(not true => 'a')",
            "switch($.uid in [] => 'a')",
            "concat('a', $.uid)",
            "switch(true => 'a\\'b')",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
