//! `POST /submit-job`, `/submit-job/upload` and `/submit-jobs`: the one road of a job, from bytes to a durable record.

use super::answer;
use super::body::{body, json_array};
use super::context::ApiContext;
use super::dry_run::{self, Depth};
use super::error::ApiError;
use super::idempotency::{id_of, key, submit_key};
use super::jobs::job_id;
use super::multipart;
use super::query::{Query, flag, query};
use super::routes::{Route, fixed, with};
use super::views;
use crate::model::{JobId, JobTexts, Origin, Problem, TextFormat};
use crate::options::{Map, Tree, convert};
use crate::plan;
use crate::scheduler::{Submission, Submitted};
use crate::spec::{self, JsonMode, Resolve, Source};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

/// `texts`: whether the id in the answer of submit-job is a text.
pub(super) fn routes(context: &Arc<ApiContext>, texts: bool) -> Vec<Route> {
    let limit = context.settings.max_body_bytes;
    let one = fixed("submit-job")
        .and(with(context))
        .and(query())
        .and(key())
        .and(body(limit))
        .then(move |context, query, key, body| submit_job(context, texts, query, key, body));
    let upload = warp::path("submit-job")
        .and(fixed("upload"))
        .and(with(context))
        .and(query())
        .and(key())
        .and(warp::header::optional("content-type"))
        .and(body(limit))
        .then(move |context, query, key, form, body| upload(context, texts, query, key, form, body));
    let many = fixed("submit-jobs").and(with(context)).and(body(limit)).then(submit_jobs);
    vec![
        Route::new(Method::POST, "/submit-job", one),
        Route::new(Method::POST, "/submit-job/upload", upload),
        Route::new(Method::POST, "/submit-jobs", many),
    ]
}

/// The part of an upload that is the job.
const FILE_PART: &str = "config_file";

/// What a caller asks of a job beside its text.
#[derive(Debug, Default)]
pub(super) struct Params {
    pub(super) id: Option<JobId>,
    pub(super) name: Option<String>,
    pub(super) from_savepoint: bool,
    /// The key of the request, as it was sent.
    pub(super) key: Option<String>,
    pub(super) origin: Option<Origin>,
}

impl Params {
    /// Takes `jobId`, `jobName`, `isStartWithSavePoint`; blank means absent.
    fn read<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Result<Self, ApiError> {
        let from_savepoint = get("isStartWithSavePoint")
            .map(|v| flag("isStartWithSavePoint", v))
            .transpose()?
            .unwrap_or(false);
        let id = get("jobId").map(job_id).transpose()?;
        if from_savepoint && id.is_none() {
            return Err(ApiError::bad("Please provide jobId when start with save point."));
        }
        if let Some(id) = id.filter(|id| id.0 <= 0) {
            return Err(ApiError::bad(format!("jobId: {id} is not a positive number")));
        }
        Ok(Self { id, name: get("jobName").map(str::to_owned), from_savepoint, ..Self::default() })
    }
}

async fn submit_job(
    context: Arc<ApiContext>,
    texts: bool,
    query: Query,
    key: Result<Option<String>, ApiError>,
    body: Result<Bytes, ApiError>,
) -> Result<Response, ApiError> {
    let body = body?;
    let format = match query.get("format").map(str::to_ascii_lowercase).as_deref() {
        Some("hocon") => TextFormat::Hocon,
        Some("json") | None => TextFormat::Json,
        Some("sql") => TextFormat::Sql,
        Some(other) => {
            return Err(ApiError::bad(format!(
                "format: \"{other}\" is not known; allowed: json, hocon, sql"
            )));
        }
    };
    submit_text(&context, texts, &query, key?, (format, "request body"), &body).await
}

/// A form with a file: its syntax goes by its name, parameters may be fields of the form.
async fn upload(
    context: Arc<ApiContext>,
    texts: bool,
    query: Query,
    key: Result<Option<String>, ApiError>,
    content_type: Option<String>,
    body: Result<Bytes, ApiError>,
) -> Result<Response, ApiError> {
    let body = body?;
    let (mut file, mut fields) = (None, Vec::new());
    for part in multipart::parts(content_type.as_deref(), body).await? {
        if part.name == FILE_PART {
            file = Some(part);
        } else {
            fields.push((part.name, String::from_utf8_lossy(&part.content).into_owned()));
        }
    }
    let file =
        file.ok_or_else(|| ApiError::bad(format!("the form has no part \"{FILE_PART}\" with the job")))?;
    let format = file.file.as_deref().map_or(TextFormat::Json, TextFormat::of_file_name);
    let name = file.file.as_deref().unwrap_or(FILE_PART);
    submit_text(&context, texts, &query.over(fields), key?, (format, name), &file.content).await
}

/// A job's text of either kind.
async fn submit_text(
    context: &ApiContext,
    texts: bool,
    query: &Query,
    key: Option<String>,
    (format, name): (TextFormat, &str),
    body: &[u8],
) -> Result<Response, ApiError> {
    let params = Params { key, ..Params::read(|name| query.get(name))? };
    if body.is_empty() {
        return Err(ApiError::bad("Request body is empty."));
    }
    let given: Vec<String> = query.all("variables").map(str::to_owned).collect();
    let variables = spec::variables(&given).map_err(|problem| ApiError::problems(vec![problem]))?;
    let source = Source { text: body, format, name };
    let how = Resolve::Rest { variables, env_allow: context.settings.env_allow.clone() };
    if let Some(depth) = query.get("dryRun") {
        return dry_run::dry_run(context, Depth::read(depth)?, &source, &how).await;
    }
    let tree = spec::parse_tree(&source, &how)?;
    let text = JobText { submitted: spec::decode_lossy(body), format, odd: spec::no_utf8(body) };
    let done = submit(context, params, &tree, text).await;
    let done = done.map_err(|error| error.located(|problems| spec::locate(&source, &how, problems)))?;
    let id = views::id_value(done.id, texts);
    Ok(answer::json(&json!({"jobId": id, "jobName": done.name})))
}

/// One element per item, in order; a refused item says why, the others run. 400 when every item is refused.
async fn submit_jobs(context: Arc<ApiContext>, body: Result<Bytes, ApiError>) -> Result<Response, ApiError> {
    let body = body?;
    let odd = spec::no_utf8(&body);
    let items = json_array(spec::decode_lossy(&body).as_bytes())?;
    let mut answers: Vec<Value> = Vec::with_capacity(items.len());
    let mut refused = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let wanted = Params::of_item(&item);
        let (id, name) = match &wanted {
            Ok(params) => (params.id, params.name.clone()),
            Err(_) => (None, None),
        };
        let done = match wanted {
            Ok(params) => submit_item(&context, params, item, odd.clone()).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(done) => answers.push(json!({"jobId": done.id.to_string(), "jobName": done.name})),
            Err(error) => {
                let mut element = serde_json::Map::new();
                element.insert("jobId".into(), json!(id.map(|id| id.to_string())));
                element.insert("jobName".into(), json!(name));
                element.extend(error.to_json());
                answers.push(Value::Object(element));
                refused.push((index, error));
            }
        }
    }
    if !refused.is_empty() && refused.len() == answers.len() {
        let lines: Vec<String> =
            refused.iter().map(|(index, e)| format!("[{index}]: {}", e.message)).collect();
        let code = refused[0].1.code;
        let of_item = |index: usize, problem: Problem| Problem {
            path: match problem.path.as_str() {
                "" => format!("[{index}]"),
                inner => format!("[{index}].{inner}"),
            },
            ..problem
        };
        let problems = refused
            .into_iter()
            .flat_map(|(index, error)| error.problems.into_iter().map(move |p| of_item(index, p)))
            .collect();
        return Err(ApiError { problems, ..ApiError::new(code, lines.join("\n")) });
    }
    Ok(answer::json(&answers))
}

impl Params {
    /// Takes the `params` of a batch item: missing, empty, and holding numbers are fine.
    fn of_item(item: &Tree) -> Result<Self, ApiError> {
        let Tree::Map(item) = item else {
            return Err(ApiError::bad(format!("an object is wanted, not {}", item.kind())));
        };
        let params = match item.get("params") {
            None | Some(Tree::Null) => Map::new(),
            Some(Tree::Map(params)) => params.clone(),
            Some(other) => {
                return Err(ApiError::bad(format!("params: an object is wanted, not {}", other.kind())));
            }
        };
        let texts: Vec<(String, String)> = params
            .iter()
            .filter(|(_, value)| !matches!(value, Tree::Null))
            .map(|(key, value)| (key.clone(), convert::to_text(value)))
            .collect();
        Self::read(|name| {
            texts.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.trim().is_empty())
        })
    }
}

/// Submits the stored text of a job again. Its tables are discovered anew; its variables stay as they were filled in.
pub(super) async fn submit_stored(
    context: &ApiContext,
    params: Params,
    texts: JobTexts,
) -> Result<Submitted, ApiError> {
    let tree = spec::parse_json(texts.resolved.as_bytes(), JsonMode::Strict, "")?;
    let text = JobText { submitted: texts.submitted, format: texts.format, odd: None };
    submit(context, params, &tree, text).await
}

async fn submit_item(
    context: &ApiContext,
    params: Params,
    item: Tree,
    odd: Option<Problem>,
) -> Result<Submitted, ApiError> {
    let Tree::Map(mut map) = item else {
        return Err(ApiError::bad("an object is wanted"));
    };
    map.shift_remove("params");
    let tree = Tree::Map(map);
    let text = JobText { submitted: json_text(&tree)?, format: TextFormat::Json, odd };
    submit(context, params, &tree, text).await
}

/// A job's text as it came.
struct JobText {
    submitted: String,
    format: TextFormat,
    /// What is odd about its bytes.
    odd: Option<Problem>,
}

/// Parsed → validated, discovered, compiled → recorded. The handler holds nothing half-done: the scheduler gets one
/// message.
async fn submit(
    context: &ApiContext,
    params: Params,
    tree: &Tree,
    text: JobText,
) -> Result<Submitted, ApiError> {
    let job = spec::job_spec(tree, &context.settings.plan_defaults.shade)?;
    let name = job.name_of(params.name.as_deref());
    let compiled = plan::prepare(&job, &context.registry, &context.settings.plan_defaults).await?;
    let JobText { submitted, format, odd } = text;
    let texts = JobTexts { submitted, format, resolved: json_text(tree)?, catalogues: compiled.catalogues };
    let key = params.key.as_deref().map(|key| submit_key(key, &params, &texts));
    let id = params.id.or_else(|| key.as_ref().map(id_of));
    let submission = Submission {
        id,
        name,
        from_savepoint: params.from_savepoint,
        origin: params.origin.unwrap_or(Origin::Rest),
        key,
        texts,
        plan: compiled.plan,
        warnings: odd.into_iter().chain(compiled.warnings).collect(),
    };
    Ok(context.scheduler.submit(submission).await?)
}

fn json_text(tree: &Tree) -> Result<String, ApiError> {
    serde_json::to_string(tree).map_err(|e| ApiError::bad(format!("the job can't be written as JSON: {e}")))
}
