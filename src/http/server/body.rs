//! The bodies that pass a connection: a request's, which has been read, and an answer's, which is bytes or what warp makes.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::timeouts::ConnectionTimeouts;

/// A body that is all there.
#[derive(Debug)]
pub(super) struct Whole(Option<Bytes>);

impl From<Bytes> for Whole {
    fn from(bytes: Bytes) -> Whole {
        Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for Whole {
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

/// The body of an answer: of those that are all there none is boxed.
#[derive(Debug)]
pub(super) enum Outgoing<B> {
    Whole(Whole),
    Made(B),
}

impl<B> From<Bytes> for Outgoing<B> {
    fn from(bytes: Bytes) -> Outgoing<B> {
        Outgoing::Whole(bytes.into())
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Outgoing<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut *self {
            Outgoing::Whole(whole) => {
                let polled = Pin::new(whole).poll_frame(context);
                polled.map(|frame| frame.map(|frame| frame.map_err(|never| match never {})))
            }
            Outgoing::Made(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Whole(whole) => whole.is_end_stream(),
            Outgoing::Made(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Whole(whole) => whole.size_hint(),
            Outgoing::Made(body) => body.size_hint(),
        }
    }
}

/// What to do once an answer was sent, with the bytes of its body that the system took: less than all if the client left. It is an
/// extension of a response.
#[derive(Clone)]
pub struct OnSent(Arc<dyn Fn(u64) + Send + Sync>);

impl OnSent {
    /// Calls `tell` with the number of bytes.
    pub fn new(tell: impl Fn(u64) + Send + Sync + 'static) -> OnSent {
        OnSent(Arc::new(tell))
    }

    pub(super) fn tell(&self, bytes: u64) {
        (self.0)(bytes);
    }
}

impl fmt::Debug for OnSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnSent")
    }
}

/// A body whose end its connection is told of, however it ends.
#[derive(Debug)]
pub(super) struct Watched<B> {
    body: B,
    pace: Arc<ConnectionTimeouts>,
    on_sent: Option<OnSent>,
    /// Bytes given away so far.
    given: u64,
}

impl<B> Watched<B> {
    pub(super) fn new(body: B, pace: Arc<ConnectionTimeouts>, on_sent: Option<OnSent>) -> Watched<B> {
        Watched {
            body,
            pace,
            on_sent,
            given: 0,
        }
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        if let Some(on_sent) = self.on_sent.take() {
            self.pace.tell_when_written(on_sent, self.given);
        }
        self.pace.answer_is_sent();
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.given = self.given.saturating_add(data.len() as u64);
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
