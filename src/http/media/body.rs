//! The body of a response: bytes, pieces of a file that are read when the client takes them, or a stream of events.
//!
//! A file is read piece by piece on threads that may block. The next piece is read when the client has taken the last: a thousand slow
//! clients need a thousand open files and one piece each, but no threads.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinHandle, spawn_blocking};
use warp::Reply;

use crate::source::MediaFile;

/// The most bytes of a file that are read at once.
const PIECE_BYTES: u64 = 128 * 1024;

/// The body of a response.
#[derive(Debug)]
pub struct ResponseBody(BodySource);

#[derive(Debug)]
enum BodySource {
    Bytes(Bytes),
    File(FileStream),
    Events(EventStream),
}

/// A part of a body: bytes, or a range of the file.
#[derive(Clone, Debug)]
pub(super) enum BodyPart {
    Text(Bytes),
    File(Range<u64>),
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> ResponseBody {
        ResponseBody(BodySource::Bytes(bytes))
    }
}

impl ResponseBody {
    /// Returns an empty body.
    #[must_use]
    pub fn empty() -> ResponseBody {
        ResponseBody::from(Bytes::new())
    }

    /// Returns `parts`, some of which are ranges of `file`. `permit` is held while the file is open.
    pub(super) fn from_file(
        (file, permit): (MediaFile, OwnedSemaphorePermit),
        parts: impl IntoIterator<Item = BodyPart>,
    ) -> ResponseBody {
        ResponseBody(BodySource::File(FileStream {
            parts: parts.into_iter().collect(),
            state: ReadState::Idle(Some(file)),
            _permit: permit,
        }))
    }

    /// Returns the stream of `pieces`.
    #[must_use]
    pub fn stream(pieces: Receiver<Bytes>) -> ResponseBody {
        ResponseBody(BodySource::Events(EventStream(pieces)))
    }

    /// The length in bytes; 0 for a stream.
    #[must_use]
    pub fn length(&self) -> u64 {
        match &self.0 {
            BodySource::Bytes(bytes) => bytes.len() as u64,
            BodySource::File(stream) => stream.parts.iter().map(length).sum(),
            BodySource::Events(_) => 0,
        }
    }
}

fn length(part: &BodyPart) -> u64 {
    match part {
        BodyPart::Text(text) => text.len() as u64,
        BodyPart::File(range) => range.end.saturating_sub(range.start),
    }
}

/// Returns `response` as warp's type.
#[must_use]
pub fn to_warp(response: Response<ResponseBody>) -> warp::reply::Response {
    let (head, body) = response.into_parts();
    let mut reply = match body.0 {
        BodySource::Bytes(bytes) => warp::reply::Response::new(bytes.into()),
        BodySource::File(stream) => warp::reply::stream(stream).into_response(),
        BodySource::Events(live) => warp::reply::stream(live).into_response(),
    };
    *reply.status_mut() = head.status;
    *reply.headers_mut() = head.headers;
    *reply.extensions_mut() = head.extensions;
    reply
}

/// A stream of pieces that are made while it is sent.
#[derive(Debug)]
struct EventStream(Receiver<Bytes>);

impl warp::Stream for EventStream {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|piece| piece.map(Ok))
    }
}

/// The parts of a body that are not sent yet.
#[derive(Debug)]
struct FileStream {
    parts: VecDeque<BodyPart>,
    state: ReadState,
    /// One of the permits for open files.
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum ReadState {
    /// No read is running. The file is `None` once a read failed.
    Idle(Option<MediaFile>),
    /// A piece is being read.
    Reading(JoinHandle<(MediaFile, io::Result<Bytes>)>),
}

impl warp::Stream for FileStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match &mut self.state {
                ReadState::Reading(reading) => {
                    let (file, piece) = match ready!(Pin::new(reading).poll(context)) {
                        Ok((file, piece)) => (piece.is_ok().then_some(file), piece),
                        Err(error) => (None, Err(io::Error::other(error))),
                    };
                    self.state = ReadState::Idle(file);
                    return Poll::Ready(Some(piece));
                }
                ReadState::Idle(file) => {
                    // after a failure the body ends too early, and the client sees that it is incomplete
                    let Some(held) = file.take() else { return Poll::Ready(None) };
                    match self.parts.pop_front() {
                        None => return Poll::Ready(None),
                        Some(BodyPart::Text(text)) => {
                            self.state = ReadState::Idle(Some(held));
                            return Poll::Ready(Some(Ok(text)));
                        }
                        Some(BodyPart::File(range)) => {
                            let end = range.end.min(range.start.saturating_add(PIECE_BYTES));
                            if end < range.end {
                                self.parts.push_front(BodyPart::File(end..range.end));
                            }
                            if range.start < end {
                                self.state = ReadState::Reading(spawn_blocking(move || {
                                    let piece = read_piece(&held, range.start, end - range.start);
                                    (held, piece)
                                }));
                            } else {
                                self.state = ReadState::Idle(Some(held));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Reads exactly `length` bytes at `at`. A file that became shorter is an error: the promised length cannot be sent.
fn read_piece(file: &MediaFile, at: u64, length: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut piece, at)?;
    Ok(piece.into())
}
