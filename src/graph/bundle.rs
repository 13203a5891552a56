//! Scripts on their way to the nodes. Nailgun keeps what an upload carries in its database, a copy for each node and run, so it is
//! made small.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::Graph;
use super::error::GraphError;

/// The word of an upload's `data` that has its scripts packed.
const PACKED: &str = "@gzip";

/// The scripts that an upload names, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bundle {
    text: String,
    packed: bool,
}

impl Bundle {
    /// What the upload carries: base64 of the scripts or, packed, of their gzip without comments.
    pub(super) fn encoded(&self) -> String {
        if !self.packed {
            return STANDARD.encode(&self.text);
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        // Writing to memory cannot fail.
        let packed = gzip.write_all(self.sent().as_bytes()).and_then(|()| gzip.finish());
        STANDARD.encode(packed.unwrap_or_default())
    }

    /// What nodes run: packed scripts have lost their comments, empty lines and indentation. A here-document keeps its lines
    /// as they are: what is a comment in the file that it writes may be the mark by which the file is known.
    pub(super) fn sent(&self) -> String {
        if !self.packed {
            return self.text.clone();
        }
        let mut document = None;
        let mut sent = String::new();
        for line in self.text.lines() {
            let trimmed = line.trim();
            sent.push_str(match document {
                Some(end) => {
                    document = document.filter(|_| trimmed != end);
                    line
                }
                None if trimmed.is_empty() || trimmed.starts_with('#') => continue,
                None => {
                    document = here_document(trimmed);
                    line.trim_start()
                }
            });
            sent.push('\n');
        }
        sent
    }

    /// The scripts as their files have them.
    pub(super) fn text(self) -> String {
        self.text
    }
}

/// The word that ends the here-document which a line begins, if it begins one.
fn here_document(line: &str) -> Option<&str> {
    let rest = line.split_once("<<")?.1;
    let word = rest.trim_start_matches('-').trim_start().trim_start_matches(['\'', '"']);
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
    Some(&word[..end]).filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
}

impl Graph {
    /// The scripts that `data` names (`@gzip @scripts/a.sh @scripts/b.sh`), one after the other.
    ///
    /// # Errors
    /// [`GraphError::NoScript`].
    pub(super) fn bundle(&self, id: &str, data: &str) -> Result<Bundle, GraphError> {
        let packed = data.split_whitespace().next() == Some(PACKED);
        let mut text = String::new();
        for name in data.split_whitespace().skip(usize::from(packed)) {
            let file = name.strip_prefix('@').and_then(|path| self.files.get(path));
            let file = file.ok_or_else(|| GraphError::NoScript { task: id.to_owned(), name: name.to_owned() })?;
            text.push_str(file);
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        Ok(Bundle { text, packed })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn packed_scripts_lose_comments_and_indentation_and_nothing_else() {
        let text = "# why\na=1 # kept\n\n  # indented\n  b \"#\"\ncat <<END\n#!/bin/sh\n  #x\nEND\n".to_owned();
        let bundle = Bundle { text, packed: true };
        assert_eq!(bundle.sent(), "a=1 # kept\nb \"#\"\ncat <<END\n#!/bin/sh\n  #x\nEND\n");
        let sent = STANDARD.decode(bundle.encoded()).unwrap();
        let mut unpacked = String::new();
        GzDecoder::new(&sent[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, bundle.sent());
    }

    #[test]
    fn here_documents_are_found_in_their_forms() {
        assert_eq!(here_document("cat <<END | tee x"), Some("END"));
        assert_eq!(here_document("cat <<-'EOF'"), Some("EOF"));
        assert_eq!(here_document("cat << \"E_1\""), Some("E_1"));
        assert_eq!(here_document("x=$((1 << 2))"), None);
        assert_eq!(here_document("echo"), None);
    }

    #[test]
    fn an_operator_s_graph_may_send_its_scripts_as_they_are() {
        let bundle = Bundle { text: "# x\n".to_owned(), packed: false };
        assert_eq!((bundle.encoded().as_str(), bundle.sent().as_str()), ("IyB4Cg==", "# x\n"));
    }

    #[test]
    fn the_built_in_scripts_are_small() {
        let graph = Graph::builtin().unwrap();
        for (upload, limit) in [("mu_script", 20 * 1024), ("mu_script_cluster", 8 * 1024)] {
            let data = graph.tasks.iter().find(|task| task.id == upload).unwrap().parameter("data").unwrap();
            let size = graph.bundle(upload, data.as_str().unwrap()).unwrap().encoded().len();
            assert!(size < limit, "{upload}: {size} bytes travel to each node");
        }
    }
}
