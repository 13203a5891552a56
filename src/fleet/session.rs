//! One SSH session, from the connection to the login.

use std::sync::Arc;

use russh::client::{AuthResult, Handle, connect_stream};
use russh::keys::HashAlg;
use russh::{MethodKind, MethodSet};

use super::algorithms;
use super::cause;
use super::deadline::Deadline;
use super::keys::{LoginIdentity, OfferError};
use super::known_hosts::verdict::{HostKeyCheck, HostKeyRules, TargetNames};
use super::link::{Carrier, Cut, Link, LinkState};
use super::server_id::rsa_hashes;
use super::watch::{End, Notes, ServerWatch};
use crate::domain::failure::NodeFailure;

/// Who logs in where.
pub(super) struct SessionLogin<'a> {
    /// The user.
    pub(super) user: &'a str,
    /// The keys to offer, in order.
    pub(super) identities: Vec<Arc<LoginIdentity>>,
    /// Keys that were not read, for the hint.
    pub(super) passed_over: &'a [String],
    /// The names of the host in the file of host keys.
    pub(super) names: TargetNames,
    /// The host keys of the run.
    pub(super) host_keys: &'a Arc<HostKeyRules>,
    /// Whether to offer old algorithms too.
    pub(super) legacy: bool,
    /// How much the server may send in all, in bytes.
    pub(super) budget: u64,
}

/// A session that is logged in. Dropping it ends it.
pub(super) struct Session {
    /// To ask russh with.
    pub(super) handle: Handle<ServerWatch>,
    /// What the server did.
    pub(super) notes: Arc<Notes>,
    /// What came in.
    pub(super) link: Arc<LinkState>,
    cut: Cut,
}

impl Session {
    /// Does the key exchange over `carrier` and logs in, all before `deadline`.
    pub(super) async fn open(
        carrier: Carrier,
        login: &SessionLogin<'_>,
        deadline: Deadline,
    ) -> Result<Self, NodeFailure> {
        let (stream, cut, link) = Link::new(carrier, login.budget);
        let config = algorithms::config(&login.host_keys.recorded_types(&login.names), login.legacy);
        let check = HostKeyCheck::new(Arc::clone(login.host_keys), login.names.clone());
        let (watch, notes) = ServerWatch::new(check);
        let handle = match deadline.run(connect_stream(config, stream, watch)).await {
            Ok(Ok(handle)) => handle,
            Ok(Err(error)) => return Err(cause::handshake(&error, &link, &notes)),
            Err(late) => return Err(cause::handshake_late(late, &link)),
        };
        let mut session = Self { handle, notes, link, cut };
        match deadline.run(session.log_in(login)).await {
            Ok(result) => result.map(|()| session),
            Err(late) => Err(cause::login_late(late)),
        }
    }

    /// Ends the session without cutting the connection: everything that the server sent has been read.
    pub(super) fn end(self) {
        self.cut.release();
    }

    async fn log_in(&mut self, login: &SessionLogin<'_>) -> Result<(), NodeFailure> {
        let mut tried = Vec::new();
        for (identity, hash) in attempts(&login.identities, self.link.server_id().as_deref()) {
            if !tried.iter().any(|name| name == identity.name()) {
                tried.push(identity.name().to_owned());
            }
            let result = match identity.offer(&mut self.handle, login.user, hash).await {
                Ok(result) => result,
                Err(OfferError::Gone(_)) => return Err(self.login_lost(login.user, &tried)),
                Err(error) => {
                    let failure = cause::not_signed(identity.name(), &error.to_string());
                    return Err(failure);
                }
            };
            let AuthResult::Failure { remaining_methods: methods, partial_success } = result else { return Ok(()) };
            if methods.is_empty() {
                // russh returns the same for a lost connection and for a server that allows no further method.
                return Err(self.login_lost(login.user, &tried));
            }
            if partial_success {
                return Err(cause::wants_more(login.user, &in_words(&methods)));
            }
            if !methods.contains(&MethodKind::PublicKey) {
                return Err(match tried.len() {
                    1 => cause::keys_not_taken(login.user, &in_words(&methods)),
                    _ => cause::refused(login.user, &tried, login.passed_over),
                });
            }
        }
        Err(cause::refused(login.user, &tried, login.passed_over))
    }

    fn login_lost(&self, user: &str, tried: &[String]) -> NodeFailure {
        match self.notes.end() {
            None | Some(End::NoMoreMethods) => cause::refused(user, tried, &[]),
            Some(End::Goodbye(words)) if words.contains("Too many authentication failures") => {
                cause::too_many_keys(user, tried)
            }
            Some(End::Unreadable(_)) => cause::login_unreadable(user),
            Some(_) => cause::lost("logging in", &self.notes, &self.link),
        }
    }
}

/// Every key with its best signature first, then RSA keys with older ones. Servers limit the attempts (MaxAuthTries), and
/// a wrong key is more likely than a refused hash.
fn attempts(identities: &[Arc<LoginIdentity>], server: Option<&str>) -> Vec<(Arc<LoginIdentity>, Option<HashAlg>)> {
    let hashes = rsa_hashes(server);
    let mut attempts = Vec::new();
    for (round, hash) in hashes.iter().enumerate() {
        let in_round = identities.iter().filter(|identity| round == 0 || identity.is_rsa());
        attempts.extend(in_round.map(|identity| (Arc::clone(identity), *hash)));
    }
    attempts
}

fn in_words(methods: &MethodSet) -> String {
    methods.iter().map(String::from).collect::<Vec<_>>().join(", ")
}
