//! The algorithms that we offer in the key exchange.
//!
//! The lists are short because both sides parse them at every login. OpenSSH 6.6 (Ubuntu 14.04) and 7.2 (16.04) with
//! their defaults and hardened current servers have algorithms in common with them.

use std::borrow::Cow;
use std::sync::Arc;

use russh::client::{Config, GexParams};
use russh::keys::{Algorithm, EcdsaCurve, HashAlg};
use russh::{Preferred, SshId, cipher, compression, kex, mac};

/// Curve25519 first, because it costs least. EXT_INFO is not requested: nothing here reads it.
const KEX: &[kex::Name] = &[
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::MLKEM768X25519_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_G14_SHA256,
    kex::DH_GEX_SHA256,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];

const KEX_LEGACY: &[kex::Name] = &[
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::MLKEM768X25519_SHA256,
    kex::DH_G16_SHA512,
    kex::DH_G14_SHA256,
    kex::DH_GEX_SHA256,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_GEX_SHA1,
    kex::DH_G14_SHA1,
];

const CIPHERS: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

const MACS: &[mac::Name] = &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM, mac::HMAC_SHA256, mac::HMAC_SHA512];

const MACS_LEGACY: &[mac::Name] = &[
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256,
    mac::HMAC_SHA512,
    mac::HMAC_SHA1_ETM,
    mac::HMAC_SHA1,
];

const HOST_KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    Algorithm::Rsa { hash: None },
];

/// The configuration of russh for a server whose recorded host keys have the types `recorded` (names as in known_hosts).
/// Those types are requested first, because a server shows only one of its keys.
pub(super) fn config(recorded: &[&str], legacy: bool) -> Arc<Config> {
    let preferred = Preferred {
        kex: Cow::Borrowed(if legacy { KEX_LEGACY } else { KEX }),
        key: host_key_order(recorded),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(if legacy { MACS_LEGACY } else { MACS }),
        compression: Cow::Borrowed(&[compression::NONE]),
    };
    let smallest_group = if legacy { 2048 } else { 3072 };
    let gex = GexParams::new(smallest_group, smallest_group, 8192).unwrap_or_default();
    Arc::new(Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-fuel_updates_", env!("CARGO_PKG_VERSION")))),
        preferred,
        gex,
        channel_buffer_size: 16,
        nodelay: true,
        ..Config::default()
    })
}

fn host_key_order(recorded: &[&str]) -> Cow<'static, [Algorithm]> {
    let is_recorded = |algorithm: &Algorithm| match algorithm {
        // One recorded RSA key serves all its signature algorithms.
        Algorithm::Rsa { .. } => recorded.contains(&"ssh-rsa"),
        other => recorded.contains(&other.as_str()),
    };
    let first = HOST_KEYS.iter().take_while(|a| is_recorded(a)).count();
    if HOST_KEYS[first..].iter().any(is_recorded) {
        let (known, other): (Vec<_>, Vec<_>) = HOST_KEYS.iter().cloned().partition(is_recorded);
        Cow::Owned([known, other].concat())
    } else {
        // Nothing recorded, or what is recorded comes first anyway.
        Cow::Borrowed(HOST_KEYS)
    }
}

/// Whether one of these algorithms of a server would be offered with `legacy_algorithms`.
pub(super) fn legacy_would_help(theirs: &[String]) -> bool {
    let offered =
        |name: &String| KEX_LEGACY.iter().any(|n| n.as_ref() == name) || MACS_LEGACY.iter().any(|n| n.as_ref() == name);
    theirs.iter().any(offered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(recorded: &[&str]) -> Vec<String> {
        host_key_order(recorded).iter().map(|a| a.as_str().to_owned()).collect()
    }

    #[test]
    fn recorded_types_are_asked_for_first() {
        assert_eq!(order(&[])[0], "ssh-ed25519");
        assert_eq!(order(&["ssh-ed25519"]), order(&[]));
        assert_eq!(order(&["ssh-rsa"])[..4], ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ssh-ed25519"]);
        assert_eq!(order(&["ecdsa-sha2-nistp384", "ssh-dss"])[..2], ["ecdsa-sha2-nistp384", "ssh-ed25519"]);
        assert_eq!(order(&["ssh-rsa"]).len(), order(&[]).len());
    }

    #[test]
    fn legacy_appends_and_never_reorders() {
        assert_eq!(KEX_LEGACY[..KEX.len()], *KEX);
        assert_eq!(MACS_LEGACY[..MACS.len()], *MACS);
    }

    #[test]
    fn openssh_6_6_and_7_2_have_something_in_common_with_the_defaults() {
        // The servers' own defaults, from their sshd_config(5).
        let kex66 = ["curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "diffie-hellman-group-exchange-sha256"];
        let ciphers66 = ["aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com"];
        let macs66 = ["hmac-sha1-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"];
        assert!(KEX.iter().any(|k| kex66.contains(&k.as_ref())));
        assert!(CIPHERS.iter().any(|c| ciphers66.contains(&c.as_ref())));
        assert!(MACS.iter().any(|m| macs66.contains(&m.as_ref())));
    }
}
