//! Opens the ways in: listeners, the gate before them, and the files of both, which are read again when they change.

use crate::access::{Access, Tls};
use crate::api::{Gate, HttpServer, Listener};
use crate::config::Config;
use crate::runtime::{self, Hangups, Task};
use crate::store::Progress;
use std::fs;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether the files have changed.
const LOOK: Duration = Duration::from_secs(2);

/// What is listened on.
pub(super) struct Ways {
    pub(super) http: HttpServer,
    /// Reads files again, if there are any.
    pub(super) reload: Option<Task<()>>,
}

/// Binds the addresses, and serves there that the server is starting; `None` when nothing is to be served.
///
/// # Errors
/// One sentence: what can't be used or bound.
pub(super) async fn listen(config: &Config, progress: &Progress) -> Result<Option<Ways>, String> {
    let http = &config.http;
    if !http.serves() {
        return Ok(None);
    }
    config.check_exposure().map_err(|e| e.to_string())?;
    let access = Access::open(&http.access)?.map(Arc::new);
    let tls = http.tls.as_ref().map(Tls::open).transpose()?.map(Arc::new);
    if access.as_ref().is_some_and(|access| access.takes_passwords() || access.takes_tokens())
        && http.enabled
        && !http.listen.ip().is_loopback()
    {
        tracing::warn!(
            "passwords and tokens go to {} in the clear; http.enable-https hides them",
            http.listen
        );
    }
    let mut listeners = Vec::new();
    if http.enabled {
        listeners.push(bind(http.listen, None).await?);
    }
    if let (Some(config), Some(tls)) = (&http.tls, &tls) {
        listeners.push(bind(config.listen, Some(Arc::clone(tls))).await?);
    }
    let mut limits = http.limits.clone();
    if let Some(files) = runtime::open_files() {
        // The other half is for the store and the jobs: a flood of connections must not keep them from their files.
        limits.connections = limits.connections.min((files / 2).max(1) as usize);
    }
    let gate = Gate::new(http, access.clone());
    let started = HttpServer::start(listeners, gate, limits, &http.context_path, progress);
    let http = started.map_err(|e| format!("http: {e}"))?;
    let files = files(config);
    // In a terminal SIGHUP says that it was closed; without files to read again that is the end, as it always was.
    let catches = !files.is_empty() || !std::io::stdin().is_terminal();
    let reload = catches.then(|| runtime::spawn(read_again(files, Hangups::catch(), access, tls)));
    Ok(Some(Ways { http, reload }))
}

async fn bind(address: SocketAddr, tls: Option<Arc<Tls>>) -> Result<Listener, String> {
    Listener::bind(address, tls).await.map_err(|e| format!("http: {address} can't be listened on: {e}"))
}

/// The files that are read again.
fn files(config: &Config) -> Vec<PathBuf> {
    let tls = config.http.tls.iter();
    let tls = tls.flat_map(|tls| [Some(&tls.certificate), Some(&tls.key), tls.client_ca.as_ref()]);
    config.http.access.tokens_file.iter().chain(tls.flatten()).cloned().collect()
}

/// What changes when a file does.
type Stamp = Option<(u64, u64, i64, i64, u32)>;

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let about = fs::metadata(path).ok()?;
        Some((about.ino(), about.len(), about.mtime(), about.mtime_nsec(), about.mode()))
    };
    files.iter().map(stamp).collect()
}

/// On SIGHUP, and when a file has changed. What can't be used is said, and what was there stays in force.
async fn read_again(
    files: Vec<PathBuf>,
    mut hangups: Hangups,
    access: Option<Arc<Access>>,
    tls: Option<Arc<Tls>>,
) {
    let mut known = stamps(&files);
    loop {
        let asked = tokio::select! {
            () = hangups.next() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        let now = stamps(&files);
        if !asked && now == known {
            continue;
        }
        known = now;
        let read = [
            access.as_ref().map_or(Ok(()), |access| access.reload()),
            tls.as_ref().map_or(Ok(()), |tls| tls.reload()),
        ];
        for error in read.into_iter().filter_map(Result::err) {
            tracing::error!("{error}; what was read before stays in force");
        }
    }
}

/// Where the API is, at the first of the addresses.
pub(super) fn url(config: &Config, http: &HttpServer) -> String {
    urls(config, http).next().unwrap_or_default()
}

/// Where the API is, at each address.
pub(super) fn urls<'a>(config: &'a Config, http: &'a HttpServer) -> impl Iterator<Item = String> + 'a {
    http.bound().iter().map(|(scheme, address)| format!("{scheme}://{address}{}", config.http.context_path))
}
