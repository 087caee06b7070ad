//! One integration binary: starts the real server on a free port, and talks to it as its users do.
//!
//! A file per resource or promise; cases as data. `server` starts and kills the process, `wait` waits for states.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod access_docs;
mod access_limits;
mod access_secrets;
mod access_tls;
mod api_guide;
mod backup;
mod bad_input;
mod canary;
mod client;
mod client_answers;
mod client_logs;
mod client_script;
mod clock;
mod command_docs;
mod command_line;
mod copies;
mod corpus;
mod crash_points;
mod disk_full;
mod dry_run;
mod endpoints;
mod engine_endpoints;
mod events;
mod exactly_once;
mod examples;
mod fuzz;
mod history;
mod hocon_observed;
mod http_fuzz;
mod idempotency;
mod job_language;
mod kills;
mod lifecycle;
mod logs;
mod metrics;
mod models;
mod openapi;
mod operator_docs;
mod option_jobs;
mod plugin_docs;
mod prune;
mod read_only;
mod recovery;
mod save_modes;
mod server;
mod sql_function_docs;
mod sql_functions;
mod sql_jobs;
mod starting;
mod transcript;
mod values_observed;
mod wait;
