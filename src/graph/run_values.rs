//! The values of one run, and the `env` file with which every node gets them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::error::GraphError;
use crate::domain::mos_version::MosVersion;
use crate::domain::mu::Mu;
use crate::domain::numbers::EnvId;
use crate::domain::text::one_line;

/// What an operator chose for a run, as far as scripts on the nodes act on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// How much each node downloads at most, in KiB per second; 0: no limit.
    pub download_rate: u32,
    /// Whether all services of a node's roles restart, and not only those that load a changed package.
    pub restart_all: bool,
    /// Whether the database is not saved before packages of controllers change.
    pub no_db_backup: bool,
    /// How many minutes a node waits at most for the end of work that its restarts would break.
    pub wait_for_quiet: u32,
}

/// The values of one run (a node gets them as `/var/lib/fuel-mu/env`).
#[derive(Clone, Debug)]
pub struct RunValues {
    /// The run's id; begins with the time, so that names sort by it: `20261123T002301Z-1a2b`. [`RunValues::ANY_RUN`]: the
    /// pre-check on each node chooses one.
    pub run: String,
    /// The environment's number; none: any environment.
    pub env: Option<EnvId>,
    /// The update that the mirror announces.
    pub target: Mu,
    /// The mirror's bytes: what the commit writes as `mu-version.json`.
    pub file: Vec<u8>,
    /// Names of the MOS repositories, as of `/etc/apt/sources.list.d/NAME.list`; none: `mos*.list` of the node.
    pub repos: Vec<String>,
    /// The environment's repositories, (name, `deb URI SUITE SECTION…`): a node whose files say something
    /// else is refused. None: not compared.
    pub sources: Vec<(String, String)>,
    /// The nodes of the run with their roles; `primary-` may stand before a role or not. A node that is not
    /// in here is refused. None: services are chosen by what a node has.
    pub roles: Vec<(u32, Vec<String>)>,
    /// What nodes ran before, for those who come back to the run. Nodes do not read it.
    pub before: Vec<(u32, Mu)>,
    /// The environment's MOS version: `9.0`. Chooses rows of the list of services.
    pub mos_version: Option<MosVersion>,
    /// The compute that is updated before the others; none: all computes are alike.
    pub canary: Option<u32>,
    /// Whether RabbitMQ is restarted (the message queue stops for everybody).
    pub restart_rabbitmq: bool,
    /// Whether MySQL is restarted (every API stops).
    pub restart_mysql: bool,
    /// Whether the checks of pacemaker, galera, RabbitMQ, agents and ceph are left out.
    pub skip_cluster_checks: bool,
    /// Further options.
    pub options: RunOptions,
}

impl RunValues {
    /// The id of a run that is not known yet.
    pub const ANY_RUN: &'static str = "auto";

    /// Values that hold for any run in any environment of a MOS version; `file` is the update's `mu-version.json`.
    pub fn for_any_run(target: Mu, file: Vec<u8>, mos_version: MosVersion) -> Self {
        Self {
            run: Self::ANY_RUN.to_owned(),
            env: None,
            target,
            file,
            repos: vec![],
            sources: vec![],
            roles: vec![],
            before: vec![],
            mos_version: Some(mos_version),
            canary: None,
            restart_rabbitmq: false,
            restart_mysql: false,
            skip_cluster_checks: false,
            options: RunOptions::default(),
        }
    }

    /// `[{"nodes": [1, 2], "mu": {…}}, …]`: every update once, because each node gets all of it.
    fn before_json(&self) -> String {
        let mut groups: Vec<(&Mu, Vec<u32>)> = Vec::new();
        for (node, mu) in &self.before {
            match groups.iter_mut().find(|(known, _)| *known == mu) {
                Some((_, nodes)) => nodes.push(*node),
                None => groups.push((mu, vec![*node])),
            }
        }
        let group = |(mu, nodes): (&Mu, Vec<u32>)| {
            let Mu { id, title, timestamp, doc_link } = mu;
            json!({"nodes": nodes, "mu": {"id": id, "title": title, "timestamp": timestamp, "doc_link": doc_link}})
        };
        serde_json::Value::from(groups.into_iter().map(group).collect::<Vec<_>>()).to_string()
    }

    /// The text of the `env` file: lines `KEY='value'`, values of harmless characters only.
    ///
    /// # Errors
    /// [`GraphError::Value`] names the key whose value may not be sent.
    pub fn to_env_file(&self) -> Result<String, GraphError> {
        // The node reads its copy of this text with sed: compact, and the keys in this order.
        let title = serde_json::Value::from(self.target.title.as_str());
        let target = format!(r#"{{"id":{},"title":{title},"timestamp":{}}}"#, self.target.id, self.target.timestamp);
        let sources: String = self.sources.iter().map(|(name, line)| format!("{name} {line}\n")).collect();
        let roles: Vec<String> = self.roles.iter().map(|(id, roles)| format!("{id}:{}", roles.join(","))).collect();
        let flag = |on: bool| if on { "1" } else { "0" }.to_owned();
        let lines = [
            ("MU_RUN", self.run.clone()),
            ("MU_ENV", self.env.map(|env| env.to_string()).unwrap_or_default()),
            ("MU_TARGET_ID", self.target.id.to_string()),
            ("MU_TARGET_TIMESTAMP", self.target.timestamp.to_string()),
            ("MU_TARGET_JSON_B64", STANDARD.encode(target)),
            ("MU_FILE_B64", STANDARD.encode(&self.file)),
            ("MU_REPOS", self.repos.join(" ")),
            ("MU_SOURCES_B64", STANDARD.encode(sources)),
            ("MU_ROLES", roles.join(" ")),
            ("MU_BEFORE_B64", STANDARD.encode(self.before_json())),
            ("MU_MOS", self.mos_version.as_deref().unwrap_or_default().to_owned()),
            ("MU_RESTART_RABBITMQ", flag(self.restart_rabbitmq)),
            ("MU_RESTART_MYSQL", flag(self.restart_mysql)),
            ("MU_SKIP_CLUSTER_CHECKS", flag(self.skip_cluster_checks)),
            ("MU_RESTART_ALL", flag(self.options.restart_all)),
            ("MU_DB_BACKUP", flag(!self.options.no_db_backup)),
            ("MU_WAIT_FOR_QUIET", self.options.wait_for_quiet.to_string()),
            ("MU_DOWNLOAD_RATE", self.options.download_rate.to_string()),
        ];
        let mut file = String::new();
        for (key, value) in lines {
            let harmless = |c: char| c.is_ascii_alphanumeric() || "+/=._:,@ -".contains(c);
            if !value.chars().all(harmless) {
                return Err(GraphError::Value { key, value: one_line(&value, 60) });
            }
            file.push_str(&format!("{key}='{value}'\n"));
        }
        Ok(file)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::graph) fn values() -> RunValues {
        RunValues {
            run: "20261123T002301Z-1a2b".into(),
            env: Some(EnvId(1)),
            target: Mu { id: 3, title: "it's \"MU\" 3 {x}".into(), timestamp: 1_467_647_277, doc_link: None },
            file: b"{\"id\": 3}\n".to_vec(),
            repos: vec!["mos".into(), "mos-updates".into()],
            sources: vec![("mos".into(), "deb http://10.20.0.2:8080/mos mos9.0 main".into())],
            roles: vec![(1, vec!["primary-controller".into()]), (7, vec!["compute".into(), "ceph-osd".into()])],
            before: vec![
                (1, Mu { id: 2, title: "it's \"MU\" 2".into(), timestamp: 1_467_000_000, doc_link: None }),
                (7, Mu { id: 2, title: "it's \"MU\" 2".into(), timestamp: 1_467_000_000, doc_link: None }),
            ],
            mos_version: "9.0".parse().ok(),
            canary: Some(7),
            restart_rabbitmq: false,
            restart_mysql: true,
            skip_cluster_checks: false,
            options: RunOptions::default(),
        }
    }

    #[test]
    fn whatever_a_title_holds_the_file_is_harmless() {
        let file = values().to_env_file().unwrap();
        assert!(file.contains("MU_RUN='20261123T002301Z-1a2b'\n"), "{file}");
        assert!(file.contains("MU_ROLES='1:primary-controller 7:compute,ceph-osd'\n"), "{file}");
        assert!(!file.contains(['{', '}', '"', '$', '`', '\\']), "{file}");
        let json = file.lines().find_map(|line| line.strip_prefix("MU_TARGET_JSON_B64='")).unwrap();
        let json = STANDARD.decode(json.trim_end_matches('\'')).unwrap();
        assert_eq!(String::from_utf8(json).unwrap(), r#"{"id":3,"title":"it's \"MU\" 3 {x}","timestamp":1467647277}"#);
    }

    #[test]
    fn a_value_with_a_quote_is_refused() {
        let mut bad = values();
        bad.repos = vec!["mos'; reboot #".into()];
        assert_eq!(
            bad.to_env_file().unwrap_err().to_string(),
            "MU_REPOS holds a character that a node may not be sent: mos'; reboot #"
        );
    }
}
