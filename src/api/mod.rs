//! The REST API: a warp filter tree, one file per resource.
//!
//! Each resource file holds its routes and its handlers. A handler is a plain async fn that answers
//! `Result<Response, ApiError>`; it never rejects, so warp's rejections serve routing alone. `routes` joins the
//! resources under the context path and answers 404, 405 (with `Allow`), HEAD and OPTIONS from the same list. `views`
//! own the wire shapes: names, numbers or strings, time texts; nothing else does. While the server starts, `starting` is
//! served instead. Reads go to the store's reader and
//! the scheduler's overlay, and never wait for the scheduler; a change is one message to the scheduler.

mod answer;
mod backups;
mod body;
mod checkpoints;
mod context;
mod dry_run;
mod encrypt;
mod error;
mod events;
mod exposition;
mod follow;
mod gate;
mod health;
mod history;
mod history_filter;
mod idempotency;
mod jobs;
mod lifecycle;
mod loggers;
mod logs;
mod metrics;
mod monitoring;
mod multipart;
mod openapi;
mod option_rules;
mod overview;
mod pending;
mod places;
mod query;
mod resume;
mod routes;
mod server;
mod starting;
mod stop;
mod submit;
mod tags;
mod threads;
mod timed_body;
mod timed_stream;
mod trees;
mod v1;
pub mod views;

pub use context::{ApiContext, ApiSettings};
pub use dry_run::Trials;
pub use error::{ApiError, ErrorCode};
pub use gate::Gate;
pub use monitoring::Monitor;
pub use server::{Connections, HttpServer, Listener};
pub use trees::Declared;
