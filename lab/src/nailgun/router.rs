//! Maps addresses to handlers.

use std::sync::Arc;
use std::thread;

use super::super::NailgunMode;
use super::super::web::{Body, Manner, Reply, Request, Response, Service};
use super::answer::{Answer, bad_method, json_answer, unknown_url};
use super::conductor::{conduct, stop};
use super::db::Owner;
use super::execute::Started;
use super::fault::Verdict;
use super::tasks::View;
use super::{Shared, execute, graphs, history, lock, preview, reading, tasks};

/// Nailgun as the web server sees it.
pub(super) struct Api(pub(super) Arc<Shared>);

impl Service for Api {
    fn answer(&self, request: &Request) -> Reply {
        lock(&self.0.asked).push(format!("{} {}", request.method, request.path));
        let verdict = lock(&self.0.faults).iter_mut().find_map(|fault| fault.hit(request));
        let manner = match verdict {
            Some(Verdict::Replace(reply)) => return reply,
            Some(Verdict::Carry(manner)) => manner,
            Some(Verdict::Meet(meeting)) => {
                meeting.join();
                Manner::Whole
            }
            Some(Verdict::Late) => {
                let mut db = self.0.db();
                db.late_waiting += 1;
                self.0.changed.notify_all();
                let patience = std::time::Duration::from_secs(60);
                drop(self.0.changed.wait_timeout_while(db, patience, |db| !db.late_admitted));
                Manner::Whole
            }
            None => Manner::Whole,
        };
        let response = self.route(request).unwrap_or_else(|refusal| refusal);
        if let Body::Bytes(bytes) = &response.body {
            lock(&self.0.answered).push((format!("{} {}", request.method, request.path), bytes.len()));
        }
        Reply { response, manner }
    }
}

impl Api {
    fn route(&self, request: &Request) -> Answer {
        let parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
        if let ["keystone", rest @ ..] = parts.as_slice() {
            return lock(&self.0.keystone).answer(request, rest);
        }
        let ["api", rest @ ..] = parts.as_slice() else { return Err(unknown_url()) };
        let rest = rest.strip_prefix(&["v1"]).unwrap_or(rest);
        // Public on 9.0; since 9.0.1 it needs a token as everything else.
        if self.0.mode > NailgunMode::V9_0 || rest != ["version"] {
            lock(&self.0.keystone).admit(request)?;
        }
        let accept = request.header("accept").unwrap_or("*/*").split(',').next().unwrap_or_default();
        let accept = accept.split(';').next().unwrap_or_default().trim();
        if !matches!(accept, "*/*" | "" | "application/*" | "application/json" | "application/x-yaml" | "text/csv") {
            return Err(Response::new(415, "text/html", "Unsupported Media Type"));
        }
        self.resource(request, rest)
    }

    fn resource(&self, request: &Request, parts: &[&str]) -> Answer {
        let get = || if request.method == "GET" { Ok(()) } else { Err(bad_method()) };
        let shared = &self.0;
        match parts {
            ["version"] => get().map(|()| json_answer(200, &reading::version(shared.mode))),
            ["clusters"] => get().and_then(|()| reading::clusters(&shared.db())),
            ["clusters", id, rest @ ..] => self.cluster(request, number(id)?, rest),
            ["nodes"] => get().and_then(|()| reading::nodes(&shared.db(), request)),
            ["nodes", id] => {
                let id = number(id)?;
                get().and_then(|()| reading::node(&shared.db(), id))
            }
            ["releases"] => get().and_then(|()| reading::releases(&shared.db())),
            ["notifications"] => get().map(|()| reading::notifications(&shared.db())),
            ["releases", id, "deployment_graphs", rest @ ..] => self.graphs(request, Owner::Release(number(id)?), rest),
            ["plugins", id, "deployment_graphs", rest @ ..] => self.graphs(request, Owner::Plugin(number(id)?), rest),
            ["graphs"] => graphs::all(&shared.db(), request),
            ["graphs", "execute"] if shared.mode.executes_graphs() => {
                let started = execute::execute(&mut shared.db(), request)?;
                Ok(self.start(started))
            }
            ["graphs", id] => graphs::by_id(&mut shared.db(), number(id)?, request),
            ["tasks"] => tasks::collection(&shared.db(), View::Tasks, request),
            ["tasks", id] => tasks::one(&mut shared.db(), View::Tasks, number(id)?, request),
            ["transactions"] => tasks::collection(&shared.db(), View::Transactions, request),
            ["transactions", id] => tasks::one(&mut shared.db(), View::Transactions, number(id)?, request),
            ["transactions", id, "deployment_history"] => history::of(&shared.db(), number(id)?, request),
            ["transactions", id, "deployment_info" | "settings" | "network_configuration"] => {
                tasks::deployment_info(&shared.db(), number(id)?, request)
            }
            _ => Err(unknown_url()),
        }
    }

    fn cluster(&self, request: &Request, id: u32, parts: &[&str]) -> Answer {
        let get = || if request.method == "GET" { Ok(()) } else { Err(bad_method()) };
        let shared = &self.0;
        match parts {
            [] => reading::cluster(&mut shared.db(), id, request),
            ["attributes"] => get().and_then(|()| reading::attributes(&shared.db(), id)),
            ["deployment_graphs", rest @ ..] => self.graphs(request, Owner::Cluster(id), rest),
            ["deployment_tasks"] => execute::merged(&shared.db(), id, request),
            ["serialized_tasks"] => preview::of(&mut shared.db(), id, request),
            [how @ ("deploy" | "deploy_tasks" | "changes")] => {
                let started = execute::deploy(&mut shared.db(), id, how, request)?;
                Ok(self.start(started))
            }
            ["stop_deployment"] => {
                let accepted = execute::stop(&mut shared.db(), id, request)?;
                let reached = accepted.deployment.is_some_and(|deployment| stop(shared, deployment));
                if !reached {
                    // Nothing receives the stop, so its task stays for ever.
                    if let Some(task) = shared.db().task_mut(accepted.task) {
                        task.progress = Some(0);
                    }
                }
                Ok(accepted.answer)
            }
            _ => Err(unknown_url()),
        }
    }

    fn graphs(&self, request: &Request, owner: Owner, parts: &[&str]) -> Answer {
        match parts {
            [] => graphs::collection(&self.0.db(), owner, request),
            [kind] => graphs::one(&mut self.0.db(), owner, kind, request),
            _ => Err(unknown_url()),
        }
    }

    /// Sets a run going; the answer does not wait for it.
    fn start(&self, started: Started) -> Response {
        let shared = Arc::clone(&self.0);
        let run = started.run;
        lock(&self.0.threads).push(thread::spawn(move || conduct(&shared, &run)));
        started.answer
    }
}

fn number(text: &str) -> Result<u32, Response> {
    text.parse().map_err(|_| unknown_url())
}
