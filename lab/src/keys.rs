//! The lab's SSH keys: an RSA-2048 key in PEM, as every Fuel master has, an ed25519 key, and host keys.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::LineEnding;
use rsa::traits::PublicKeyParts;
use russh::keys::ssh_key::Mpint;
use russh::keys::ssh_key::public::{KeyData, RsaPublicKey};
use russh::keys::{Algorithm, PrivateKey, PublicKey};

use super::LabError;

/// The keys that the lab's nodes accept, and one that they do not.
#[derive(Clone, Debug)]
pub struct Keys {
    /// RSA-2048 in PKCS#1 PEM (`BEGIN RSA PRIVATE KEY`), what Fuel's bootstrap makes on the master.
    pub rsa: PathBuf,
    /// Ed25519 in OpenSSH's format.
    pub ed25519: PathBuf,
    /// Ed25519, accepted by no node.
    pub stranger: PathBuf,
    /// What the nodes accept: the public halves of `rsa` and `ed25519`.
    pub(crate) accepted: Vec<KeyData>,
}

impl Keys {
    /// Makes the keys and writes them below `dir`, each 0600.
    ///
    /// # Errors
    /// [`LabError`] where a key cannot be made or written.
    pub fn create(dir: &Path) -> Result<Self, LabError> {
        let keys = Self {
            rsa: dir.join("id_rsa"),
            ed25519: dir.join("id_ed25519"),
            stranger: dir.join("id_stranger"),
            accepted: Vec::new(),
        };
        let rsa_key = rsa::RsaPrivateKey::new(&mut rand::rng(), 2048).map_err(|e| LabError::Key(e.to_string()))?;
        let pem = rsa_key.to_pkcs1_pem(LineEnding::LF).map_err(|e| LabError::Key(e.to_string()))?;
        write_private(&keys.rsa, pem.as_bytes())?;
        let rsa_public = rsa_public(&rsa_key)?;

        let ed25519 = ed25519()?;
        write_private(&keys.ed25519, openssh(&ed25519)?.as_bytes())?;
        write_private(&keys.stranger, openssh(&self::ed25519()?)?.as_bytes())?;

        let accepted = vec![KeyData::Rsa(rsa_public), ed25519.public_key().key_data().clone()];
        let lines: Vec<String> = accepted
            .iter()
            .map(|key| PublicKey::from(key.clone()).to_openssh().map_err(|e| LabError::Key(e.to_string())))
            .collect::<Result<_, _>>()?;
        fs::write(dir.join("authorized_keys"), lines.join("\n") + "\n")?;
        Ok(Self { accepted, ..keys })
    }
}

/// A fresh ed25519 key: host keys and the second key of an operator.
pub(crate) fn ed25519() -> Result<PrivateKey, LabError> {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(|e| LabError::Key(e.to_string()))
}

fn openssh(key: &PrivateKey) -> Result<String, LabError> {
    let text = key.to_openssh(russh::keys::ssh_key::LineEnding::LF).map_err(|e| LabError::Key(e.to_string()))?;
    Ok(text.to_string())
}

fn rsa_public(key: &rsa::RsaPrivateKey) -> Result<RsaPublicKey, LabError> {
    let number = |bytes: &[u8]| Mpint::from_positive_bytes(bytes);
    RsaPublicKey::new(number(&key.e_bytes()), number(&key.n_bytes())).map_err(|e| LabError::Key(e.to_string()))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_in_the_formats_of_the_field_and_load() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::create(dir.path()).unwrap();
        let pem = fs::read_to_string(&keys.rsa).unwrap();
        assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----"), "{pem}");
        for (file, accepted) in [(&keys.rsa, true), (&keys.ed25519, true), (&keys.stranger, false)] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
            let key = russh::keys::load_secret_key(file, None).unwrap();
            assert_eq!(keys.accepted.contains(key.public_key().key_data()), accepted, "{}", file.display());
        }
    }
}
