//! Texts that are built into the program packed, because few commands need them: the graph and the schemas. `build.rs` packs
//! them: name, NUL, text, NUL, all of it as one gzip.

use std::io::Read as _;

use flate2::read::GzDecoder;

/// The graph: the files of `graphs/mu` by their path below it.
pub(crate) const GRAPH: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/graph.gz"));
/// The schemas, by their file's path.
pub(crate) const SCHEMAS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/schemas.gz"));

/// The names and texts of a pack.
pub(crate) fn unpack(pack: &[u8]) -> Vec<(String, String)> {
    let mut text = String::new();
    // A pack is a constant of the program, and the tests unpack each.
    let _ = GzDecoder::new(pack).read_to_string(&mut text);
    let mut pieces = text.split_terminator('\0').map(str::to_owned);
    let mut found = Vec::new();
    while let (Some(name), Some(text)) = (pieces.next(), pieces.next()) {
        found.push((name, text));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_what_its_file_holds() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for (pack, folder, least) in [(GRAPH, "graphs/mu", 11), (SCHEMAS, "", 15)] {
            let texts = unpack(pack);
            assert!(texts.len() >= least, "{folder}: {}", texts.len());
            for (name, text) in texts {
                assert_eq!(text, std::fs::read_to_string(root.join(folder).join(&name)).unwrap(), "{name}");
            }
        }
        assert_eq!(unpack(b"no gzip"), []);
    }
}
