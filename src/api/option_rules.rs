//! `GET /option-rules`: what can be written in a job, from the plug-ins' own declarations.
//!
//! With `type` and `plugin` one plug-in, as the engine answers it; without parameters every block there is.

use super::answer;
use super::context::ApiContext;
use super::error::{ApiError, ErrorCode};
use super::query::{Query, query};
use super::routes::{Route, fixed, with};
use super::views;
use crate::model::nearest;
use crate::plan::{BlockKind, block_rules};
use std::sync::Arc;
use warp::Filter;
use warp::http::Method;
use warp::reply::Response;

pub(super) fn routes(context: &Arc<ApiContext>) -> Vec<Route> {
    let rules = fixed("option-rules").and(with(context)).and(query()).then(option_rules);
    vec![Route::new(Method::GET, "/option-rules", rules)]
}

async fn option_rules(context: Arc<ApiContext>, query: Query) -> Result<Response, ApiError> {
    let rules = block_rules(&context.registry);
    let (kind, plugin) = (query.get("type").map(str::trim), query.get("plugin").map(str::trim));
    let (kind, plugin) = match (kind, plugin) {
        (None, None) if query.pairs().is_empty() => {
            return Ok(answer::json(&rules.iter().map(views::option_rule).collect::<Vec<_>>()));
        }
        (None, _) => return Err(ApiError::bad("Parameter 'type' cannot be empty.")),
        (_, None) => return Err(ApiError::bad("Parameter 'plugin' cannot be empty.")),
        (Some(kind), Some(plugin)) => (kind, plugin),
    };
    let known = [BlockKind::Source, BlockKind::Sink, BlockKind::Transform];
    let Some(kind) = known.into_iter().find(|known| known.name().eq_ignore_ascii_case(kind)) else {
        return Err(ApiError::bad(format!(
            "Unsupported plugin type '{kind}'. Only 'source', 'sink' and 'transform' are supported."
        )));
    };
    let of_kind = || rules.iter().filter(|rules| rules.kind == kind);
    match of_kind().find(|rules| rules.name.eq_ignore_ascii_case(plugin)) {
        Some(rules) => Ok(answer::json(&views::option_rule(rules))),
        None => {
            let near = nearest(plugin, of_kind().map(|rules| rules.name));
            let hint = near.map(|near| format!(" Did you mean '{near}'?")).unwrap_or_default();
            let message = format!("Plugin '{plugin}' not found for type '{}'.{hint}", kind.name());
            Err(ApiError::new(ErrorCode::NotFound, message))
        }
    }
}
