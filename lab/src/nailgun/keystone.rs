//! Keystone as Nailgun's fake mode plays it, and as the real middleware refuses.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::web::{Request, Response};
use super::answer::{Answer, json_answer, refusal, unknown_url};

/// How requests without a valid token are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Nailgun's own stand-in for Keystone, which is what was recorded: an empty body without a type.
    Fake,
    /// The real middleware, as on a master: text, and a header that names Keystone.
    Keystone,
    /// Nobody is asked for a token.
    None,
}

/// Who may log in, and the tokens given out.
#[derive(Debug)]
pub(super) struct Keystone {
    pub(super) mode: AuthMode,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) tokens: BTreeSet<String>,
    /// How many more requests the tokens last; `None` is for ever.
    pub(super) uses_left: Option<usize>,
    /// Whether Keystone itself is out of reach.
    pub(super) down: bool,
    /// Whether the user lacks the role `admin`. So 10.0's source says; no recording holds it.
    pub(super) read_only: bool,
}

impl Keystone {
    /// Answers a request to `/keystone/…`; `path` is what follows.
    pub(super) fn answer(&mut self, request: &Request, path: &[&str]) -> Answer {
        if self.down {
            return Err(Response::new(503, "text/plain; charset=UTF-8", "503 Service Unavailable\n"));
        }
        match (request.method.as_str(), path) {
            ("GET", ["v2.0"]) => Ok(json_answer(200, &version("v2.0", "2014-04-17T00:00:00Z", 2))),
            ("GET", ["v3"]) => Ok(json_answer(200, &version("v3.6", "2016-04-04T00:00:00Z", 3))),
            ("POST", ["v2.0", "tokens"]) => self.token_v2(&body(request)?),
            ("POST", ["v3", "auth", "tokens"]) => self.token_v3(&body(request)?),
            _ => Err(unknown_url()),
        }
    }

    /// Whether the request may pass.
    pub(super) fn admit(&mut self, request: &Request) -> Result<(), Response> {
        if self.mode == AuthMode::None {
            return Ok(());
        }
        let token = request.header("x-auth-token").unwrap_or_default();
        if self.down && self.mode == AuthMode::Keystone && !token.is_empty() {
            let text =
                "503 Service Unavailable\n\nThe server is currently unavailable. Please try again at a later time.\n";
            return Err(Response::new(503, "text/plain; charset=UTF-8", text));
        }
        if let Some(left) = &mut self.uses_left {
            if *left == 0 {
                self.tokens.clear();
                self.uses_left = None;
            } else {
                *left -= 1;
            }
        }
        if !self.tokens.contains(token) {
            return Err(match self.mode {
                AuthMode::Keystone => Response::new(401, "text/html; charset=UTF-8", "Authentication required")
                    .header("WWW-Authenticate", "Keystone uri='http://127.0.0.1:35357'"),
                AuthMode::Fake | AuthMode::None => Response::empty(401),
            });
        }
        if self.read_only && request.method != "GET" {
            return Err(Response::new(403, "text/plain", "Access denied"));
        }
        Ok(())
    }

    fn token_v2(&mut self, body: &Value) -> Answer {
        let auth = &body["auth"];
        if let Some(token) = auth["token"]["id"].as_str() {
            if !self.tokens.contains(token) {
                return Err(refusal(401, ""));
            }
        } else {
            self.check(&auth["passwordCredentials"]["username"], &auth["passwordCredentials"]["password"])?;
        }
        // The dates are the fake Keystone's own: a client that believes them rejects every token.
        Ok(json_answer(
            200,
            &json!({"access": {
                "token": {
                    "issued_at": "2012-07-10T13:37:58.708765",
                    "expires": "2012-07-10T14:37:58Z",
                    "id": self.token(),
                    "tenant": {"description": null, "enabled": true, "id": "12345", "name": "admin"},
                },
                "serviceCatalog": [],
                "user": {"id": "9876", "name": self.user, "username": self.user, "roles": [{"name": "admin"}], "roles_links": []},
                "metadata": {"is_admin": 0, "roles": ["4567"]},
            }}),
        ))
    }

    fn token_v3(&mut self, body: &Value) -> Answer {
        let user = &body["auth"]["identity"]["password"]["user"];
        self.check(&user["name"], &user["password"])?;
        let answer = json!({"token": {
            "issued_at": "2016-09-29T13:06:37.620739Z",
            "expires_at": "2016-09-29T19:06:37.620687Z",
            "methods": ["password"],
            "audit_ids": ["CZGk7nPaRF-PzmokqvKcDQ"],
            "catalog": [],
            "roles": [{"name": null}],
            "project": {"id": "456", "name": "admin", "domain": {"id": "123", "name": "fuel"}},
            "user": {"id": "789", "name": self.user, "domain": {"id": "123", "name": "fuel"}},
        }});
        // Real Keystone answers 201; the fake one 200.
        let status = if self.mode == AuthMode::Keystone { 201 } else { 200 };
        Ok(json_answer(status, &answer).header("X-Subject-Token", &self.token()))
    }

    fn check(&self, user: &Value, password: &Value) -> Result<(), Response> {
        let (Some(user), Some(password)) = (user.as_str(), password.as_str()) else { return Err(refusal(400, "")) };
        if user != self.user || password != self.password {
            return Err(refusal(401, ""));
        }
        Ok(())
    }

    fn token(&mut self) -> String {
        let token = format!("token{}", rand::random::<u32>());
        self.tokens.insert(token.clone());
        token
    }
}

fn body(request: &Request) -> Result<Value, Response> {
    serde_json::from_slice(&request.body).map_err(|_| refusal(400, ""))
}

fn version(id: &str, updated: &str, number: u8) -> Value {
    let media = |base: &str, suffix: &str| json!({"base": format!("application/{base}"), "type": format!("application/vnd.openstack.identity-v{number}{suffix}")});
    let root = format!("http://127.0.0.1:8000/keystone/v{}/", if number == 2 { "2.0" } else { "3" });
    let (types, links) = if number == 2 {
        (
            json!([media("json", ".0+json"), media("xml", ".0+xml")]),
            json!([
                {"href": root, "rel": "self"},
                {"href": "http://docs.openstack.org/", "rel": "describedby", "type": "text/html"},
            ]),
        )
    } else {
        (json!([media("json", "+json")]), json!([{"href": root, "rel": "self"}]))
    };
    json!({"version": {"id": id, "status": "stable", "updated": updated, "media-types": types, "links": links}})
}
