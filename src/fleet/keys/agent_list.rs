//! The agent's list of identities (draft-ietf-sshm-ssh-agent, section 3.5).
//!
//! russh's own client gives up the whole list over one identity that it cannot read: a comment that is not UTF-8, a
//! key of an unknown type, a damaged certificate. Here such an identity is left out, and the others stay.

use std::io;

use russh::keys::key::parse_public_key;
use russh::keys::{Algorithm, PublicKey};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::domain::text::one_line;

/// SSH_AGENTC_REQUEST_IDENTITIES, as it travels: the length of the message and its number.
const REQUEST: [u8; 5] = [0, 0, 0, 1, 11];
/// SSH_AGENT_IDENTITIES_ANSWER.
const ANSWER: u8 = 12;
/// OpenSSH's own limit for a message of an agent.
const MAX_BYTES: u32 = 256 * 1024;
/// How a certificate's type ends. A certificate proves nothing to a Fuel node.
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// What an agent holds.
#[derive(Debug, Default)]
pub(super) struct AgentList {
    /// Keys that can be offered, with their comments (safe to show).
    pub(super) keys: Vec<(PublicKey, String)>,
    /// Identities that cannot be offered, in words. Safe to show.
    pub(super) unusable: Vec<String>,
}

/// Asks an agent for its identities.
pub(super) async fn request(agent: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<AgentList> {
    agent.write_all(&REQUEST).await?;
    agent.flush().await?;
    let length = agent.read_u32().await?;
    if length > MAX_BYTES {
        return Err(io::Error::other("its answer is too long"));
    }
    let mut answer = vec![0; length as usize];
    agent.read_exact(&mut answer).await?;
    match answer.split_first() {
        Some((&ANSWER, list)) => Ok(AgentList::parse(list)),
        _ => Err(io::Error::other("it does not list its keys")),
    }
}

impl AgentList {
    /// Reads the list that follows the message's number. A list that breaks off gives what was whole.
    fn parse(mut bytes: &[u8]) -> Self {
        let mut list = Self::default();
        let announced = number(&mut bytes).unwrap_or(0);
        for _ in 0..announced {
            let (Some(blob), Some(comment)) = (string(&mut bytes), string(&mut bytes)) else {
                list.unusable.push("the end of the agent's list, which breaks off".to_owned());
                break;
            };
            let comment = one_line(&String::from_utf8_lossy(comment), 60);
            let kind = String::from_utf8_lossy(string(&mut &*blob).unwrap_or_default()).into_owned();
            if kind.ends_with(CERTIFICATE) {
                continue;
            }
            match parse_public_key(blob) {
                // Of these types russh knows the name at most.
                Ok(key) if !matches!(key.algorithm(), Algorithm::Other(_)) => list.keys.push((key, comment)),
                _ => {
                    let kind = one_line(&kind, 40);
                    list.unusable.push(format!("agent key {comment}, which cannot be read (type {kind})"));
                }
            }
        }
        list
    }
}

/// Takes a number off the front.
fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*number))
}

/// Takes a string off the front: its length, then its bytes.
fn string<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut rest = *bytes;
    let length = number(&mut rest)? as usize;
    let (string, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(bytes: &mut Vec<u8>, string: &[u8]) {
        bytes.extend(u32::try_from(string.len()).unwrap().to_be_bytes());
        bytes.extend(string);
    }

    fn blob(kind: &str, rest: &[u8]) -> Vec<u8> {
        let mut blob = Vec::new();
        put(&mut blob, kind.as_bytes());
        blob.extend(rest);
        blob
    }

    fn ed25519() -> Vec<u8> {
        let mut key = Vec::new();
        put(&mut key, &[7; 32]);
        blob("ssh-ed25519", &key)
    }

    fn list(identities: &[(Vec<u8>, &[u8])]) -> Vec<u8> {
        let mut bytes = u32::try_from(identities.len()).unwrap().to_be_bytes().to_vec();
        for (blob, comment) in identities {
            put(&mut bytes, blob);
            put(&mut bytes, comment);
        }
        bytes
    }

    #[test]
    fn one_odd_identity_does_not_hide_the_others() {
        let good = || (ed25519(), &b"good"[..]);
        for (odd, keys, unusable) in [
            ((ed25519(), &b"Sch\xfcssel"[..]), 3, 0),
            ((blob("ssh-strange", b"xyz"), &b"odd"[..]), 2, 1),
            ((blob("ssh-strange@example.org", b"\0\0\0\x01x"), &b"odd"[..]), 2, 1),
            ((blob("ssh-ed25519", b"cut"), &b"odd"[..]), 2, 1),
            ((blob("ssh-ed25519-cert-v01@openssh.com", b"damaged"), &b"odd"[..]), 2, 0),
            ((Vec::new(), &b"odd"[..]), 2, 1),
        ] {
            let name = format!("{odd:?}");
            let list = AgentList::parse(&list(&[good(), odd, good()]));
            assert_eq!((list.keys.len(), list.unusable.len()), (keys, unusable), "{name}: {list:?}");
        }
    }

    #[test]
    fn a_list_that_breaks_off_gives_what_was_whole() {
        let whole = list(&[(ed25519(), b"one"), (ed25519(), b"two\x1b")]);
        assert_eq!(AgentList::parse(&whole).keys[1].1, "two");
        for length in 0..whole.len() {
            assert!(AgentList::parse(&whole[..length]).keys.len() < 2);
        }
        let broken = AgentList::parse(&whole[..whole.len() - 1]);
        assert_eq!((broken.keys.len(), broken.unusable.len()), (1, 1));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = AgentList::parse(&bytes);
        }
    }
}
