//! A future that sleeps through what wakes its task for other reasons.
//!
//! A connection's task waits for its bytes, for a deadline and for the end of the server, and runs for its bytes nearly always. To ask the
//! others each time whether they are done takes locks that all connections share; here one is asked once it has rung for itself.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A future that is polled only when it was woken itself.
#[derive(Debug)]
pub(super) struct Doze<F> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
    /// Rings the bell.
    rope: Waker,
    /// Who hears it.
    task: Option<Waker>,
}

#[derive(Debug)]
struct Bell {
    has_rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Ordering::Release);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl<F: Future> Doze<F> {
    /// `future`, which is polled the first time in any case.
    pub(super) fn new(future: F) -> Doze<F> {
        let bell = Arc::new(Bell {
            has_rung: AtomicBool::new(true),
            task: Mutex::default(),
        });
        Doze {
            future: Box::pin(future),
            rope: Waker::from(Arc::clone(&bell)),
            bell,
            task: None,
        }
    }

    /// Changes the future, which is polled the next time in any case.
    pub(super) fn change(&mut self, change: impl FnOnce(Pin<&mut F>)) {
        change(self.future.as_mut());
        self.bell.has_rung.store(true, Ordering::Release);
    }

    /// Polls the future if it was woken since the last time.
    pub(super) fn poll_woken(&mut self, context: &Context<'_>) -> Poll<F::Output> {
        if !self.task.as_ref().is_some_and(|task| task.will_wake(context.waker())) {
            self.task = Some(context.waker().clone());
            *self.bell.task.lock().unwrap_or_else(PoisonError::into_inner) = self.task.clone();
        }
        // a ring that comes after this is heard the next time, for it wakes the task
        if !self.bell.has_rung.load(Ordering::Acquire) || !self.bell.has_rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        self.future.as_mut().poll(&mut Context::from_waker(&self.rope))
    }
}

impl<F: Future> Future for Doze<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.get_mut().poll_woken(context)
    }
}
