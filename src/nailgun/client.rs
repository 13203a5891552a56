//! The HTTP client of Nailgun's API: login, time limits, size limits, and the status of an answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::http::Method;

use crate::domain::text::one_line;
use crate::http::{Client, HttpError, HttpSettings, Proxies, Reply, Request, Roots, Url};

use super::{Credentials, NailgunError, Secret};

/// The largest answer that is read, in bytes. A history of 200 nodes repeats every task's parameters, the
/// script among them, for every node: tens of megabytes.
const MAX_BYTES: u64 = 128 * 1024 * 1024;

/// How to reach Nailgun.
#[derive(Clone, Debug)]
pub struct Options {
    /// Time limit for a connection.
    pub connect_timeout: Duration,
    /// Time limit for an ordinary request.
    pub timeout: Duration,
    /// Time limit for a request that takes Nailgun a while: upload, preview, start.
    pub long_timeout: Duration,
    /// The CA certificates to trust if the address is https.
    pub roots: Roots,
    /// Accept any certificate.
    pub insecure_tls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            // Under load, answers of 12 s were seen.
            timeout: Duration::from_secs(30),
            long_timeout: Duration::from_secs(180),
            roots: Roots::bundled(),
            insecure_tls: false,
        }
    }
}

/// A client of Nailgun's API. Its calls block. It logs in at the first call, and again when a token is refused.
#[derive(Debug)]
pub struct Nailgun {
    http: Client,
    credentials: Credentials,
    long_timeout: Duration,
    token: Mutex<Option<Secret>>,
}

/// One request to the API.
pub(super) struct ApiCall<'a> {
    pub(super) method: Method,
    /// Path and query below `/api/v1/`.
    pub(super) path: &'a str,
    pub(super) body: Option<Value>,
    /// Whether the long time limit applies.
    pub(super) long: bool,
    /// What the request does, for errors: `reading the tasks`.
    pub(super) what: &'a str,
}

impl<'a> ApiCall<'a> {
    pub(super) fn get(path: &'a str, what: &'a str) -> Self {
        Self { method: Method::GET, path, body: None, long: false, what }
    }

    pub(super) fn with_body(method: Method, path: &'a str, body: Value, what: &'a str) -> Self {
        Self { method, path, body: Some(body), long: true, what }
    }

    pub(super) fn delete(path: &'a str, what: &'a str) -> Self {
        Self { method: Method::DELETE, path, body: None, long: false, what }
    }
}

/// Why a request has no answer.
pub(super) enum CallError {
    /// The request was certainly not sent.
    NotSent(NailgunError),
    /// It may have been sent.
    MaybeSent(NailgunError),
}

impl From<CallError> for NailgunError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotSent(error) | CallError::MaybeSent(error) => error,
        }
    }
}

impl Nailgun {
    /// A client for these credentials. Nothing is sent yet. Proxies are never used: the master is in the same network.
    pub fn new(credentials: Credentials, options: Options) -> Self {
        let settings = HttpSettings {
            connect_timeout: options.connect_timeout,
            total_timeout: options.timeout,
            // A redirect would carry token and password to wherever it points.
            max_redirects: 0,
            proxies: Proxies::default(),
            roots: options.roots,
            verify: !options.insecure_tls,
        };
        let long_timeout = options.long_timeout;
        Self { http: Client::new(settings), credentials, long_timeout, token: Mutex::new(None) }
    }

    /// Nailgun's address.
    pub fn url(&self) -> &Url {
        &self.credentials.url
    }

    /// Sends a request and returns the answer, whatever its status. After a 401 it logs in again and repeats the request once.
    pub(super) fn send(&self, call: &ApiCall<'_>) -> Result<Reply, CallError> {
        // Not in the `match`: there the lock would be held while logging in, which takes it too.
        let held = self.token().clone();
        let token = match held {
            Some(token) => token,
            None => self.log_in().map_err(CallError::NotSent)?,
        };
        let reply = self.exchange(call, &token)?;
        if reply.status != 401 {
            return Ok(reply);
        }
        // Runs outlive tokens. A refused call was not executed, so repeating it is safe.
        *self.token() = None;
        let token = self.log_in().map_err(CallError::NotSent)?;
        self.exchange(call, &token)
    }

    /// Sends a request whose answer must be a success.
    pub(super) fn ask(&self, call: &ApiCall<'_>) -> Result<Reply, NailgunError> {
        let reply = self.send(call)?;
        if (200..300).contains(&reply.status) { Ok(reply) } else { Err(NailgunError::from_reply(&reply, call.what)) }
    }

    /// Reads an object: the answer must be a success, and JSON of this form whatever its content type.
    pub(super) fn read<T: DeserializeOwned>(&self, path: &str, what: &str) -> Result<T, NailgunError> {
        let reply = self.ask(&ApiCall::get(path, what))?;
        parse(&reply, what)
    }

    fn exchange(&self, call: &ApiCall<'_>, token: &Secret) -> Result<Reply, CallError> {
        let unusable = |e: HttpError| CallError::NotSent(NailgunError::from_http(e, call.what));
        let url = self.credentials.url.append(&format!("api/v1/{}", call.path)).map_err(unusable)?;
        let request = || {
            let mut request = Request::new(call.method.clone(), &url, MAX_BYTES)
                .header("accept", "application/json")
                .header("x-auth-token", token.expose());
            if let Some(body) = &call.body {
                request = request.json(body);
            }
            if call.long { request.total_timeout(self.long_timeout) } else { request }
        };
        let mut sent = self.http.send(&request());
        if matches!(sent, Err(HttpError::Lost { .. })) && call.method == Method::GET {
            sent = self.http.send(&request());
        }
        sent.map_err(|e| {
            let maybe = e.may_have_been_sent();
            let error = NailgunError::from_http(e, call.what);
            if maybe { CallError::MaybeSent(error) } else { CallError::NotSent(error) }
        })
    }

    /// Whether this Nailgun tells its version to everybody. Of all versions only 9.0 as it was released does.
    ///
    /// # Errors
    /// [`NailgunError`].
    pub fn tells_its_version_to_everybody(&self) -> Result<bool, NailgunError> {
        let failed = |e: HttpError| NailgunError::from_http(e, "asking for its version");
        let url = self.credentials.url.append("api/v1/version/").map_err(failed)?;
        let request = Request::new(Method::GET, &url, 1024 * 1024).header("accept", "application/json");
        Ok(self.http.send(&request).map_err(failed)?.status == 200)
    }

    /// Gets a new token from Keystone's v2 API, or from v3 if there is no v2.
    fn log_in(&self) -> Result<Secret, NailgunError> {
        let what = "logging in";
        let (user, password) = (&self.credentials.username, self.credentials.password.expose());
        let body = json!({"auth": {"tenantName": self.credentials.tenant,
                                   "passwordCredentials": {"username": user, "password": password}}});
        let reply = self.keystone("keystone/v2.0/tokens", &body, what)?;
        let token = match reply.status {
            200..=299 => parse::<TokenReply>(&reply, what)?.access.token.id,
            404 | 405 | 410 => self.log_in_v3(what)?,
            _ => return Err(self.login_refused(&reply, what)),
        };
        if token.is_empty() {
            return Err(NailgunError::protocol(what, "there is no token in it"));
        }
        let token = Secret::new(token);
        *self.token() = Some(token.clone());
        Ok(token)
    }

    fn log_in_v3(&self, what: &str) -> Result<String, NailgunError> {
        // 9.1 masters have a domain of their own; its id is not known to clients, its name is.
        let mut refused = None;
        for domain in [json!({"id": "default"}), json!({"name": "fuel"})] {
            let body = json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user": {
                    "name": self.credentials.username, "domain": domain,
                    "password": self.credentials.password.expose()}}},
                "scope": {"project": {"name": self.credentials.tenant, "domain": domain}}}});
            let reply = self.keystone("keystone/v3/auth/tokens", &body, what)?;
            match (reply.status, reply.header("x-subject-token")) {
                (200..=299, Some(token)) => return Ok(token.to_owned()),
                (200..=299, None) => return Err(NailgunError::protocol(what, "there is no token in it")),
                _ => refused = refused.or(Some(reply)),
            }
        }
        match refused {
            Some(reply) => Err(self.login_refused(&reply, what)),
            None => Err(NailgunError::protocol(what, "no answer")),
        }
    }

    fn keystone(&self, path: &str, body: &Value, what: &str) -> Result<Reply, NailgunError> {
        let failed = |e: HttpError| NailgunError::from_http(e, what);
        let url = self.credentials.url.append(path).map_err(failed)?;
        let request = Request::new(Method::POST, &url, 1024 * 1024).header("accept", "application/json").json(body);
        self.http.send(&request).map_err(failed)
    }

    fn login_refused(&self, reply: &Reply, what: &str) -> NailgunError {
        match reply.status {
            401 => NailgunError::Login { user: one_line(&self.credentials.username, 60) },
            404 => NailgunError::NoKeystone { url: self.credentials.url.to_string() },
            _ => NailgunError::from_reply(reply, what),
        }
    }

    fn token(&self) -> MutexGuard<'_, Option<Secret>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct TokenReply {
    access: TokenAccess,
}

#[derive(Deserialize)]
struct TokenAccess {
    token: Token,
}

#[derive(Deserialize)]
struct Token {
    id: String,
}

/// Parses an answer's body. Its content type is ignored, because Nailgun often sends a wrong one.
pub(super) fn parse<T: DeserializeOwned>(reply: &Reply, what: &str) -> Result<T, NailgunError> {
    serde_json::from_slice(&reply.body).map_err(|e| {
        let start = reply.body.trim_ascii_start();
        let cause = match start.first() {
            None => "it is empty".to_owned(),
            Some(b'<') => "it is a web page".to_owned(),
            // The text of the error may quote a value; a token never stands in one that we parse this way.
            Some(_) => e.to_string(),
        };
        NailgunError::protocol(what, &cause)
    })
}
