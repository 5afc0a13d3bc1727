//! The bodies of a connection: the body of a request, which was read, and of a response, which is bytes or made by warp.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::on_sent::OnSent;
use super::timeouts::ConnectionTimeouts;

/// A body that is complete.
#[derive(Debug)]
pub(super) struct FullBody(Option<Bytes>);

impl From<Bytes> for FullBody {
    fn from(bytes: Bytes) -> FullBody {
        FullBody(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for FullBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// The body of a response: of a refusal, or of the service.
#[derive(Debug)]
pub(super) enum ServerBody<B> {
    Refusal(FullBody),
    Service(B),
}

impl<B> From<Bytes> for ServerBody<B> {
    fn from(bytes: Bytes) -> ServerBody<B> {
        ServerBody::Refusal(bytes.into())
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for ServerBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut *self {
            ServerBody::Refusal(body) => {
                let polled = Pin::new(body).poll_frame(context);
                polled.map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
            }
            ServerBody::Service(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            ServerBody::Refusal(body) => body.is_end_stream(),
            ServerBody::Service(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ServerBody::Refusal(body) => body.size_hint(),
            ServerBody::Service(body) => body.size_hint(),
        }
    }
}

/// A body that reports its end to its connection, however it ends.
#[derive(Debug)]
pub(super) struct TrackedBody<B> {
    body: B,
    timeouts: Arc<ConnectionTimeouts>,
    on_sent: Option<OnSent>,
    /// Bytes that hyper has taken so far.
    taken: u64,
}

impl<B> TrackedBody<B> {
    pub(super) fn new(body: B, timeouts: Arc<ConnectionTimeouts>, on_sent: Option<OnSent>) -> TrackedBody<B> {
        TrackedBody {
            body,
            timeouts,
            on_sent,
            taken: 0,
        }
    }
}

impl<B> Drop for TrackedBody<B> {
    fn drop(&mut self) {
        if let Some(on_sent) = self.on_sent.take() {
            self.timeouts.call_when_written(on_sent, self.taken);
        }
        self.timeouts.body_ended();
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.taken = self.taken.saturating_add(data.len() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
