//! How long a connection may wait for its client.
//!
//! A connection waits for a request to begin, for the rest of its header, or for the client to take more of an answer. Each wait
//! has its own limit. What happens on the connection is told to its [`ConnectionTimeouts`] by [`Paced`], through which all bytes go, and by the
//! service that answers; [`ConnectionTimeouts::expired`] is done once a wait was too long. While a request is being answered nothing is
//! waited for here: its body has a limit of its own.

use std::io::{self, BufRead};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::body::OnSent;
use super::listen::Stream;
use crate::config::ServerSettings;

/// Instants that threads compare are milliseconds since this one.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
/// A header that has taken this many milliseconds is not worth a slot that another client needs.
const SLOW_HEADER: u64 = 1000;

/// What a connection is doing.
///
/// Its one task writes all of this but `is_asked`, so nothing of it needs a lock or an order; other tasks look only at what tells them
/// whether to end it, and what they see may be a moment old. What happens is only noted; that it happened now is seen when the task
/// comes to [`ConnectionTimeouts::expired`] right after, so that a clock is read once for a request.
#[derive(Debug)]
pub(super) struct ConnectionTimeouts {
    settings: Arc<ServerSettings>,
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
    /// Since when the phase waits.
    since: AtomicU64,
    /// Whether the body of an answer is not all written yet.
    is_sending: AtomicBool,
    /// Whether it was asked to end because another connection needs its slot.
    is_asked: AtomicBool,
    asked: Notify,
    /// Bytes of answers that the system has not taken, after the last attempt to write.
    unsent: AtomicU64,
    /// What to call once the last answers are written, with the bytes of their bodies.
    unflushed: Mutex<Vec<(OnSent, u64)>>,
    has_unflushed: AtomicBool,
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

impl ConnectionTimeouts {
    /// The pace of a new connection: it is opened to ask something, so the first header is already waited for.
    pub(super) fn new(settings: Arc<ServerSettings>) -> Arc<ConnectionTimeouts> {
        Arc::new(ConnectionTimeouts {
            settings,
            phase: AtomicU8::new(Phase::Header as u8),
            is_anew: AtomicBool::new(false),
            is_stalled: AtomicBool::new(false),
            has_moved: AtomicBool::new(false),
            begun: AtomicBool::new(false),
            saw_length: AtomicBool::new(false),
            since: AtomicU64::new(milliseconds(Instant::now())),
            is_sending: AtomicBool::new(false),
            is_asked: AtomicBool::new(false),
            asked: Notify::new(),
            unsent: AtomicU64::new(0),
            unflushed: Mutex::default(),
            has_unflushed: AtomicBool::new(false),
        })
    }

    pub(super) fn settings(&self) -> &Arc<ServerSettings> {
        &self.settings
    }

    /// A request's header is complete.
    pub(super) fn request_begins(&self) {
        self.enter(Phase::Busy);
    }

    /// The answer to the request is known, though not sent yet: [`ConnectionTimeouts::answer_is_sent`] is to follow.
    pub(super) fn request_is_answered(&self) {
        self.is_sending.store(true, Relaxed);
        self.enter(Phase::Idle);
        self.begun.store(false, Relaxed);
    }

    /// The body of the answer was given away in full, or will not be.
    pub(super) fn answer_is_sent(&self) {
        self.is_sending.store(false, Relaxed);
        self.is_anew.store(true, Relaxed);
    }

    /// Calls `on_sent` once it is known how many of the `bytes` of an answer's body were written.
    pub(super) fn tell_when_written(&self, on_sent: OnSent, bytes: u64) {
        self.lock_unflushed().push((on_sent, bytes));
        self.has_unflushed.store(true, Relaxed);
    }

    /// Calls the functions that wait for the end of an answer; nothing more of these answers will be written.
    pub(super) fn tell_what_was_written(&self) {
        if !taken(&self.has_unflushed) {
            return;
        }
        let mut unsent = self.unsent.load(Relaxed);
        let ended = std::mem::take(&mut *self.lock_unflushed());
        // what is left over belongs to the last of them
        for (on_sent, bytes) in ended.into_iter().rev() {
            on_sent.tell(bytes.saturating_sub(unsent));
            unsent = unsent.saturating_sub(bytes);
        }
    }

    fn lock_unflushed(&self) -> std::sync::MutexGuard<'_, Vec<(OnSent, u64)>> {
        self.unflushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when the connection waits for its client and may be ended for another one: it is between two requests, or the header
    /// of the next does not come. `None` if it may not, or was asked to end before.
    pub(super) fn waiting_since(&self) -> Option<u64> {
        (!self.is_asked.load(Relaxed)).then(|| self.idle_since())?
    }

    fn idle_since(&self) -> Option<u64> {
        let is_at_work = [&self.is_anew, &self.is_stalled, &self.is_sending];
        if is_at_work.into_iter().any(|flag| flag.load(Relaxed)) {
            return None;
        }
        let since = self.since.load(Relaxed);
        let has_begun = self.begun.load(Relaxed);
        match self.phase() {
            Phase::Idle => Some(since),
            Phase::Header if !has_begun => Some(since),
            Phase::Header => (milliseconds(Instant::now()).saturating_sub(since) >= SLOW_HEADER).then_some(since),
            Phase::Busy => None,
        }
    }

    /// Asks the connection to end, because another one needs its slot.
    pub(super) fn ask_to_end(&self) {
        self.is_asked.store(true, Relaxed);
        self.asked.notify_one();
    }

    /// Returns once the connection was asked to end and may. Where it may not, a request having come meanwhile, it calls `declined`.
    /// It has to be polled after the connection.
    pub(super) async fn asked_to_end(&self, declined: impl Fn()) {
        loop {
            self.asked.notified().await;
            if self.idle_since().is_some() {
                return;
            }
            self.is_asked.store(false, Relaxed);
            declined();
        }
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
        let mut alarm = pin!(sleep_until(begun));
        std::future::poll_fn(|context| {
            loop {
                let Some(deadline) = self.deadline(&mut since) else {
                    // whatever changes that wakes the connection's task, and this with it
                    return Poll::Pending;
                };
                if deadline < alarm.deadline() {
                    alarm.as_mut().reset(deadline);
                }
                // a deadline that has moved on is seen when the old one has passed: no timer is set for every byte
                ready!(alarm.as_mut().poll(context));
                if deadline <= Instant::now() {
                    return Poll::Ready(());
                }
                alarm.as_mut().reset(deadline);
            }
        })
        .await;
    }

    fn deadline(&self, since: &mut Since) -> Option<Instant> {
        if taken(&self.is_anew) {
            since.phase = Instant::now();
            self.since.store(milliseconds(since.phase), Relaxed);
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

    /// As if it had waited since then, and its task had seen it.
    #[cfg(test)]
    pub(super) fn waits_since(&self, since: u64) {
        self.is_anew.store(false, Relaxed);
        self.since.store(since, Relaxed);
    }

    #[cfg(test)]
    pub(super) fn is_asked_to_end(&self) -> bool {
        self.is_asked.load(Relaxed)
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

fn milliseconds(at: Instant) -> u64 {
    u64::try_from(at.saturating_duration_since(*EPOCH).as_millis()).unwrap_or(u64::MAX)
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

/// A connection's bytes, whose coming and going its [`ConnectionTimeouts`] hears of.
#[derive(Debug)]
pub(super) struct Paced {
    pub(super) stream: Stream,
    pace: Arc<ConnectionTimeouts>,
    length: LengthField,
}

impl Paced {
    pub(super) fn new(stream: Stream, pace: Arc<ConnectionTimeouts>) -> Paced {
        Paced {
            stream,
            pace,
            length: LengthField::default(),
        }
    }

    /// Notes what came of the attempt to write the `offered` bytes.
    fn told(&self, offered: usize, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let taken = match &written {
            Poll::Ready(Ok(taken)) => *taken,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        };
        self.pace.unsent.store(offered.saturating_sub(taken) as u64, Relaxed);
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
        self.told(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.told(slices.iter().map(|slice| slice.len()).sum(), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) && self.pace.unsent.load(Relaxed) == 0 {
            self.pace.tell_what_was_written();
        }
        flushed
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
