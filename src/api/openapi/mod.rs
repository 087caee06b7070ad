//! `GET /openapi.json`: what this server serves, as OpenAPI 3.1.
//!
//! The paths are those of the routes; what each says stands in `openapi.json` beside this file. A route that the file
//! doesn't know is marked, and what no route serves is left out: the tests find both. The older paths say what the newer
//! ones say, at the root of the server.

use super::answer;
use super::error::ApiError;
use super::routes::Route;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use warp::Filter;
use warp::http::{Method, StatusCode};

/// What is said of each path.
const TEXT: &str = include_str!("openapi.json");

/// Before the older paths that newer ones serve.
const OLDER: &str = "/hazelcast/rest/maps";

/// The route of the document on these routes and itself; `older` lie at the root.
pub(super) fn route(context_path: &str, newer: &[Route], older: &[Route]) -> Route {
    let own = (Method::GET, "/openapi.json".to_owned());
    let listed = |routes: &[Route]| -> Vec<(Method, String)> {
        routes.iter().map(|route| (route.method.clone(), route.path.clone())).collect()
    };
    let newer: Vec<_> = listed(newer).into_iter().chain([own]).collect();
    let document = document(context_path, &newer, &listed(older));
    let body: Result<Arc<[u8]>, ApiError> =
        document.and_then(|document| serde_json::to_vec(&document)).map(Into::into).map_err(|error| {
            ApiError::new(super::ErrorCode::Internal, format!("the document can't be made: {error}"))
        });
    let get = super::routes::fixed("openapi.json")
        .map(move || body.clone().map(|body| answer::raw(StatusCode::OK, body.to_vec())));
    Route::new(Method::GET, "/openapi.json", get)
}

fn document(
    context_path: &str,
    newer: &[(Method, String)],
    older: &[(Method, String)],
) -> serde_json::Result<Value> {
    let mut document: Value = serde_json::from_str(TEXT)?;
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    document["servers"] = json!([{"url": if context_path.is_empty() { "/" } else { context_path }}]);
    let said = document["paths"].take();
    let mut paths = Map::new();
    for (method, path) in newer {
        put(&mut paths, &said, method, path, path);
    }
    for (method, path) in older {
        let shared = path.strip_prefix(OLDER).unwrap_or(path);
        put(&mut paths, &said, method, path, shared);
        let path = braced(path);
        if let Some(item) = paths.get_mut(&path).and_then(Value::as_object_mut) {
            item.insert("servers".to_owned(), json!([{"url": "/"}]));
        }
    }
    document["paths"] = Value::Object(paths);
    Ok(document)
}

/// Says of `path` what is said of `like`; PUT does what POST does.
fn put(paths: &mut Map<String, Value>, said: &Value, method: &Method, path: &str, like: &str) {
    let name = method.as_str().to_ascii_lowercase();
    let said = &said[braced(like)];
    let operation = said.get(&name).or_else(|| said.get("post").filter(|_| *method == Method::PUT));
    let operation = operation.cloned().unwrap_or_else(|| json!({"x-not-described": true, "responses": {}}));
    let item = paths.entry(braced(path)).or_insert_with(|| json!({}));
    item[name] = operation;
}

/// `/job-info/:jobId` as OpenAPI writes it.
fn braced(path: &str) -> String {
    let part =
        |part: &str| part.strip_prefix(':').map_or_else(|| part.to_owned(), |name| format!("{{{name}}}"));
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_routes() {
        let newer = [(Method::GET, "/job-info/:jobId".to_owned()), (Method::GET, "/nowhere".to_owned())];
        let older = [
            (Method::POST, "/hazelcast/rest/maps/stop-job".to_owned()),
            (Method::PUT, "/hazelcast/rest/maps/stop-job".to_owned()),
        ];
        let document = document("/ctx", &newer, &older).unwrap();
        assert_eq!(document["servers"][0]["url"], "/ctx");
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.len(), 3, "only what is served");
        assert_eq!(paths["/job-info/{jobId}"]["get"]["summary"], "One job");
        assert_eq!(paths["/nowhere"]["get"]["x-not-described"], true);
        let stop = &paths["/hazelcast/rest/maps/stop-job"];
        assert_eq!(stop["post"]["summary"], "Stops a job");
        assert_eq!((&stop["post"], &stop["servers"][0]["url"]), (&stop["put"], &json!("/")));
    }
}
