//! A private key file: PEM as on every Fuel master, PKCS#8, OpenSSH's own format.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use russh::keys::{PrivateKey, PublicKey, decode_secret_key};
use thiserror::Error;

use super::identity::LoginIdentity;

/// A private key larger than this is none.
const MAX_BYTES: u64 = 64 * 1024;

/// A file that was read.
#[derive(Debug)]
pub(super) struct KeyFile {
    /// Its key.
    pub(super) identity: LoginIdentity,
}

/// Why a file gave no key. Never shows anything of its content.
#[derive(Debug, Error)]
pub(super) enum KeyFault {
    /// It cannot be read.
    #[error("{}", in_words(.0))]
    Io(#[from] io::Error),
    /// It is protected by a passphrase; its public half where that could be read.
    #[error("it is protected by a passphrase")]
    Encrypted(Option<Box<PublicKey>>),
    /// It holds the public half.
    #[error("it is a public key")]
    Public,
    /// It is of a form or type that is not supported.
    #[error("it is no private key of a supported form (RSA, ECDSA or Ed25519 as PEM, PKCS#8 or OpenSSH)")]
    Unsupported,
}

impl KeyFault {
    /// What to do about it.
    pub(super) fn hint(&self, path: &Path) -> Option<String> {
        let path = path.display();
        match self {
            Self::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Some("run as the user who owns the key".to_owned())
            }
            Self::Io(_) => None,
            Self::Encrypted(_) => Some(format!(
                "load it into an agent: eval $(ssh-agent); ssh-add {path}. A passphrase is never asked for"
            )),
            Self::Public => Some("name the private key: the file without .pub".to_owned()),
            Self::Unsupported => Some(format!("ssh-keygen -y -f {path} tells whether OpenSSH can read it")),
        }
    }
}

fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads a private key file.
pub(super) fn read(path: &Path) -> Result<KeyFile, KeyFault> {
    let mut text = String::new();
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(KeyFault::Io(io::Error::other("not a regular file")));
    }
    if file.take(MAX_BYTES).read_to_string(&mut text).is_err() {
        return Err(KeyFault::Unsupported);
    }
    let key = match decode(&text) {
        Err(KeyFault::Encrypted(None)) => return Err(KeyFault::Encrypted(public_beside(path).map(Box::new))),
        decoded => decoded?,
    };
    Ok(KeyFile { identity: LoginIdentity::of_file(path, key) })
}

fn decode(text: &str) -> Result<PrivateKey, KeyFault> {
    // Editors and terminals leave a byte-order mark, blanks and carriage returns; OpenSSH reads such a key all the same.
    let text = text.trim_start_matches('\u{feff}').lines().map(str::trim).collect::<Vec<_>>().join("\n") + "\n";
    let text = text.trim_start();
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") || text.starts_with("---- BEGIN SSH2 PUBLIC KEY") {
        return Err(KeyFault::Public);
    }
    // russh would take an encrypted PEM of another cipher than AES-128 for a broken key.
    if text.contains("Proc-Type: 4,ENCRYPTED") || text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return Err(KeyFault::Encrypted(None));
    }
    match decode_secret_key(text, None) {
        Ok(key) => Ok(key),
        Err(russh::keys::Error::KeyIsEncrypted) => {
            // OpenSSH's format leaves the public half readable.
            let public = PrivateKey::from_openssh(text).ok().map(|key| Box::new(key.public_key().clone()));
            Err(KeyFault::Encrypted(public))
        }
        Err(_) => Err(KeyFault::Unsupported),
    }
}

/// The public half from the file that ssh-keygen writes next to a key.
fn public_beside(path: &Path) -> Option<PublicKey> {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    let mut text = String::new();
    File::open(name).ok()?.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    PublicKey::from_openssh(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> KeyFault {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("id");
        std::fs::write(&path, text).unwrap();
        read(&path).expect_err(text)
    }

    #[test]
    fn what_is_no_key_is_named() {
        assert!(matches!(fault(""), KeyFault::Unsupported));
        assert!(matches!(fault("ssh-rsa AAAA root@master"), KeyFault::Public));
        assert!(matches!(
            fault("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
            KeyFault::Unsupported
        ));
        let encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n";
        assert!(matches!(fault(encrypted), KeyFault::Encrypted(None)));
        assert!(matches!(fault("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"), KeyFault::Encrypted(None)));
    }

    #[test]
    fn a_mark_and_blanks_around_the_lines_do_no_harm() {
        let pair = russh::keys::ssh_key::private::Ed25519Keypair::from_seed(&[7; 32]);
        let key = PrivateKey::from(pair);
        let text = key.to_openssh(russh::keys::ssh_key::LineEnding::LF).unwrap();
        let spoilt = format!("\u{feff}{}", text.replace('\n', " \t\r\n"));
        assert_eq!(decode(&spoilt).unwrap(), key);
        assert_eq!(decode(&format!("\n\n  {}", text.replace('\n', "\n  "))).unwrap(), key);
    }

    #[test]
    fn a_folder_is_no_key() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap_err().to_string(), "not a regular file");
        assert_eq!(read(&dir.path().join("absent")).unwrap_err().to_string(), "no such file");
    }
}
