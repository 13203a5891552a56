//! Reads one file and recognises its form by its content.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::InventoryError;
use super::fault::Fault;
use super::{ansible_ini, astute, nailgun_list, native, yaml};
use crate::domain::inventory::Inventory;
use crate::domain::numbers::EnvId;
use crate::domain::text::one_line;

/// The largest file that is read, in bytes. Nailgun's list has up to 100 KiB per node, mostly about hardware.
pub const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A node list and its file.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The nodes.
    pub inventory: Inventory,
    /// The file.
    pub path: PathBuf,
    /// The age of the file; None if the file system does not report it.
    pub age: Option<Duration>,
    /// What the operator should know about this file.
    pub warnings: Vec<String>,
}

/// Reads `path`. Of a list of several environments, only the nodes of `env` are kept.
///
/// # Errors
/// [`InventoryError`] with file, line and key.
pub fn read(path: &Path, env: Option<EnvId>) -> Result<Loaded, InventoryError> {
    let error = |source| InventoryError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(error)?;
    let metadata = file.metadata().map_err(error)?;
    if !metadata.is_file() {
        return Err(error(std::io::Error::other("not a regular file")));
    }
    let inventory = from_reader(file, path, env)?;
    let age = metadata.modified().ok().and_then(|m| SystemTime::now().duration_since(m).ok());
    let mut warnings = Vec::new();
    if metadata.permissions().mode() & 0o002 != 0 {
        warnings.push(format!("everyone may write to {}, which decides where the SSH key is used", path.display()));
    }
    Ok(Loaded { inventory, path: path.to_owned(), age, warnings })
}

/// Reads a node list; messages call it `path`.
///
/// # Errors
/// [`InventoryError`] with file, line and key.
pub fn from_reader(reader: impl Read, path: &Path, env: Option<EnvId>) -> Result<Inventory, InventoryError> {
    let mut bytes = Vec::new();
    let read = reader.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|source| InventoryError::Read { path: path.to_owned(), source })?;
    from_bytes(bytes, path, env)
}

/// Parses the bytes of a node list; messages call it `path`.
///
/// # Errors
/// [`InventoryError`] with file, line and key.
pub fn from_bytes(bytes: Vec<u8>, path: &Path, env: Option<EnvId>) -> Result<Inventory, InventoryError> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(InventoryError::TooLarge(path.to_owned()));
    }
    let invalid =
        |fault: Fault| InventoryError::Invalid { path: path.to_owned(), line: fault.line, message: fault.message };
    let text = String::from_utf8(bytes).map_err(|e| {
        let valid = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|b| **b == b'\n').count();
        invalid(Fault::at(line as u64, "not UTF-8 text"))
    })?;
    let mut inventory = match parse(&text, env) {
        Ok(inventory) => inventory,
        Err(ParseError::Fault(fault)) => return Err(invalid(fault)),
        Err(ParseError::WhichEnvironment(known)) => {
            return Err(InventoryError::WhichEnvironment { known, file: Some(path.to_owned()) });
        }
    };
    if let (Some(found), Some(wanted)) = (inventory.env, env)
        && found != wanted
    {
        return Err(InventoryError::OtherEnvironment { path: path.to_owned(), found, wanted });
    }
    if inventory.nodes.is_empty() {
        let left_out = inventory.left_out.iter().map(|(reason, n)| (reason.as_str().to_owned(), *n)).collect();
        return Err(InventoryError::Empty { path: path.to_owned(), env: env.or(inventory.env), left_out });
    }
    for warning in &mut inventory.warnings {
        *warning = format!("{}: {warning}", path.display());
    }
    // A relative key is relative to the file that names it, never to the current directory. `~` stays: only the
    // settings know the home.
    let folder = path.parent().unwrap_or(Path::new("/"));
    for key in inventory.nodes.iter_mut().filter_map(|node| node.access.key.as_mut()) {
        if !key.starts_with("~") {
            *key = folder.join(&*key);
        }
    }
    Ok(inventory)
}

/// Why a text is not a node list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// Something in it is wrong.
    Fault(Fault),
    /// It lists nodes of these environments, and none of them was chosen.
    WhichEnvironment(Vec<EnvId>),
}

impl From<Fault> for ParseError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Parses a node list of any form. Without `env`, a list of several environments must have nodes of only one.
///
/// # Errors
/// [`ParseError`]; a fault has line and key where there are any.
pub fn parse(text: &str, env: Option<EnvId>) -> Result<Inventory, ParseError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match form(text)? {
        FileForm::NodeList { words_before: 0 } => node_list(text, env),
        FileForm::NodeList { words_before } => {
            let mut words = text.lines().take(words_before).map(str::trim).filter(|line| !line.is_empty());
            // Empty lines in their place: faults name the lines of the file.
            let list: Vec<&str> = text.lines().skip(words_before).collect();
            let mut inventory = node_list(&("\n".repeat(words_before) + &list.join("\n")), env)?;
            let first = one_line(words.next().unwrap_or_default(), 80);
            let more = words.count();
            let more = if more == 0 { String::new() } else { format!(" (and {more} more lines)") };
            inventory.warnings.push(format!("text before the JSON is ignored: {first}{more}"));
            Ok(inventory)
        }
        FileForm::AnsibleIni => Ok(ansible_ini::parse(text)?),
        FileForm::Astute => Ok(astute::parse(text)?),
        FileForm::Native => Ok(native::parse(text)?),
    }
}

fn node_list(text: &str, env: Option<EnvId>) -> Result<Inventory, ParseError> {
    let env = match env {
        Some(env) => env,
        None => match Vec::from_iter(nailgun_list::environments(text)?).as_slice() {
            [env] => *env,
            several => return Err(ParseError::WhichEnvironment(several.to_vec())),
        },
    };
    Ok(nailgun_list::parse(text, env)?)
}

enum FileForm {
    /// Nailgun's JSON, after this many lines of other text: the Fuel client prints its warnings there.
    NodeList {
        words_before: usize,
    },
    AnsibleIni,
    Astute,
    Native,
}

/// Recognises the form by the first line that is neither empty nor a comment, then by the keys.
fn form(text: &str) -> Result<FileForm, Fault> {
    let mut lines = (1..).zip(text.lines());
    let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']);
    let Some((number, first)) = lines.find(|(_, line)| says(line)) else {
        return Err(Fault::new(if text.trim().is_empty() {
            "empty"
        } else {
            "holds nothing but comments; on MOS 10.0 the nodes are listed in /etc/hiera/cluster.yaml"
        }));
    };
    let first = first.trim();
    // `[` opens a JSON list of nodes or the first section of an INI file.
    if first.starts_with('[') {
        return Ok(if opens_a_list(first) { FileForm::NodeList { words_before: 0 } } else { FileForm::AnsibleIni });
    }
    if first.split_whitespace().any(|word| word.starts_with("ansible_host=")) {
        return Ok(FileForm::AnsibleIni);
    }
    // A sentence followed by a list comes from the Fuel client: no other form has a list at the beginning of a line.
    if first.split_whitespace().count() > 2
        && let Some(words_before) = text.lines().position(opens_a_list)
    {
        return Ok(FileForm::NodeList { words_before });
    }
    if first.starts_with("- ") {
        return Err(Fault::at(number, "a YAML list; of Nailgun's node lists the JSON form is read (-f json, --json)"));
    }
    if first.starts_with(['<', '|', '+']) || first.starts_with("id |") {
        return Err(Fault::at(
            number,
            "a web page or a table; of Nailgun's node lists the JSON form is read (-f json, --json)",
        ));
    }
    let keys = if first.starts_with('{') { yaml::of_fuel::<Keys>(text)? } else { Keys::at_top_level(text) };
    if keys.network_metadata.is_some() || keys.uid.is_some() {
        return Ok(FileForm::Astute);
    }
    if keys.admin_network.is_some() {
        return Err(Fault::new(
            "the master's own configuration, which lists no nodes; name /etc/fuel/cluster/ID/astute.yaml (master of \
             9.1 and newer), or write the node list with `fuel-updates --env ID inventory sync`",
        ));
    }
    Ok(FileForm::Native)
}

/// Whether a line begins a JSON list of objects.
fn opens_a_list(line: &str) -> bool {
    let inside = line.trim().strip_prefix('[').map(str::trim_start);
    inside.is_some_and(|inside| inside.is_empty() || inside.starts_with(['{', ']']))
}

/// The keys by which the form of a YAML file is recognised.
#[derive(Deserialize)]
struct Keys {
    network_metadata: Option<IgnoredAny>,
    uid: Option<IgnoredAny>,
    #[serde(rename = "ADMIN_NETWORK")]
    admin_network: Option<IgnoredAny>,
}

impl Keys {
    /// Looks at the lines only: a file with a mistake is recognised too.
    fn at_top_level(text: &str) -> Self {
        let has = |key: &str| top_level_key(text, key).then_some(IgnoredAny);
        Self { network_metadata: has("network_metadata"), uid: has("uid"), admin_network: has("ADMIN_NETWORK") }
    }
}

/// Whether a line of YAML has this key at its top level.
fn top_level_key(text: &str, key: &str) -> bool {
    let bare = |line: &str| line.trim_start_matches(['"', '\'']).strip_prefix(key).map(str::to_owned);
    text.lines()
        .filter(|line| !line.starts_with([' ', '#']))
        .any(|line| bare(line).is_some_and(|rest| rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::inventory::InventoryFormat;

    fn format(text: &str) -> InventoryFormat {
        parse(text, Some(EnvId(2))).unwrap_or_else(|e| panic!("{text}: {e:?}")).format
    }

    #[test]
    fn the_form_is_told_by_the_content() {
        let metadata = "network_metadata: {nodes: {node-1: {uid: '1', network_roles: {admin/pxe: 10.20.0.1}}}}";
        for text in [format!("{metadata}\n"), format!("---\nuid: '1'\n{metadata}\n"), format!("{{{metadata}}}")] {
            assert_eq!(format(&text), InventoryFormat::Astute);
        }
        let json = metadata.replace("network_metadata", "\"network_metadata\"");
        for text in [format!("{json}\n"), format!("# x\n\n{{{json}}}")] {
            assert_eq!(format(&text), InventoryFormat::Astute);
        }
        for text in ["[]", "[\n]", " [ {\"id\": 1, \"cluster\": 2, \"ip\": \"10.0.0.1\"}]", "[\n{\"id\": 1}\n]"] {
            assert_eq!(format(text), InventoryFormat::Fuel2Nodes);
        }
        for text in
            ["[x]\nn ansible_host=10.0.0.1\n", "# by fuel2\n\n[x]\nn ansible_host=10.0.0.1", "n ansible_host=10.0.0.1"]
        {
            assert_eq!(format(text), InventoryFormat::AnsibleIni);
        }
        for text in ["nodes: [{name: n, address: h}]", "{\"nodes\": [{\"name\": \"n\", \"address\": \"h\"}]}"] {
            assert_eq!(format(text), InventoryFormat::Native);
            assert_eq!(format(&format!("\u{feff}{text}")), InventoryFormat::Native);
        }
    }

    #[test]
    fn what_is_no_node_list_says_what_it_is() {
        let message = |text: &str| match parse(text, Some(EnvId(2))) {
            Err(ParseError::Fault(fault)) => fault.message,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(message(" \n"), "empty");
        assert!(message("# Deprecated: see hiera\n").contains("/etc/hiera/cluster.yaml"));
        for text in ["HOSTNAME: fuel\nADMIN_NETWORK: {interface: eth0}\n", "{\"ADMIN_NETWORK\": {}}"] {
            assert!(message(text).starts_with("the master's own configuration"), "{}", message(text));
        }
        assert!(message("- id: 1\n").contains("the JSON form is read"));
        assert!(message("<html>").contains("a web page"));
        assert!(message("+----+\n| id |\n").contains("a table"));
        assert!(message("id | status | name\n").contains("a table"));
    }

    #[test]
    fn words_before_the_json_are_named_and_lines_stay_right() {
        let list = "[{\"id\": 1, \"ip\": \"10.0.0.1\", \"cluster\": 2},\n {\"id\": \"x\"}]";
        let words = "DEPRECATION WARNING: LISTEN_PORT was deprecated. Use SERVER_PORT\n";
        let one = list.replace(",\n {\"id\": \"x\"}", "");
        let inventory = parse(&format!("{words}{one}"), Some(EnvId(2))).unwrap();
        assert_eq!(inventory.nodes.len(), 1);
        let ignored =
            "text before the JSON is ignored: DEPRECATION WARNING: LISTEN_PORT was deprecated. Use SERVER_PORT";
        assert_eq!(inventory.warnings, [ignored]);
        let inventory = parse(&format!("{words}\nand once more\n{words}{one}\n"), None).unwrap();
        assert_eq!(inventory.warnings, [format!("{ignored} (and 2 more lines)")]);
        let Err(ParseError::Fault(fault)) = parse(&format!("{words}{list}"), Some(EnvId(2))) else { panic!() };
        assert_eq!(fault.line, Some(3));
    }

    #[test]
    fn a_list_of_one_environment_needs_no_option() {
        let node = |id: u32, env: &str| format!(r#"{{"id": {id}, "ip": "10.0.0.{id}", "cluster": {env}}}"#);
        let one = format!("[{}, {}]", node(1, "4"), node(2, "null"));
        assert_eq!(parse(&one, None).unwrap().env, Some(EnvId(4)));
        let two = format!("[{}, {}]", node(1, "4"), node(2, "5"));
        assert_eq!(parse(&two, None), Err(ParseError::WhichEnvironment(vec![EnvId(4), EnvId(5)])));
    }

    #[test]
    fn a_relative_key_is_beside_its_file() {
        let text = "nodes: [{name: a, address: 10.0.0.1, key: keys/k}, {name: b, address: 10.0.0.2, key: /k}]";
        let inventory = from_bytes(text.into(), Path::new("/etc/x/env-1.yaml"), Some(EnvId(1))).unwrap();
        let keys: Vec<_> = inventory.nodes.iter().map(|n| n.access.key.clone().unwrap()).collect();
        assert_eq!(keys, [Path::new("/etc/x/keys/k"), Path::new("/k")]);
    }
}
