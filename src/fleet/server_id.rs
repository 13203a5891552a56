//! What an SSH server's identification tells about RSA signatures.

use russh::keys::HashAlg;

/// The hashes to sign with, best first, for an RSA key at the server that identifies itself as `id`;
/// `None` stands for SHA-1, the old `ssh-rsa`.
///
/// The list that a server may announce (EXT_INFO) is no use: servers before OpenSSH 7.2 send none, russh
/// waits a whole second for it, and newer ones announce what they are configured to refuse.
pub(super) fn rsa_hashes(id: Option<&str>) -> &'static [Option<HashAlg>] {
    const SHA2_FIRST: &[Option<HashAlg>] = &[Some(HashAlg::Sha512), None];
    const UNKNOWN: &[Option<HashAlg>] = &[Some(HashAlg::Sha512), Some(HashAlg::Sha256), None];
    let software = id.and_then(|id| id.strip_prefix("SSH-2.0-").or_else(|| id.strip_prefix("SSH-1.99-")));
    let Some(software) = software else { return UNKNOWN };
    if let Some(version) = software.strip_prefix("OpenSSH_") {
        return match numbers(version) {
            // rsa-sha2 came with 7.2.
            Some(version) if version < (7, 2) => &[None],
            _ => SHA2_FIRST,
        };
    }
    if software.starts_with("dropbear") {
        return &[Some(HashAlg::Sha256), None];
    }
    UNKNOWN
}

/// `6.6.1p1 Ubuntu-2ubuntu2.13` → (6, 6).
fn numbers(version: &str) -> Option<(u32, u32)> {
    let (major, rest) = version.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_before_7_2_get_sha_1_at_once() {
        for id in ["SSH-2.0-OpenSSH_6.6.1p1 Ubuntu-2ubuntu2.13", "SSH-2.0-OpenSSH_5.3", "SSH-1.99-OpenSSH_7.1p2"] {
            assert_eq!(rsa_hashes(Some(id)), &[None], "{id}");
        }
    }

    #[test]
    fn later_ones_get_sha_2_and_sha_1_when_they_refuse_it() {
        for id in ["SSH-2.0-OpenSSH_7.2p2 Ubuntu-4ubuntu2.8", "SSH-2.0-OpenSSH_10.0", "SSH-2.0-OpenSSH_strange"] {
            assert_eq!(rsa_hashes(Some(id)), &[Some(HashAlg::Sha512), None], "{id}");
        }
    }

    #[test]
    fn others_get_every_hash() {
        assert_eq!(rsa_hashes(Some("SSH-2.0-dropbear_2020.81")), &[Some(HashAlg::Sha256), None]);
        assert_eq!(rsa_hashes(Some("SSH-2.0-Cisco-1.25")).len(), 3);
        assert_eq!(rsa_hashes(None).len(), 3);
    }
}
