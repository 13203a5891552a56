//! Answers in the forms that the real servers give: JSON labelled as such, JSON errors labelled
//! `text/html`, and plain text.

use serde_json::{Value, json};

use super::super::web::Response;

/// An answer, or the refusal that ends the request early.
pub(super) type Answer = Result<Response, Response>;

/// A good answer.
pub(super) fn json_answer(status: u16, body: &Value) -> Response {
    Response::new(status, "application/json", body.to_string())
        .header("Cache-Control", "store, no-cache, must-revalidate, post-check=0, pre-check=0")
}

/// A refusal in Nailgun's own form: JSON with the content type `text/html`.
pub(super) fn refusal(status: u16, message: &str) -> Response {
    Response::new(status, "text/html", json!({"message": message, "errors": []}).to_string())
}

/// An object that is not there.
pub(super) fn missing(what: &str) -> Response {
    refusal(404, &format!("{what} not found"))
}

/// An address that is not there.
pub(super) fn unknown_url() -> Response {
    Response::new(404, "text/html", "not found")
}

/// A method that this address does not support.
pub(super) fn bad_method() -> Response {
    Response::new(405, "text/html", "None")
}

/// The answer for an exception that the framework catches.
pub(super) fn unexpected() -> Response {
    Response::new(500, "text/plain", "Unexpected exception, please check logs")
}

/// An exception with its traceback: the answer to requests that Nailgun does not handle.
pub(super) fn traceback(exception: &str) -> Response {
    let message = format!(
        "Traceback (most recent call last):\n  File \"/usr/lib/python2.7/site-packages/nailgun/api/v1/handlers/base.py\", line 122, in __call__\n    result = f(*args, **kwargs)\n{exception}\n"
    );
    refusal(500, &message)
}
