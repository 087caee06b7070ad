//! The stream of a connection, which ends when its client takes too long.
//!
//! A client has a time for the header of a request, from its first byte on; a time between two requests; and a time in
//! which it must take something of an answer. While a request is under way its client may be silent: the body has a time
//! of its own. A timer is set again when it rings, not for each request, so that a connection may live half as long again as
//! it should.

use crate::config::LimitsConfig;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What the requests of a connection tell its stream.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// Requests that have begun.
    begun: AtomicU64,
    /// Requests whose answers are not done.
    under_way: AtomicUsize,
    /// When the last answer was done, in milliseconds since `opened`.
    done: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            begun: AtomicU64::new(0),
            under_way: AtomicUsize::new(0),
            done: AtomicU64::new(0),
        })
    }

    /// A request begins; it is under way until the answer is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Activity>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let activity = &self.0;
        activity.done.store(activity.opened.elapsed().as_millis() as u64, Ordering::Relaxed);
        activity.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A timer that is set forward only when it rings.
#[derive(Default)]
struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

/// A stream with time-outs.
pub(super) struct TimedStream<S> {
    stream: S,
    activity: Arc<Activity>,
    header: Duration,
    idle: Duration,
    send: Duration,
    /// Number and deadline of the request whose header is being read.
    head: (u64, Instant),
    reading: Alarm,
    /// Since when the client takes nothing.
    stalled: Option<Instant>,
    writing: Alarm,
}

impl<S> TimedStream<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>, limits: &LimitsConfig) -> Self {
        Self {
            stream,
            // Who connects has a header to send.
            head: (0, Instant::now() + limits.header),
            activity,
            header: limits.header,
            idle: limits.idle,
            send: limits.send,
            reading: Alarm::default(),
            stalled: None,
            writing: Alarm::default(),
        }
    }

    /// Bytes came.
    fn heard(&mut self) {
        let begun = self.activity.begun.load(Ordering::Relaxed);
        if self.head.0 != begun && self.activity.under_way.load(Ordering::Relaxed) == 0 {
            self.head = (begun, Instant::now() + self.header);
        }
    }

    /// Nothing came. Nobody calls this again when an answer is done, so it looks for itself now and then.
    fn silent(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let now = Instant::now();
            let next_look = now + self.idle.min(self.header) / 2;
            let deadline = self.deadline();
            if deadline.is_some_and(|deadline| now >= deadline) {
                return Poll::Ready(timed_out("no request came in time"));
            }
            let ring = deadline.map_or(next_look, |deadline| deadline.min(next_look));
            ready!(self.reading.poll(cx, ring));
        }
    }

    /// When the next request must be there; `None` while one is under way.
    fn deadline(&self) -> Option<Instant> {
        let activity = &self.activity;
        if activity.under_way.load(Ordering::Relaxed) > 0 {
            return None;
        }
        if self.head.0 == activity.begun.load(Ordering::Relaxed) {
            return Some(self.head.1);
        }
        Some(activity.opened + Duration::from_millis(activity.done.load(Ordering::Relaxed)) + self.idle)
    }

    /// Keeps the time in which a client takes nothing.
    fn sent<T>(&mut self, cx: &mut Context<'_>, sent: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if sent.is_ready() {
            self.stalled = None;
            return sent;
        }
        let since = *self.stalled.get_or_insert_with(Instant::now);
        ready!(self.writing.poll(cx, since + self.send));
        Poll::Ready(Err(timed_out("the client took nothing of its answer in time")))
    }
}

fn timed_out(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buf);
        if read.is_pending() {
            return this.silent(cx).map(Err);
        }
        if buf.filled().len() > before {
            this.heard();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.sent(cx, sent)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.sent(cx, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.stream).poll_flush(cx);
        this.sent(cx, sent)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let sent = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.sent(cx, sent)
    }
}
