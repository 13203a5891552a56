//! Writes the native form: one line per node, so that people can read it and `diff` shows what changed.

use serde::Serialize;
use serde_saphyr::FlowMap;

use super::{NativeFile, NativeNode, NativeSsh, SCHEMA};
use crate::domain::mos_version::MosVersion;
use crate::domain::numbers::EnvId;

/// The comment at the beginning of a file.
const HEAD: &str = "\
# The node list of one environment, for `fuel-updates`. `fuel-updates inventory sync` updates it from Nailgun
# and keeps ssh and each node's user, port, key, jump, legacy_algorithms and label.
";

/// The file with its inner maps on one line each.
#[derive(Serialize)]
struct Lines<'a> {
    schema: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<EnvId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mos_version: Option<&'a MosVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssh: Option<FlowMap<&'a NativeSsh>>,
    nodes: Vec<FlowMap<&'a NativeNode>>,
}

impl NativeFile {
    /// The file as YAML, with a comment that says what it is.
    pub fn to_yaml(&self) -> String {
        let lines = Lines {
            schema: SCHEMA,
            env: self.env,
            mos_version: self.mos_version.as_ref(),
            ssh: self.ssh.as_ref().filter(|ssh| **ssh != NativeSsh::default()).map(FlowMap),
            nodes: self.nodes.iter().map(FlowMap).collect(),
        };
        // Only text keys and scalars: writing them into memory cannot fail. Whoever writes the file parses it first.
        HEAD.to_owned() + &serde_saphyr::to_string(&lines).unwrap_or_default()
    }

    /// The file as JSON.
    pub fn to_json(&self) -> String {
        // As above.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
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
            let entry = NativeNode {
                name: "node-1".into(),
                address: Some("fe80::1".into()),
                label: Some(text.into()),
                roles: vec!["compute".into()],
                key: Some("/root/.ssh/my key".into()),
                ..NativeNode::default()
            };
            let file =
                NativeFile { schema: Some(SCHEMA), env: Some(EnvId(3)), nodes: vec![entry], ..NativeFile::default() };
            for written in [file.to_yaml(), file.to_json()] {
                assert_eq!(NativeFile::parse(&written).unwrap(), file, "{written}");
                assert_eq!(parse(&written).unwrap().env, Some(EnvId(3)));
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_survives(label in "\\PC{0,40}", user in "[ -~]{1,20}") {
            let entry = NativeNode {
                name: "n".into(),
                address: Some("10.0.0.1".into()),
                label: Some(label),
                user: Some(user),
                ..NativeNode::default()
            };
            let file = NativeFile { schema: Some(SCHEMA), nodes: vec![entry], ..NativeFile::default() };
            proptest::prop_assert_eq!(NativeFile::parse(&file.to_yaml()).unwrap(), file);
        }
    }
}
