//! Bodies that know of time: that of a request must come in time, that of an answer says when it is done.

use super::timed_stream::UnderWay;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};
use warp::reply::Response;

/// Bytes of a body that must come in a millisecond once its time is over.
const LEAST_RATE: u64 = 16;

/// A body did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("it did not come in time (http.body-timeout)")]
pub(super) struct TooSlow;

impl TooSlow {
    /// Whether an error is this one, or comes from it.
    pub(super) fn is_in(error: &(dyn Error + 'static)) -> bool {
        let mut causes = std::iter::successors(Some(error), |&error| error.source());
        causes.any(|error| error.is::<TooSlow>())
    }
}

/// The body of a request. Its time begins when somebody waits for it.
pub(super) struct TimedBody<B> {
    body: B,
    time: Duration,
    began: Option<Instant>,
    received: u64,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl<B> TimedBody<B> {
    pub(super) fn new(body: B, time: Duration) -> Self {
        Self { body, time, began: None, received: 0, alarm: None }
    }
}

impl<B> Body for TimedBody<B>
where
    B: Body + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let frame = Pin::new(&mut this.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            this.received += frame.data_ref().map_or(0, |data| data.remaining() as u64);
        }
        if frame.is_ready() {
            return frame.map(|frame| frame.map(|frame| frame.map_err(Into::into)));
        }
        let began = *this.began.get_or_insert_with(Instant::now);
        let deadline = began + this.time + Duration::from_millis(this.received / LEAST_RATE);
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        while alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(Some(Err(Box::new(TooSlow))));
            }
            alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Names the type of warp's bodies.
pub(super) trait HasBody {
    type Body;
}

impl<B> HasBody for warp::http::Response<B> {
    type Body = B;
}

type WarpBody = <Response as HasBody>::Body;

/// The body of an answer, and what is under way until it is dropped.
pub(super) struct AnswerBody {
    body: WarpBody,
    _under_way: UnderWay,
}

impl AnswerBody {
    pub(super) fn new(body: WarpBody, under_way: UnderWay) -> Self {
        Self { body, _under_way: under_way }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = warp::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, warp::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
