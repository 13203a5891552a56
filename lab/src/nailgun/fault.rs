//! What the embedded Nailgun can be made to answer in place of the truth.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::super::web::{Manner, Reply, Request, Response};

/// A fault of Nailgun's HTTP side: which requests it hits, how often, and what becomes of them.
#[derive(Clone, Debug)]
pub struct NailgunFault {
    method: Option<String>,
    path: String,
    skip: usize,
    times: usize,
    effect: Effect,
}

#[derive(Clone, Debug)]
enum Effect {
    /// The request does nothing, and this is answered.
    Answer(Response),
    /// The request does nothing, and the connection misbehaves.
    Instead(Manner),
    /// The request does what it says; its answer is sent in this manner.
    Manner(Manner),
    /// The request does what it says, after as many of its like have come.
    Meet(Arc<Meeting>),
    /// The request does what it says once it is admitted.
    Late,
}

/// Where requests wait for each other.
#[derive(Debug)]
pub(super) struct Meeting {
    /// How many have not come yet.
    missing: Mutex<usize>,
    complete: Condvar,
}

impl Meeting {
    /// Waits until all have come; those who come later do not wait. If somebody never comes, the others give up.
    pub(super) fn join(&self) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        *missing = missing.saturating_sub(1);
        self.complete.notify_all();
        drop(self.complete.wait_timeout_while(missing, Duration::from_secs(30), |missing| *missing > 0));
    }
}

/// What becomes of a request.
pub(super) enum Verdict {
    /// It is not to be carried out.
    Replace(Reply),
    /// It is carried out, and the answer is sent so.
    Carry(Manner),
    /// It is carried out after a meeting.
    Meet(Arc<Meeting>),
    /// It is carried out once it is admitted.
    Late,
}

impl NailgunFault {
    fn new(path: &str, effect: Effect) -> Self {
        Self { method: None, path: path.to_owned(), skip: 0, times: usize::MAX, effect }
    }

    /// Requests whose path contains `path` get this answer and do nothing.
    pub fn answer(path: &str, status: u16, content_type: &str, body: &str) -> Self {
        Self::new(path, Effect::Answer(Response::new(status, content_type, body)))
    }

    /// A server error with a Python traceback in its message, as Nailgun gives them.
    pub fn traceback(path: &str) -> Self {
        let body = super::answer::traceback("IntegrityError: (psycopg2.IntegrityError) \u{1b}[31mduplicate key");
        Self::new(path, Effect::Answer(body))
    }

    /// Requests whose path contains `path` are reset and do nothing.
    pub fn reset(path: &str) -> Self {
        Self::new(path, Effect::Instead(Manner::Reset))
    }

    /// They are never answered and do nothing.
    pub fn silence(path: &str) -> Self {
        Self::new(path, Effect::Instead(Manner::Silence))
    }

    /// They are carried out, and the connection is reset instead of an answer.
    pub fn lost_answer(path: &str) -> Self {
        Self::new(path, Effect::Manner(Manner::Reset))
    }

    /// They are carried out, and the answer is cut after this many bytes.
    pub fn cut(path: &str, bytes: usize) -> Self {
        Self::new(path, Effect::Manner(Manner::CutAfter(bytes)))
    }

    /// They are carried out, and the answer is delayed.
    pub fn slow(path: &str, pause: Duration) -> Self {
        Self::new(path, Effect::Manner(Manner::After(pause)))
    }

    /// They wait for each other and are carried out when so many have come: two clients at the same moment.
    pub fn meet(path: &str, requests: usize) -> Self {
        let meeting = Meeting { missing: Mutex::new(requests), complete: Condvar::new() };
        Self::new(path, Effect::Meet(Arc::new(meeting)))
    }

    /// They wait until `NailgunControl::admit_late`, and are carried out then.
    pub fn late(path: &str) -> Self {
        Self::new(path, Effect::Late)
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only after this many matching requests.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// At most this many times.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Whether it applies to this request; counts the match.
    pub(super) fn hit(&mut self, request: &Request) -> Option<Verdict> {
        if self.method.as_ref().is_some_and(|method| *method != request.method) || !request.path.contains(&self.path) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times = self.times.checked_sub(1)?;
        Some(match &self.effect {
            Effect::Answer(response) => Verdict::Replace(response.clone().into()),
            Effect::Instead(manner) => Verdict::Replace(Reply { response: Response::empty(500), manner: *manner }),
            Effect::Manner(manner) => Verdict::Carry(*manner),
            Effect::Late => Verdict::Late,
            Effect::Meet(meeting) => Verdict::Meet(Arc::clone(meeting)),
        })
    }
}
