//! The body of an answer: bytes, pieces of a file that are read when the client is ready for them, or news as they come.
//!
//! A file is read piece by piece, each on a thread that may wait, and none while the client is busy with the last: a thousand slow
//! clients hold a thousand open files, and no thread and no memory beside one piece each.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinHandle, spawn_blocking};
use warp::Reply;

use super::Part;
use crate::source::MediaFile;

/// How much of a file is read at once.
const PIECE: u64 = 128 * 1024;

/// The body of an answer.
#[derive(Debug)]
pub struct Body(Content);

#[derive(Debug)]
enum Content {
    Bytes(Bytes),
    File(Stream),
    Live(Live),
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body(Content::Bytes(bytes))
    }
}

impl Body {
    /// No bytes at all.
    #[must_use]
    pub fn empty() -> Body {
        Body::from(Bytes::new())
    }

    /// `parts`, of which some are of `file`; `permit` is held for as long as the file is open.
    pub(super) fn of_file((file, permit): (MediaFile, OwnedSemaphorePermit), parts: impl IntoIterator<Item = Part>) -> Body {
        Body(Content::File(Stream {
            parts: parts.into_iter().collect(),
            state: State::Idle(Some(file)),
            _permit: permit,
        }))
    }

    /// What comes out of `pieces`, for as long as anything does.
    #[must_use]
    pub fn live(pieces: Receiver<Bytes>) -> Body {
        Body(Content::Live(Live(pieces)))
    }

    /// How many bytes it has; 0 where nobody knows yet.
    #[must_use]
    pub fn length(&self) -> u64 {
        match &self.0 {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(stream) => stream.parts.iter().map(length).sum(),
            Content::Live(_) => 0,
        }
    }
}

fn length(part: &Part) -> u64 {
    match part {
        Part::Text(text) => text.len() as u64,
        Part::File(range) => range.end.saturating_sub(range.start),
    }
}

/// `response` as warp sends it.
#[must_use]
pub fn reply(response: Response<Body>) -> warp::reply::Response {
    let (head, body) = response.into_parts();
    let mut reply = match body.0 {
        Content::Bytes(bytes) => warp::reply::Response::new(bytes.into()),
        Content::File(stream) => warp::reply::stream(stream).into_response(),
        Content::Live(live) => warp::reply::stream(live).into_response(),
    };
    *reply.status_mut() = head.status;
    *reply.headers_mut() = head.headers;
    *reply.extensions_mut() = head.extensions;
    reply
}

/// Pieces that are made while they are sent.
#[derive(Debug)]
struct Live(Receiver<Bytes>);

impl warp::Stream for Live {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|piece| piece.map(Ok))
    }
}

/// The parts of a body that are still to be sent.
#[derive(Debug)]
struct Stream {
    parts: VecDeque<Part>,
    state: State,
    /// One of so many open files.
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum State {
    /// The file is here; `None` once reading it failed.
    Idle(Option<MediaFile>),
    /// A piece of it is being read.
    Reading(JoinHandle<(MediaFile, io::Result<Bytes>)>),
}

impl warp::Stream for Stream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            match &mut self.state {
                State::Reading(reading) => {
                    let (file, piece) = match ready!(Pin::new(reading).poll(context)) {
                        Ok((file, piece)) => (piece.is_ok().then_some(file), piece),
                        Err(error) => (None, Err(io::Error::other(error))),
                    };
                    self.state = State::Idle(file);
                    return Poll::Ready(Some(piece));
                }
                State::Idle(file) => {
                    // after a failure there is no file, and the answer ends too short: the client sees that it is not whole
                    let Some(held) = file.take() else { return Poll::Ready(None) };
                    match self.parts.pop_front() {
                        None => return Poll::Ready(None),
                        Some(Part::Text(text)) => {
                            self.state = State::Idle(Some(held));
                            return Poll::Ready(Some(Ok(text)));
                        }
                        Some(Part::File(range)) => {
                            let end = range.end.min(range.start.saturating_add(PIECE));
                            if end < range.end {
                                self.parts.push_front(Part::File(end..range.end));
                            }
                            if range.start < end {
                                self.state = State::Reading(spawn_blocking(move || {
                                    let piece = read(&held, range.start, end - range.start);
                                    (held, piece)
                                }));
                            } else {
                                self.state = State::Idle(Some(held));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Exactly `length` bytes at `at`; a file that became shorter is an error, for what was promised cannot be sent.
fn read(file: &MediaFile, at: u64, length: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut piece, at)?;
    Ok(piece.into())
}
