//! The accept loops: connections with their limits, graceful stop.
//!
//! Owns the listeners and every connection. It serves from the moment it is bound: first the small tree of a start, then,
//! from [`HttpServer::ready`] on, the whole API, also on connections that were open before.
//!
//! Invariants: a connection is counted while it is open, and there are never more than the limit: who comes then is told
//! so and sent away at once, so that those who hold connections open can't keep the loop from accepting. At a stop the
//! listeners close first, open requests get until the deadline, then everything is dropped.

use super::context::ApiContext;
use super::gate::Gate;
use super::places::Places;
use super::starting;
use super::timed_body::{AnswerBody, TimedBody};
use super::timed_stream::{Activity, TimedStream};
use super::trees::{Declared, Trees};
use crate::access::Tls;
use crate::config::LimitsConfig;
use crate::runtime::{self, Task};
use crate::store::Progress;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper::{Request, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What one too many gets.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 83\r\n\
    retry-after: 1\r\nconnection: close\r\n\r\n\
    {\"status\":\"fail\",\"message\":\"too many connections are open; try again in a moment\"}\n";

/// Figures of the accept loops.
#[derive(Debug, Default)]
pub struct Connections {
    /// Open now.
    pub open: AtomicU64,
    /// Accepted since the start.
    pub accepted: AtomicU64,
    /// Sent away since the start, as too many were open.
    pub refused: AtomicU64,
    /// Requests answered.
    pub requests: AtomicU64,
}

/// What is served now.
struct Front {
    gate: Gate,
    limits: LimitsConfig,
    starting: Trees,
    /// Set once, when the server is ready.
    full: OnceLock<Trees>,
    connections: Arc<Connections>,
    places: Arc<Places>,
}

/// An address that is listened on.
pub struct Listener {
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
}

impl Listener {
    /// Binds; `address` may have port 0.
    ///
    /// # Errors
    /// The address can't be bound.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<Tls>>) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, tls })
    }
}

/// A listening server.
pub struct HttpServer {
    bound: Vec<(&'static str, SocketAddr)>,
    front: Arc<Front>,
    loops: Vec<(oneshot::Sender<Duration>, Task<()>)>,
}

impl HttpServer {
    /// Serves on bound listeners; until [`ready`](Self::ready), that the server is starting, and how far it has come.
    ///
    /// # Errors
    /// A listener has no address.
    pub fn start(
        listeners: Vec<Listener>,
        gate: Gate,
        limits: LimitsConfig,
        context_path: &str,
        progress: &Progress,
    ) -> io::Result<Self> {
        let front = Arc::new(Front {
            starting: starting::trees(context_path, progress, gate.challenge()),
            places: Places::new(&limits),
            gate,
            limits,
            full: OnceLock::new(),
            connections: Arc::default(),
        });
        let (mut bound, mut loops) = (Vec::new(), Vec::new());
        for listener in listeners {
            let scheme = if listener.tls.is_some() { "https" } else { "http" };
            bound.push((scheme, listener.listener.local_addr()?));
            let (stop, stopped) = oneshot::channel();
            loops.push((stop, runtime::spawn(serve(listener, Arc::clone(&front), stopped))));
        }
        Ok(Self { bound, front, loops })
    }

    /// Serves the API from now on. Only the first call counts.
    pub fn ready(&self, context: &Arc<ApiContext>) {
        self.front.full.get_or_init(|| Trees::of_api(context, self.front.gate.challenge()));
    }

    /// Figures of the accept loops.
    #[must_use]
    pub fn connections(&self) -> Arc<Connections> {
        Arc::clone(&self.front.connections)
    }

    /// Where it listens: `http` or `https`, and the address.
    #[must_use]
    pub fn bound(&self) -> &[(&'static str, SocketAddr)] {
        &self.bound
    }

    /// Every route that is served, once the server is ready.
    #[must_use]
    pub fn routes(&self) -> &[Declared] {
        self.front.full.get().map_or(&[], Trees::declared)
    }

    /// Closes the listeners, lets open requests finish until the deadline, then drops them.
    pub async fn stop(self, deadline: Duration) {
        let stopped =
            |(stop, task): (oneshot::Sender<Duration>, Task<()>)| stop.send(deadline).is_ok().then_some(task);
        let tasks: Vec<_> = self.loops.into_iter().filter_map(stopped).collect();
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "an accept loop");
            }
        }
    }
}

impl Front {
    async fn answer(
        &self,
        from: IpAddr,
        activity: &Arc<Activity>,
        request: Request<Incoming>,
    ) -> hyper::Response<AnswerBody> {
        let under_way = activity.begin();
        let origin = request.headers().get(header::ORIGIN).cloned();
        let mut response = match self.gate.admit(from, &request).await {
            Err(refusal) => *refusal,
            Ok(may) => {
                let trees = self.full.get().unwrap_or(&self.starting);
                let tree = trees.of(may, request.uri().path()).clone();
                let request = request.map(|body| TimedBody::new(body, self.limits.body));
                let answered: Result<_, Infallible> =
                    TowerToHyperService::new(warp::service(tree)).call(request).await;
                match answered {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            }
        };
        self.gate.dress(&mut response, origin);
        self.connections.requests.fetch_add(1, Ordering::Relaxed);
        response.map(|body| AnswerBody::new(body, under_way))
    }

    fn builder(&self) -> Builder<TokioExecutor> {
        let mut builder = Builder::new(TokioExecutor::new());
        // The stream has the time-outs.
        builder.http1().header_read_timeout(None).max_buf_size(self.limits.header_bytes);
        let header_list = u32::try_from(self.limits.header_bytes).unwrap_or(u32::MAX);
        builder.http2().timer(TokioTimer::new()).max_header_list_size(header_list);
        builder
    }
}

async fn serve(listener: Listener, front: Arc<Front>, mut stopped: oneshot::Receiver<Duration>) {
    let Listener { listener, tls } = listener;
    let graceful = GracefulShutdown::new();
    let builder = Arc::new(front.builder());
    let mut open: futures::stream::FuturesUnordered<Task<()>> = futures::stream::FuturesUnordered::new();
    let deadline = loop {
        tokio::select! {
            deadline = &mut stopped => break deadline.unwrap_or_default(),
            Some(_ended) = futures::StreamExt::next(&mut open), if !open.is_empty() => {}
            accepted = listener.accept() => {
                let (stream, peer) = match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, most likely: wait for one instead of spinning.
                        tracing::warn!(%error, "a connection can't be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                };
                let connections = Arc::clone(&front.connections);
                let Some(place) = front.places.take(peer.ip()) else {
                    connections.refused.fetch_add(1, Ordering::Relaxed);
                    send_away(&stream, tls.is_none());
                    continue;
                };
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "no-delay");
                }
                connections.accepted.fetch_add(1, Ordering::Relaxed);
                connections.open.fetch_add(1, Ordering::Relaxed);
                let (front, builder, watcher) = (Arc::clone(&front), Arc::clone(&builder), graceful.watcher());
                let tls = tls.as_ref().map(|tls| tls.acceptor());
                open.push(runtime::spawn(async move {
                    let from = peer.ip();
                    let ended = match tls {
                        None => drive(stream, from, &front, &builder, watcher).await,
                        Some(tls) => match tokio::time::timeout(front.limits.header, tls.accept(stream)).await {
                            Ok(Ok(stream)) => drive(stream, from, &front, &builder, watcher).await,
                            Ok(Err(error)) => Err(error.into()),
                            Err(late) => Err(late.into()),
                        },
                    };
                    if let Err(error) = ended {
                        tracing::debug!(%error, %from, "a connection ended early");
                    }
                    connections.open.fetch_sub(1, Ordering::Relaxed);
                    drop(place);
                }));
            }
        }
    };
    drop(listener);
    if tokio::time::timeout(deadline, graceful.shutdown()).await.is_err() {
        tracing::warn!("open requests were cut off at the deadline");
    }
}

/// Serves one connection to its end.
async fn drive<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    from: IpAddr,
    front: &Arc<Front>,
    builder: &Builder<TokioExecutor>,
    watcher: Watcher,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let activity = Activity::new();
    let stream = TimedStream::new(stream, Arc::clone(&activity), &front.limits);
    let service = service_fn(|request| {
        let (front, activity) = (Arc::clone(front), Arc::clone(&activity));
        async move { Ok::<_, Infallible>(front.answer(from, &activity, request).await) }
    });
    watcher.watch(builder.serve_connection(TokioIo::new(stream), service)).await
}

/// A word and the door: nothing here waits for the client.
fn send_away(stream: &TcpStream, in_the_clear: bool) {
    if in_the_clear {
        let mut unread = [0; 4096];
        let _whatever = stream.try_read(&mut unread);
        let _sent = stream.try_write(FULL);
    }
}
