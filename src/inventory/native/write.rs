//! Writes the native form: a line a node, so that people can read it and `diff` can tell what changed.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::{Entry, NativeFile, SCHEMA, Ssh};

impl NativeFile {
    /// The file as YAML, with a word on what it is.
    pub fn to_yaml(&self) -> String {
        let mut text = format!(
            "# The node list of one environment, as `fuel-updates` reads it. `fuel-updates inventory sync` brings it up\n\
             # to date and keeps ssh and each node's user, port, key, jump, legacy_algorithms and label.\n\
             schema: {SCHEMA}\n"
        );
        if let Some(env) = self.env {
            let _ = writeln!(text, "env: {env}");
        }
        if let Some(version) = &self.mos_version {
            let _ = writeln!(text, "mos_version: \"{version}\"");
        }
        if let Some(ssh) = self.ssh.as_ref().filter(|ssh| **ssh != Ssh::default()) {
            let _ = writeln!(text, "ssh: {{{}}}", ssh.pairs().join(", "));
        }
        text.push_str("nodes:\n");
        for entry in &self.nodes {
            let _ = writeln!(text, "  - {{{}}}", entry.pairs().join(", "));
        }
        text
    }

    /// The file as JSON.
    pub fn to_json(&self) -> String {
        // Text keys and no failing parts: nothing is lost by the fallback.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Ssh {
    fn pairs(&self) -> Vec<String> {
        let key = self.key.as_ref().map(|key| key.display().to_string());
        let mut pairs = Vec::new();
        pairs.extend(self.user.as_deref().map(|user| pair("user", user)));
        pairs.extend(self.port.map(|port| format!("port: {port}")));
        pairs.extend(key.map(|key| pair("key", &key)));
        pairs.extend(self.jump.as_deref().map(|jump| pair("jump", jump)));
        pairs.extend(self.legacy_algorithms.map(|legacy| format!("legacy_algorithms: {legacy}")));
        pairs
    }
}

impl Entry {
    fn pairs(&self) -> Vec<String> {
        let mut pairs = Vec::new();
        pairs.extend(self.id.map(|id| format!("id: {id}")));
        pairs.push(pair("name", &self.name));
        pairs.extend(self.fqdn.as_deref().map(|fqdn| pair("fqdn", fqdn)));
        pairs.extend(self.address.as_deref().map(|address| pair("address", address)));
        let roles: Vec<String> = self.roles.iter().map(|role| scalar(role)).collect();
        pairs.push(format!("roles: [{}]", roles.join(", ")));
        let access = Ssh {
            user: self.user.clone(),
            port: self.port,
            key: self.key.clone(),
            jump: self.jump.clone(),
            legacy_algorithms: self.legacy_algorithms,
        };
        pairs.extend(access.pairs());
        pairs.extend(self.label.as_deref().map(|label| pair("label", label)));
        pairs
    }
}

fn pair(key: &str, value: &str) -> String {
    format!("{key}: {}", scalar(value))
}

/// Text that every reader of YAML takes for this text; whatever could be anything else is quoted.
fn scalar(text: &str) -> String {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    let a_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(harmless)
        && !WORDS.contains(&text.to_ascii_lowercase().as_str());
    if a_word || text.parse::<Ipv4Addr>().is_ok() {
        return text.to_owned();
    }
    // YAML reads JSON's quoted text.
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in
            ["a b", "yes", "1e5", "x: y", "- x", "\"", "'", "#", "ü, [x]", "null", "~", "5", "\u{1f600}", "a\\b"]
        {
            let entry = Entry {
                name: "node-1".into(),
                address: Some("fe80::1".into()),
                label: Some(text.into()),
                roles: vec!["compute".into()],
                key: Some("/root/.ssh/my key".into()),
                ..Entry::default()
            };
            let file = NativeFile { schema: Some(SCHEMA), env: Some(3), nodes: vec![entry], ..NativeFile::default() };
            for written in [file.to_yaml(), file.to_json()] {
                assert_eq!(NativeFile::parse(&written).unwrap(), file, "{written}");
                assert_eq!(parse(&written).unwrap().env, Some(3));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_survives(label in "\\PC{0,40}", user in "[ -~]{1,20}") {
            let entry = Entry {
                name: "n".into(),
                address: Some("10.0.0.1".into()),
                label: Some(label),
                user: Some(user),
                ..Entry::default()
            };
            let file = NativeFile { schema: Some(SCHEMA), nodes: vec![entry], ..NativeFile::default() };
            proptest::prop_assert_eq!(NativeFile::parse(&file.to_yaml()).unwrap(), file);
        }
    }
}
