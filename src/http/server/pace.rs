//! How long a connection may wait for its client.
//!
//! A connection waits for a request to begin, for the rest of its header, or for the client to take more of an answer. Each wait
//! has its own limit. What happens on the connection is told to its [`Pace`] by [`Paced`], through which all bytes go, and by the
//! service that answers; [`Pace::expired`] is done once a wait was too long. While a request is being answered nothing is
//! waited for here: its body has a limit of its own.

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use super::listen::Stream;
use crate::config::Server;

/// What a connection is doing, and since when.
#[derive(Debug)]
pub(super) struct Pace {
    settings: Arc<Server>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Since when the client has taken nothing of an answer that waits to be sent.
    stalled: Option<Instant>,
    /// Whether any byte came since the last answer.
    begun: bool,
    length: LengthField,
}

/// What has begun and not come to its end when a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// Nothing: no request has begun since the last answer.
    Nothing,
    /// The header of a request.
    Header,
    /// An answer that is being made or sent.
    Answer,
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waiting for a request to begin.
    Idle,
    /// Waiting for the rest of a header.
    Header,
    /// Answering.
    Busy,
}

impl Pace {
    /// The pace of a new connection: it is opened to ask something, so the first header is already waited for.
    pub(super) fn new(settings: Arc<Server>) -> Arc<Pace> {
        Arc::new(Pace {
            settings,
            state: Mutex::new(State {
                phase: Phase::Header,
                since: Instant::now(),
                stalled: None,
                begun: false,
                length: LengthField::default(),
            }),
        })
    }

    /// A request's header is complete.
    pub(super) fn request_begins(&self) {
        self.state().phase = Phase::Busy;
    }

    /// The answer to the request is known, though not sent yet.
    pub(super) fn request_is_answered(&self) {
        let mut state = self.state();
        state.phase = Phase::Idle;
        state.since = Instant::now();
        state.begun = false;
    }

    /// What the client leaves unfinished.
    pub(super) fn unfinished(&self) -> Unfinished {
        let state = self.state();
        match (state.stalled, state.phase) {
            (None, Phase::Header) if state.begun => Unfinished::Header,
            (None, Phase::Header | Phase::Idle) => Unfinished::Nothing,
            (Some(_), _) | (None, Phase::Busy) => Unfinished::Answer,
        }
    }

    /// Whether a `Content-Length` was among the bytes of the request. It may have been another one's that came right before or
    /// after it.
    pub(super) fn saw_length(&self) -> bool {
        self.state().length.seen
    }

    /// Returns once the client has kept the connection waiting for too long.
    pub(super) async fn expired(&self) {
        let mut sleep = pin!(sleep_until(Instant::now()));
        std::future::poll_fn(|context| {
            loop {
                let Some(deadline) = self.deadline() else {
                    // whatever changes that wakes the connection's task, and this with it
                    return Poll::Pending;
                };
                // a deadline that has moved on is seen when the old one has passed: no timer is set for every byte
                if deadline < sleep.deadline() || sleep.is_elapsed() {
                    sleep.as_mut().reset(deadline);
                }
                ready!(sleep.as_mut().poll(context));
                if deadline <= Instant::now() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }

    fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        match (state.stalled, state.phase) {
            (Some(since), _) => Some(since + self.settings.write_timeout),
            (None, Phase::Idle) => Some(state.since + self.settings.idle_timeout),
            (None, Phase::Header) => Some(state.since + self.settings.header_timeout),
            (None, Phase::Busy) => None,
        }
    }

    fn received(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.phase = Phase::Header;
            state.since = Instant::now();
            state.length = LengthField::default();
        }
        state.begun = true;
        state.length.look_at(bytes);
    }

    fn sent(&self, progress: bool) {
        let mut state = self.state();
        if !progress {
            state.stalled.get_or_insert_with(Instant::now);
            return;
        }
        state.stalled = None;
        if state.phase == Phase::Idle {
            // the client is still busy with the answer
            state.since = Instant::now();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a field `Content-Length` went by.
///
/// hyper takes it away where there is a `Transfer-Encoding` too, and a request with both has to be told from one with the latter
/// alone (RFC 9112, section 6.3).
#[derive(Debug, Default)]
struct LengthField {
    matched: usize,
    seen: bool,
}

impl LengthField {
    const NAME: &'static [u8] = b"\ncontent-length:";

    fn look_at(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let next = LengthField::NAME.get(self.matched);
            self.matched = match next {
                Some(next) if next.eq_ignore_ascii_case(byte) => self.matched + 1,
                _ => usize::from(*byte == b'\n'),
            };
            if self.matched == LengthField::NAME.len() {
                self.seen = true;
                self.matched = 0;
            }
        }
    }
}

/// A connection's bytes, whose coming and going its [`Pace`] hears of.
#[derive(Debug)]
pub(super) struct Paced {
    pub(super) stream: Stream,
    pace: Arc<Pace>,
}

impl Paced {
    pub(super) fn new(stream: Stream, pace: Arc<Pace>) -> Paced {
        Paced { stream, pace }
    }

    fn told(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(_)) => self.pace.sent(true),
            Poll::Pending => self.pace.sent(false),
            Poll::Ready(Err(_)) => {}
        }
        written
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(bytes) = buffer.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
            self.pace.received(bytes);
        }
        read
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.told(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.told(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
