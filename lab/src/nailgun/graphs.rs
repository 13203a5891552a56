//! Graphs: creating, reading, replacing and deleting them.

use serde_json::{Map, Value, json};

use super::super::NailgunMode;
use super::super::web::{Request, Response};
use super::answer::{Answer, bad_method, json_answer, missing, refusal, unexpected, unknown_url};
use super::db::{Db, Graph, GraphTask, Owner, RELEASE};
use super::schema;

/// The body of a request as JSON.
pub(super) fn body(request: &Request) -> Result<Value, Response> {
    if request.body.is_empty() {
        return Err(refusal(400, "Empty request received"));
    }
    serde_json::from_slice(&request.body).map_err(|_| refusal(400, "Invalid json received"))
}

/// `…/deployment_graphs/`
pub(super) fn collection(db: &Db, owner: Owner, request: &Request) -> Answer {
    known(db, owner)?;
    match request.method.as_str() {
        "GET" => {
            let own = db.graphs.iter().filter(|graph| graph.owner == owner);
            Ok(json_answer(200, &own.map(form).collect()))
        }
        // A POST without a type: the handler's argument is missing, and nobody catches that.
        "POST" => Err(Response::new(500, "text/html", "internal server error")),
        _ => Err(bad_method()),
    }
}

/// `…/deployment_graphs/TYPE/`
pub(super) fn one(db: &mut Db, owner: Owner, kind: &str, request: &Request) -> Answer {
    if !kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        return Err(unknown_url());
    }
    known(db, owner)?;
    let undefined = || refusal(404, &format!("Graph with type: {kind} is not defined"));
    match request.method.as_str() {
        "GET" => Ok(json_answer(200, &form(db.graph(owner, kind).ok_or_else(undefined)?))),
        "POST" => {
            let body = checked(db, request)?;
            if db.mode < NailgunMode::V9_2 {
                refuse_double(db.mode, &body)?;
            }
            if db.graph(owner, kind).is_some() {
                return Err(refusal(409, &format!("Deployment graph with type \"{kind}\" already exist.")));
            }
            if kind.len() > 255 {
                return Err(unexpected());
            }
            let graph = db.add_graph(owner, kind);
            update(graph, body);
            Ok(json_answer(200, &form(graph)))
        }
        "PUT" | "PATCH" => {
            let body = checked(db, request)?;
            let found = db.graphs.iter_mut().find(|graph| graph.owner == owner && graph.kind == kind);
            let graph = found.ok_or_else(undefined)?;
            update(graph, body);
            // PATCH serializes twice: a JSON string with JSON in it.
            let form = form(graph);
            let answer = if request.method == "PATCH" { Value::from(form.to_string()) } else { form };
            Ok(json_answer(200, &answer))
        }
        "DELETE" => {
            let place = db.graphs.iter().position(|graph| graph.owner == owner && graph.kind == kind);
            // Before 9.1 the message is no JSON, and the good answer has a body.
            let old = !db.mode.executes_graphs();
            let text = || Response::new(404, "text/html", format!("Graph with type: {kind} is not defined"));
            db.graphs.remove(place.ok_or_else(|| if old { text() } else { undefined() })?);
            Ok(if old { json_answer(200, &Value::Null) } else { Response::empty(204) })
        }
        _ => Err(bad_method()),
    }
}

/// `/graphs/`
pub(super) fn all(db: &Db, request: &Request) -> Answer {
    if request.method != "GET" {
        return Err(bad_method());
    }
    let list = |name: &str| {
        request
            .arg(name)
            .filter(|text| !text.is_empty())
            .map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>())
    };
    let (mut types, clusters) = (list("graph_types"), list("clusters_ids"));
    // Before 9.1 nothing is filtered; 9.1 answers with all graphs where none is of these types.
    if !db.mode.executes_graphs() {
        return Ok(json_answer(200, &db.graphs.iter().map(form).collect()));
    }
    if db.mode == NailgunMode::V9_1
        && types.as_ref().is_some_and(|types| !db.graphs.iter().any(|graph| types.contains(&graph.kind)))
    {
        types = None;
    }
    if types.is_some() && clusters.is_some() {
        return Err(unexpected());
    }
    let related = request.flag("fetch_related");
    let fits = |graph: &&Graph| {
        let of_type = types.as_ref().is_none_or(|types| types.contains(&graph.kind));
        let of_cluster = clusters.as_ref().is_none_or(|clusters| match graph.owner {
            Owner::Cluster(id) => clusters.contains(&id.to_string()),
            Owner::Release(id) => related && id == RELEASE,
            Owner::Plugin(_) => related,
        });
        of_type && of_cluster
    };
    Ok(json_answer(200, &db.graphs.iter().filter(fits).map(form).collect()))
}

/// `/graphs/ID/`
pub(super) fn by_id(db: &mut Db, id: u32, request: &Request) -> Answer {
    let place = db.graphs.iter().position(|graph| graph.id == id).ok_or_else(|| missing("DeploymentGraph"))?;
    match request.method.as_str() {
        "GET" => Ok(json_answer(200, &form(&db.graphs[place]))),
        "DELETE" => {
            db.graphs.remove(place);
            Ok(Response::empty(204))
        }
        _ => Err(bad_method()),
    }
}

fn known(db: &Db, owner: Owner) -> Result<(), Response> {
    match owner {
        Owner::Cluster(id) if db.cluster(id).is_none() => Err(missing("Cluster")),
        Owner::Release(id) if !(1..=3).contains(&id) => Err(missing("Release")),
        Owner::Plugin(id) if !db.plugins.contains(&id) => Err(missing("Plugin")),
        _ => Ok(()),
    }
}

/// Tasks of the same id: older servers do not look for them, and their database refuses the second one.
fn refuse_double(mode: NailgunMode, body: &Map<String, Value>) -> Result<(), Response> {
    let mut seen = std::collections::BTreeSet::new();
    let ids = body.get("tasks").and_then(Value::as_array).into_iter().flatten().filter_map(|task| task["id"].as_str());
    let Some(double) = ids.filter(|id| !seen.insert(*id)).min() else { return Ok(()) };
    let kind = if mode == NailgunMode::V9_0 { "text/html" } else { "text/plain" };
    let text = format!(
        "Traceback (most recent call last):\n  File \"/usr/lib/python2.7/site-packages/nailgun/api/v1/handlers/base.py\", line 285, in content_json\n    resp = func(cls, *args, **kwargs)\nIntegrityError: (psycopg2.IntegrityError) duplicate key value violates unique constraint \"_task_name_deployment_graph_id_uc\"\nDETAIL:  Key (deployment_graph_id, task_name)=(15, {double}) already exists.\n"
    );
    Err(Response::new(500, kind, text))
}

fn checked(db: &Db, request: &Request) -> Result<Map<String, Value>, Response> {
    let body = body(request)?;
    schema::graph(&body, db.mode).map_err(|message| refusal(400, &message))?;
    match body {
        Value::Object(map) => Ok(map),
        _ => Err(refusal(400, "Invalid json received")),
    }
}

/// Takes over what was sent; what was not sent stays. So an old `node_filter` goes only with the graph.
pub(super) fn update(graph: &mut Graph, body: Map<String, Value>) {
    for (key, value) in body {
        match (key.as_str(), value) {
            ("name", Value::String(name)) => graph.name = Some(name),
            ("tasks", Value::Array(tasks)) => {
                graph.tasks = tasks.into_iter().filter_map(|task| task.as_object().cloned()).map(stored).collect();
            }
            (_, value) => {
                graph.extras.insert(key, value);
            }
        }
    }
}

/// A task as the database keeps it: both old and new spellings become one, defaults are filled in.
fn stored(mut task: GraphTask) -> GraphTask {
    for (old, new) in
        [("role", "roles"), ("cross-depends", "cross_depends"), ("cross-depended-by", "cross_depended_by")]
    {
        if let Some(value) = task.remove(old) {
            // The old key takes one role as text; the new one does not, and keeps the text that matches nobody.
            let value = match value {
                Value::String(text) if old == "role" && text != "*" => json!([text]),
                other => other,
            };
            task.entry(new).or_insert(value);
        }
    }
    if task.get("roles") == Some(&json!(["*"])) {
        task.insert("roles".into(), json!("*"));
    }
    // A condition of plain `false` counts as none, and so the task runs.
    if task.get("condition").is_some_and(|condition| condition.is_null() || condition == &json!(false)) {
        task.remove("condition");
    }
    task.entry("version").or_insert_with(|| json!("1.0.0"));
    task
}

/// A task as the API returns it, with the doubled legacy fields.
pub(super) fn task_form(task: &GraphTask) -> GraphTask {
    let mut form = task.clone();
    for (new, old) in
        [("roles", "role"), ("cross_depends", "cross-depends"), ("cross_depended_by", "cross-depended-by")]
    {
        if let Some(value) = task.get(new) {
            form.insert(old.into(), value.clone());
        }
    }
    if let Some(id) = task.get("id") {
        form.insert("task_name".into(), id.clone());
    }
    form
}

fn form(graph: &Graph) -> Value {
    let (model, id) = match graph.owner {
        Owner::Release(id) => ("release", id),
        Owner::Plugin(id) => ("plugin", id),
        Owner::Cluster(id) => ("cluster", id),
    };
    let mut form = graph.extras.clone();
    form.insert("id".into(), json!(graph.id));
    form.insert("name".into(), json!(graph.name));
    form.insert("relations".into(), json!([{"model": model, "model_id": id, "type": graph.kind}]));
    form.insert("tasks".into(), graph.tasks.iter().map(|task| Value::Object(task_form(task))).collect());
    Value::Object(form)
}
