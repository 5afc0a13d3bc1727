//! How long a connection may wait for its client.
//!
//! A connection waits for a request to begin, for the rest of its header, or for the client to take more of an answer. Each wait
//! has its own limit. What happens on the connection is told to its [`Pace`] by [`Paced`], through which all bytes go, and by the
//! service that answers; [`Pace::expired`] is done once a wait was too long. While a request is being answered nothing is
//! waited for here: its body has a limit of its own.

use std::io::{self, BufRead};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

use super::doze::Doze;
use super::listen::Stream;
use crate::config::Server;

/// What a connection is doing.
///
/// Its one task writes and reads all of this, so nothing of it needs a lock or an order. What happens is only noted; that it happened now
/// is seen when the task comes to [`Pace::expired`] right after, so that a clock is read once for a request.
#[derive(Debug)]
pub(super) struct Pace {
    settings: Arc<Server>,
    phase: AtomicU8,
    /// Whether the wait of the phase began anew since the last look.
    is_anew: AtomicBool,
    /// Whether the client has taken nothing of an answer that waits to be sent.
    is_stalled: AtomicBool,
    /// Whether it took something since the last look.
    has_moved: AtomicBool,
    /// Whether any byte came since the last answer.
    begun: AtomicBool,
    saw_length: AtomicBool,
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
    Idle = 0,
    /// Waiting for the rest of a header.
    Header = 1,
    /// Answering.
    Busy = 2,
}

/// Since when a connection waits.
struct Since {
    phase: Instant,
    stalled: Option<Instant>,
}

impl Pace {
    /// The pace of a new connection: it is opened to ask something, so the first header is already waited for.
    pub(super) fn new(settings: Arc<Server>) -> Arc<Pace> {
        Arc::new(Pace {
            settings,
            phase: AtomicU8::new(Phase::Header as u8),
            is_anew: AtomicBool::new(false),
            is_stalled: AtomicBool::new(false),
            has_moved: AtomicBool::new(false),
            begun: AtomicBool::new(false),
            saw_length: AtomicBool::new(false),
        })
    }

    /// A request's header is complete.
    pub(super) fn request_begins(&self) {
        self.enter(Phase::Busy);
    }

    /// The answer to the request is known, though not sent yet.
    pub(super) fn request_is_answered(&self) {
        self.enter(Phase::Idle);
        self.begun.store(false, Relaxed);
    }

    /// What the client leaves unfinished.
    pub(super) fn unfinished(&self) -> Unfinished {
        match (self.is_stalled.load(Relaxed), self.phase()) {
            (false, Phase::Header) if self.begun.load(Relaxed) => Unfinished::Header,
            (false, Phase::Header | Phase::Idle) => Unfinished::Nothing,
            (true, _) | (false, Phase::Busy) => Unfinished::Answer,
        }
    }

    /// Whether a `Content-Length` was among the bytes of the request. It may have been another one's that came right before or
    /// after it.
    pub(super) fn saw_length(&self) -> bool {
        self.saw_length.load(Relaxed)
    }

    /// Returns once the client has kept the connection waiting for too long. It has to be polled whenever the task runs, and after the
    /// connection.
    pub(super) async fn expired(&self) {
        let begun = Instant::now();
        let mut since = Since {
            phase: begun,
            stalled: None,
        };
        let mut armed = begun;
        let mut alarm = Doze::new(sleep_until(armed));
        std::future::poll_fn(|context| {
            loop {
                let Some(deadline) = self.deadline(&mut since) else {
                    // whatever changes that wakes the connection's task, and this with it
                    return Poll::Pending;
                };
                if deadline < armed {
                    armed = deadline;
                    alarm.change(|sleep| sleep.reset(armed));
                }
                // a deadline that has moved on is seen when the old one has passed: no timer is set for every byte
                ready!(alarm.poll_woken(context));
                if deadline <= Instant::now() {
                    return Poll::Ready(());
                }
                armed = deadline;
                alarm.change(|sleep| sleep.reset(armed));
            }
        })
        .await;
    }

    fn deadline(&self, since: &mut Since) -> Option<Instant> {
        if taken(&self.is_anew) {
            since.phase = Instant::now();
        }
        if taken(&self.has_moved) {
            since.stalled = None;
        }
        if self.is_stalled.load(Relaxed) {
            return Some(*since.stalled.get_or_insert_with(Instant::now) + self.settings.write_timeout);
        }
        match self.phase() {
            Phase::Idle => Some(since.phase + self.settings.idle_timeout),
            Phase::Header => Some(since.phase + self.settings.header_timeout),
            Phase::Busy => None,
        }
    }

    fn received(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Header);
            self.saw_length.store(false, Relaxed);
        }
        self.begun.store(true, Relaxed);
    }

    fn sent(&self, progress: bool) {
        self.is_stalled.store(!progress, Relaxed);
        if progress {
            self.has_moved.store(true, Relaxed);
            if self.phase() == Phase::Idle {
                // the client is still busy with the answer
                self.is_anew.store(true, Relaxed);
            }
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.is_anew.store(true, Relaxed);
    }

    fn phase(&self) -> Phase {
        const PHASES: [Phase; 2] = [Phase::Idle, Phase::Header];
        PHASES
            .get(usize::from(self.phase.load(Relaxed)))
            .copied()
            .unwrap_or(Phase::Busy)
    }
}

/// Whether `flag` was up; it is down then.
fn taken(flag: &AtomicBool) -> bool {
    let is_up = flag.load(Relaxed);
    if is_up {
        flag.store(false, Relaxed);
    }
    is_up
}

/// Looks for a field `Content-Length` in bytes that come piece by piece.
///
/// hyper takes it away where there is a `Transfer-Encoding` too, and a request with both has to be told from one with the latter
/// alone (RFC 9112, section 6.3).
#[derive(Debug, Default)]
struct LengthField {
    matched: usize,
}

impl LengthField {
    const NAME: &'static [u8] = b"\ncontent-length:";

    /// Whether the name of the field ends in these bytes, which follow those of the last time.
    fn ends_in(&mut self, mut bytes: &[u8]) -> bool {
        let mut is_found = false;
        if self.matched <= 1
            && !LengthField::may_be_in(bytes)
            && let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n')
        {
            // then no more of it can be here than its beginning, in the last line
            self.matched = 0;
            bytes = bytes.get(last..).unwrap_or_default();
        }
        while let Some((byte, rest)) = bytes.split_first() {
            let next = LengthField::NAME.get(self.matched);
            match next {
                Some(next) if next.eq_ignore_ascii_case(byte) => {
                    self.matched += 1;
                    bytes = rest;
                }
                // what is not the name is passed over, up to where the next line begins
                _ => {
                    self.matched = 0;
                    let mut line = bytes;
                    let _ = line.skip_until(b'\n');
                    let ended = bytes.len() - line.len();
                    if bytes.get(..ended).is_some_and(|line| line.ends_with(b"\n")) {
                        self.matched = 1;
                    }
                    bytes = line;
                }
            }
            if self.matched == LengthField::NAME.len() {
                is_found = true;
                self.matched = 0;
            }
        }
        is_found
    }

    /// Whether a hyphen and an L follow each other, as in the name and in few others. Without an early end, many bytes are looked at at
    /// once, and it is done for each request.
    fn may_be_in(bytes: &[u8]) -> bool {
        let following = bytes.get(1..).unwrap_or_default();
        let pairs = bytes.iter().zip(following);
        pairs.fold(0, |found, (byte, next)| {
            found | u8::from(*byte == b'-' && next | 0x20 == b'l')
        }) != 0
    }
}

/// A connection's bytes, whose coming and going its [`Pace`] hears of.
#[derive(Debug)]
pub(super) struct Paced {
    pub(super) stream: Stream,
    pace: Arc<Pace>,
    length: LengthField,
}

impl Paced {
    pub(super) fn new(stream: Stream, pace: Arc<Pace>) -> Paced {
        Paced {
            stream,
            pace,
            length: LengthField::default(),
        }
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
            self.pace.received();
            if self.length.ends_in(bytes) {
                self.pace.saw_length.store(true, Relaxed);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_request_is_seen_however_its_bytes_come() {
        let cases = [
            ("GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\n", true),
            ("GET / HTTP/1.1\r\na: b\r\nCONTENT-LENGTH: 3\r\n\r\n", true),
            ("GET / HTTP/1.1\n\n\ncontent-length:", true),
            ("GET / HTTP/1.1\r\nconten\ncontent-length: 3", true),
            ("GET / HTTP/1.1\r\nX-Content-Length: 3\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nContent-Lengt: 3\r\n\r\n", false),
            ("GET /content-length: HTTP/1.1\r\n\r\n", false),
            ("GET / HTTP/1.1\r\na: content-length: 3\r\n", false),
        ];
        for (text, expected) in cases {
            for size in [1, 2, 3, 7, 16, 1000] {
                let mut field = LengthField::default();
                let mut found = false;
                for piece in text.as_bytes().chunks(size) {
                    found |= field.ends_in(piece);
                }
                assert_eq!(found, expected, "{text:?} in pieces of {size}");
            }
        }
    }
}
