//! The accept loop: header time-out, connection limit, graceful stop.
//!
//! Owns the listener and every connection. It serves from the moment it is bound: first the small tree of a start, then,
//! from [`HttpServer::ready`] on, the whole API, also on connections that were open before.
//!
//! Invariants: a connection is counted while it is open; at a stop the listener closes first, open requests get until the
//! deadline, then everything is dropped.

use super::context::ApiContext;
use super::{routes, starting};
use crate::runtime::{self, Task};
use crate::store::Progress;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use warp::filters::BoxedFilter;
use warp::reply::Response;

/// Connections open at once; beyond, accepting waits.
const MAX_CONNECTIONS: usize = 16_384;
/// Time for the header of a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(20);

/// Figures of the accept loop.
#[derive(Debug, Default)]
pub struct Connections {
    /// Open now.
    pub open: AtomicU64,
    /// Accepted since the start.
    pub accepted: AtomicU64,
    /// Requests answered.
    pub requests: AtomicU64,
}

/// What is served now.
struct Front {
    starting: BoxedFilter<(Response,)>,
    /// Set once, when the server is ready.
    full: OnceLock<BoxedFilter<(Response,)>>,
    connections: Arc<Connections>,
}

impl Front {
    fn tree(&self) -> BoxedFilter<(Response,)> {
        self.full.get().unwrap_or(&self.starting).clone()
    }
}

/// A listening server.
pub struct HttpServer {
    address: SocketAddr,
    front: Arc<Front>,
    stop: oneshot::Sender<Duration>,
    task: Task<()>,
}

impl HttpServer {
    /// Binds; `address` may have port 0.
    ///
    /// # Errors
    /// The address can't be bound.
    pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::bind(address).await
    }

    /// Serves on a bound listener; until [`ready`](Self::ready), that the server is starting, and how far it has come.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn start(listener: TcpListener, context_path: &str, progress: &Progress) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let front = Arc::new(Front {
            starting: starting::tree(context_path, progress),
            full: OnceLock::new(),
            connections: Arc::default(),
        });
        let task = runtime::spawn(serve(listener, Arc::clone(&front), stopped));
        Ok(Self { address, front, stop, task })
    }

    /// Serves the API from now on. Only the first call counts.
    pub fn ready(&self, context: &Arc<ApiContext>) {
        self.front.full.get_or_init(|| routes::tree(context));
    }

    /// Figures of the accept loop.
    #[must_use]
    pub fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.front.connections)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener, lets open requests finish until the deadline, then drops them.
    pub async fn stop(self, deadline: Duration) {
        if self.stop.send(deadline).is_ok()
            && let Err(error) = self.task.await
        {
            tracing::error!(%error, "the accept loop");
        }
    }
}

async fn serve(listener: TcpListener, front: Arc<Front>, mut stopped: oneshot::Receiver<Duration>) {
    let asked = Arc::clone(&front);
    let service = service_fn(move |request| {
        let front = Arc::clone(&asked);
        async move {
            let response = TowerToHyperService::new(warp::service(front.tree())).call(request).await;
            front.connections.requests.fetch_add(1, Ordering::Relaxed);
            response
        }
    });
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    let mut open: futures::stream::FuturesUnordered<Task<()>> = futures::stream::FuturesUnordered::new();
    let deadline = loop {
        let accept = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            deadline = &mut stopped => break deadline.unwrap_or_default(),
            Some(_ended) = futures::StreamExt::next(&mut open), if !open.is_empty() => {}
            (accepted, permit) = accept => {
                let (stream, _peer) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, most likely: wait for one instead of spinning.
                        tracing::warn!(%error, "a connection can't be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                };
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no-delay");
                }
                let connections = Arc::clone(&front.connections);
                connections.accepted.fetch_add(1, Ordering::Relaxed);
                connections.open.fetch_add(1, Ordering::Relaxed);
                let served = builder
                    .serve_connection(TokioIo::new(stream), service.clone())
                    .into_owned();
                let served = graceful.watch(served);
                open.push(runtime::spawn(async move {
                    if let Err(error) = served.await {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    connections.open.fetch_sub(1, Ordering::Relaxed);
                    drop(permit);
                }));
            }
        }
    };
    drop(listener);
    if tokio::time::timeout(deadline, graceful.shutdown()).await.is_err() {
        tracing::warn!("open requests were cut off at the deadline");
    }
}
