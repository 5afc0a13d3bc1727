//! The timeouts of a connection.
//!
//! A connection waits for a request to begin, for the rest of its header, or for the client to take more of a response. Each wait
//! has its own limit. [`TimedStream`], through which all bytes go, and the service report to [`ConnectionTimeouts`] what happens on the
//! connection. [`ConnectionTimeouts::expired`] returns once a wait was too long. While a request is being answered there is no timeout
//! here: its body has its own.

use std::io::{self, BufRead};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::listen::ClientStream;
use super::on_sent::OnSent;
use crate::config::ServerSettings;

/// Instants that tasks compare are milliseconds since this one.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
/// A header that takes longer than this many milliseconds loses its slot to a client that needs one.
const SLOW_HEADER: u64 = 1000;

/// The state of a connection that its timeouts depend on.
///
/// The task of the connection writes all of it but `is_asked_to_end`, so nothing needs a lock or an order. Other tasks read only whether
/// they may ask it to end, and may read a value that is a moment old. Reports set flags only. The time is read when the task polls
/// [`ConnectionTimeouts::expired`] right after, so that the clock is read once for a request.
#[derive(Debug)]
pub(super) struct ConnectionTimeouts {
    settings: Arc<ServerSettings>,
    phase: AtomicU8,
    /// Whether the wait of the phase started again since `expired` was polled.
    has_restarted: AtomicBool,
    /// Whether the client takes nothing of a response that waits to be sent.
    is_stalled: AtomicBool,
    /// Whether it took something since `expired` was polled.
    has_moved: AtomicBool,
    /// Whether any byte was received since the last response.
    has_received: AtomicBool,
    saw_content_length: AtomicBool,
    /// Since when the phase waits.
    waiting_since: AtomicU64,
    /// Whether a response still has a body to write.
    is_sending: AtomicBool,
    /// Whether it was asked to end because another connection needs its slot.
    is_asked_to_end: AtomicBool,
    end_request: Notify,
    /// Bytes of responses that the system did not take at the last attempt to write.
    unsent: AtomicU64,
    /// The functions to call once the last responses are written, with the lengths of their bodies.
    unflushed: Mutex<Vec<(OnSent, u64)>>,
    has_unflushed: AtomicBool,
}

/// What is unfinished when a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfinished {
    /// Nothing: no request has begun since the last response.
    Nothing,
    /// The header of a request.
    Header,
    /// A response that is being made or sent.
    Response,
}

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waiting for a request to begin.
    Idle = 0,
    /// Waiting for the rest of a header.
    Header = 1,
    /// Answering a request.
    Busy = 2,
}

/// Since when the phase waits, and the client takes nothing.
struct WaitStart {
    phase: Instant,
    stalled: Option<Instant>,
}

impl ConnectionTimeouts {
    /// Returns the timeouts of a new connection, which waits for its first header.
    pub(super) fn new(settings: Arc<ServerSettings>) -> Arc<ConnectionTimeouts> {
        Arc::new(ConnectionTimeouts {
            settings,
            phase: AtomicU8::new(Phase::Header as u8),
            has_restarted: AtomicBool::new(false),
            is_stalled: AtomicBool::new(false),
            has_moved: AtomicBool::new(false),
            has_received: AtomicBool::new(false),
            saw_content_length: AtomicBool::new(false),
            waiting_since: AtomicU64::new(milliseconds(Instant::now())),
            is_sending: AtomicBool::new(false),
            is_asked_to_end: AtomicBool::new(false),
            end_request: Notify::new(),
            unsent: AtomicU64::new(0),
            unflushed: Mutex::default(),
            has_unflushed: AtomicBool::new(false),
        })
    }

    pub(super) fn settings(&self) -> &Arc<ServerSettings> {
        &self.settings
    }

    /// Reports that the header of a request is complete.
    pub(super) fn request_begins(&self) {
        self.enter(Phase::Busy);
    }

    /// Reports that the response is known, though not sent yet: [`ConnectionTimeouts::body_ended`] follows.
    pub(super) fn response_begins(&self) {
        self.is_sending.store(true, Relaxed);
        self.enter(Phase::Idle);
        self.has_received.store(false, Relaxed);
    }

    /// Reports that hyper has taken all of the response's body, or dropped it.
    pub(super) fn body_ended(&self) {
        self.is_sending.store(false, Relaxed);
        self.has_restarted.store(true, Relaxed);
    }

    /// Calls `on_sent` once it is known how many of the `bytes` of a response's body were written.
    pub(super) fn call_when_written(&self, on_sent: OnSent, bytes: u64) {
        self.lock_unflushed().push((on_sent, bytes));
        self.has_unflushed.store(true, Relaxed);
    }

    /// Calls the functions that wait for the end of a response. Nothing more of these responses will be written.
    pub(super) fn report_written(&self) {
        if !take_flag(&self.has_unflushed) {
            return;
        }
        let mut unsent = self.unsent.load(Relaxed);
        let ended = std::mem::take(&mut *self.lock_unflushed());
        // unsent bytes belong to the last response
        for (on_sent, bytes) in ended.into_iter().rev() {
            on_sent.call(bytes.saturating_sub(unsent));
            unsent = unsent.saturating_sub(bytes);
        }
    }

    fn lock_unflushed(&self) -> std::sync::MutexGuard<'_, Vec<(OnSent, u64)>> {
        self.unflushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when the connection waits for its client and may be closed for another one: it is between two requests, or the header of
    /// the next one is late. `None` if it may not be closed, or was already asked to end.
    pub(super) fn waiting_since(&self) -> Option<u64> {
        (!self.is_asked_to_end.load(Relaxed)).then(|| self.idle_since())?
    }

    fn idle_since(&self) -> Option<u64> {
        let busy_flags = [&self.has_restarted, &self.is_stalled, &self.is_sending];
        if busy_flags.into_iter().any(|flag| flag.load(Relaxed)) {
            return None;
        }
        let since = self.waiting_since.load(Relaxed);
        let has_received = self.has_received.load(Relaxed);
        match self.phase() {
            Phase::Idle => Some(since),
            Phase::Header if !has_received => Some(since),
            Phase::Header => (milliseconds(Instant::now()).saturating_sub(since) >= SLOW_HEADER).then_some(since),
            Phase::Busy => None,
        }
    }

    /// Asks the connection to end, because another one needs its slot.
    pub(super) fn ask_to_end(&self) {
        self.is_asked_to_end.store(true, Relaxed);
        self.end_request.notify_one();
    }

    /// Returns once the connection was asked to end and may end. If a request came meanwhile, it calls `declined` and waits on. It
    /// must be polled after the connection.
    pub(super) async fn asked_to_end(&self, declined: impl Fn()) {
        loop {
            self.end_request.notified().await;
            if self.idle_since().is_some() {
                return;
            }
            self.is_asked_to_end.store(false, Relaxed);
            declined();
        }
    }

    /// What the client has left unfinished.
    pub(super) fn unfinished(&self) -> Unfinished {
        match (self.is_stalled.load(Relaxed), self.phase()) {
            (false, Phase::Header) if self.has_received.load(Relaxed) => Unfinished::Header,
            (false, Phase::Header | Phase::Idle) => Unfinished::Nothing,
            (true, _) | (false, Phase::Busy) => Unfinished::Response,
        }
    }

    /// Whether a `Content-Length` was among the bytes of the request, or of a request that came right before or after it.
    pub(super) fn saw_content_length(&self) -> bool {
        self.saw_content_length.load(Relaxed)
    }

    /// Returns once the connection has waited for its client too long. It must be polled whenever the task runs, after the connection.
    pub(super) async fn expired(&self) {
        let start = Instant::now();
        let mut since = WaitStart {
            phase: start,
            stalled: None,
        };
        let mut timer = pin!(sleep_until(start));
        std::future::poll_fn(|context| {
            loop {
                let Some(deadline) = self.deadline(&mut since) else {
                    // a change of this wakes the connection's task, which polls this too
                    return Poll::Pending;
                };
                if deadline < timer.deadline() {
                    timer.as_mut().reset(deadline);
                }
                // a deadline that moved on is read when the old one has passed: the timer is not reset for every byte
                ready!(timer.as_mut().poll(context));
                if deadline <= Instant::now() {
                    return Poll::Ready(());
                }
                timer.as_mut().reset(deadline);
            }
        })
        .await;
    }

    fn deadline(&self, since: &mut WaitStart) -> Option<Instant> {
        if take_flag(&self.has_restarted) {
            since.phase = Instant::now();
            self.waiting_since.store(milliseconds(since.phase), Relaxed);
        }
        if take_flag(&self.has_moved) {
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

    /// Reports that bytes were received.
    fn received(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Header);
            self.saw_content_length.store(false, Relaxed);
        }
        self.has_received.store(true, Relaxed);
    }

    /// Reports whether the system took bytes.
    fn sent(&self, progress: bool) {
        self.is_stalled.store(!progress, Relaxed);
        if progress {
            self.has_moved.store(true, Relaxed);
            if self.phase() == Phase::Idle {
                // the client is still reading the response
                self.has_restarted.store(true, Relaxed);
            }
        }
    }

    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Relaxed);
        self.has_restarted.store(true, Relaxed);
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

/// Clears `flag` and returns whether it was set.
fn take_flag(flag: &AtomicBool) -> bool {
    let is_set = flag.load(Relaxed);
    if is_set {
        flag.store(false, Relaxed);
    }
    is_set
}

/// Finds a field `Content-Length` in bytes that arrive piece by piece.
///
/// hyper removes the field where there is a `Transfer-Encoding` too, and a request with both must be refused in other words than a
/// request with the latter alone (RFC 9112, section 6.3).
#[derive(Debug, Default)]
struct LengthFieldFinder {
    matched: usize,
}

impl LengthFieldFinder {
    const NAME: &'static [u8] = b"\ncontent-length:";

    /// Whether the name of the field ends in these bytes, which follow the bytes of the last call.
    fn ends_in(&mut self, mut bytes: &[u8]) -> bool {
        let mut is_found = false;
        if self.matched <= 1
            && !LengthFieldFinder::may_be_in(bytes)
            && let Some(last) = bytes.iter().rposition(|byte| *byte == b'\n')
        {
            // then at most the beginning of the name is here, in the last line
            self.matched = 0;
            bytes = bytes.get(last..).unwrap_or_default();
        }
        while let Some((byte, rest)) = bytes.split_first() {
            let next = LengthFieldFinder::NAME.get(self.matched);
            match next {
                Some(next) if next.eq_ignore_ascii_case(byte) => {
                    self.matched += 1;
                    bytes = rest;
                }
                // anything else is skipped, up to the next line
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
            if self.matched == LengthFieldFinder::NAME.len() {
                is_found = true;
                self.matched = 0;
            }
        }
        is_found
    }

    /// Whether an L follows a hyphen, as in the name and in few others. The loop has no early end, so the compiler can compare many bytes
    /// at once; it runs for each request.
    fn may_be_in(bytes: &[u8]) -> bool {
        let following = bytes.get(1..).unwrap_or_default();
        let pairs = bytes.iter().zip(following);
        pairs.fold(0, |found, (byte, next)| {
            found | u8::from(*byte == b'-' && next | 0x20 == b'l')
        }) != 0
    }
}

/// The bytes of a connection. It reports reads and writes to the [`ConnectionTimeouts`].
#[derive(Debug)]
pub(super) struct TimedStream {
    pub(super) stream: ClientStream,
    timeouts: Arc<ConnectionTimeouts>,
    length_field: LengthFieldFinder,
}

impl TimedStream {
    pub(super) fn new(stream: ClientStream, timeouts: Arc<ConnectionTimeouts>) -> TimedStream {
        TimedStream {
            stream,
            timeouts,
            length_field: LengthFieldFinder::default(),
        }
    }

    /// Reports the result of an attempt to write the `offered` bytes.
    fn report_write(&self, offered: usize, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let taken = match &written {
            Poll::Ready(Ok(taken)) => *taken,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        };
        self.timeouts.unsent.store(offered.saturating_sub(taken) as u64, Relaxed);
        match &written {
            Poll::Ready(Ok(_)) => self.timeouts.sent(true),
            Poll::Pending => self.timeouts.sent(false),
            Poll::Ready(Err(_)) => {}
        }
        written
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(bytes) = buffer.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
            self.timeouts.received();
            if self.length_field.ends_in(bytes) {
                self.timeouts.saw_content_length.store(true, Relaxed);
            }
        }
        read
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.report_write(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.report_write(slices.iter().map(|slice| slice.len()).sum(), written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if matches!(flushed, Poll::Ready(Ok(()))) && self.timeouts.unsent.load(Relaxed) == 0 {
            self.timeouts.report_written();
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

    impl ConnectionTimeouts {
        /// Sets the state of a connection that has waited since then.
        pub(in crate::http::server) fn set_waiting_since(&self, since: u64) {
            self.has_restarted.store(false, Relaxed);
            self.waiting_since.store(since, Relaxed);
        }

        pub(in crate::http::server) fn is_asked_to_end(&self) -> bool {
            self.is_asked_to_end.load(Relaxed)
        }
    }

    #[test]
    fn content_length_is_found_in_pieces_of_any_size() {
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
                let mut field = LengthFieldFinder::default();
                let mut found = false;
                for piece in text.as_bytes().chunks(size) {
                    found |= field.ends_in(piece);
                }
                assert_eq!(found, expected, "{text:?} in pieces of {size}");
            }
        }
    }
}
