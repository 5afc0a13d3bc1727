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
pub(super) struct PollOnWake<F> {
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

impl<F: Future> PollOnWake<F> {
    /// `future`, which is polled the first time in any case.
    pub(super) fn new(future: F) -> PollOnWake<F> {
        let bell = Arc::new(Bell {
            has_rung: AtomicBool::new(true),
            task: Mutex::default(),
        });
        PollOnWake {
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

impl<F: Future> Future for PollOnWake<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.get_mut().poll_woken(context)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_future_that_dozes_is_polled_when_it_rings_and_at_no_other_time() {
        let polls = Cell::new(0);
        let ring = RefCell::new(Waker::noop().clone());
        let is_done = Cell::new(false);
        let mut doze = PollOnWake::new(poll_fn(|context| {
            polls.set(polls.get() + 1);
            *ring.borrow_mut() = context.waker().clone();
            if is_done.get() { Poll::Ready(7) } else { Poll::Pending }
        }));
        let [first, second] = [Arc::new(Task::default()), Arc::new(Task::default())];
        let woken = |task: &Task| task.0.load(Ordering::Relaxed);
        let mut poll = |task: &Arc<Task>| {
            let waker = Waker::from(Arc::clone(task));
            doze.poll_woken(&Context::from_waker(&waker))
        };
        for _ in 0..3 {
            assert_eq!(poll(&first), Poll::Pending);
        }
        assert_eq!(polls.get(), 1, "whatever else the task runs for");
        ring.borrow().wake_by_ref();
        assert_eq!((woken(&first), polls.get()), (1, 1));
        assert_eq!(poll(&second), Poll::Pending);
        assert_eq!(polls.get(), 2, "once for a ring");
        is_done.set(true);
        assert_eq!(poll(&second), Poll::Pending, "it has not rung");
        ring.borrow().wake_by_ref();
        assert_eq!(
            (woken(&first), woken(&second)),
            (1, 1),
            "the task that waits now is the one to wake"
        );
        assert_eq!(poll(&second), Poll::Ready(7));
    }

    #[test]
    fn what_is_changed_is_polled() {
        let is_done = Cell::new(false);
        let mut doze = PollOnWake::new(poll_fn(|_| if is_done.get() { Poll::Ready(()) } else { Poll::Pending }));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(doze.poll_woken(&context), Poll::Pending);
        doze.change(|_| is_done.set(true));
        assert_eq!(Pin::new(&mut doze).poll(&mut context), Poll::Ready(()));
    }
}
