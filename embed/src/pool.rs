//! Threads of the model's own. Work arrives in small jobs; urgent ones pass all that wait; jobs nobody waits for any more are dropped.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use domain::{Error, ErrorKind, Result};
use tokio::sync::mpsc;

use crate::batches::Item;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// A fixed number of threads, each with a scratch memory `S`. They end when the pool is dropped, after the job at hand.
pub(crate) struct Pool<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    queue: Mutex<Queue<S>>,
    ready: Condvar,
}

struct Queue<S> {
    urgent: VecDeque<Job<S>>,
    usual: VecDeque<Job<S>>,
    closed: bool,
}

/// Which jobs go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Before all usual ones.
    Urgent,
    /// In order of arrival.
    Usual,
}

impl<S: Default + 'static> Pool<S> {
    /// Start `threads` threads, at least one.
    ///
    /// # Errors
    /// When the system starts no thread.
    pub(crate) fn start(threads: usize) -> Result<Self> {
        let queue = Queue {
            urgent: VecDeque::new(),
            usual: VecDeque::new(),
            closed: false,
        };
        let pool = Self {
            shared: Arc::new(Shared {
                queue: Mutex::new(queue),
                ready: Condvar::new(),
            }),
        };
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&pool.shared);
            std::thread::Builder::new()
                .name(format!("embed-{number}"))
                .spawn(move || shared.work())
                .map_err(|error| {
                    Error::new(ErrorKind::Exhausted, "start embedding threads", error.to_string())
                        .with_hint("allow this user more threads, or configure fewer")
                        .with_source(error)
                })?;
        }
        Ok(pool)
    }

    /// Apply `work` to each of `jobs` and give the results in their order. Dropping the future abandons the jobs that have not begun;
    /// so does the first error, which is given back.
    ///
    /// # Errors
    /// Those of `work`; `Internal` when it panics.
    pub(crate) async fn map<J, R, W>(&self, priority: Priority, jobs: Vec<J>, work: W) -> Result<Vec<R>>
    where
        J: Send + 'static,
        R: Send + 'static,
        W: Fn(&mut S, J) -> Result<R> + Send + Sync + 'static,
    {
        let count = jobs.len();
        let work = Arc::new(work);
        let abandoned = Abandon(Arc::new(AtomicBool::new(false)));
        let (sender, mut receiver) = mpsc::unbounded_channel();
        self.push(
            priority,
            jobs.into_iter().enumerate().map(|(index, job)| {
                let (work, sender, abandoned) = (Arc::clone(&work), sender.clone(), Arc::clone(&abandoned.0));
                let run = move |scratch: &mut S| {
                    if !abandoned.load(Ordering::Relaxed) {
                        // Nobody hears of it when the receiver has gone meanwhile; then nobody wants to.
                        sender.send((index, work(scratch, job))).ok();
                    }
                };
                Box::new(run) as Job<S>
            }),
        );
        drop(sender);

        let mut results: Vec<Option<R>> = std::iter::repeat_with(|| None).take(count).collect();
        while let Some((index, result)) = receiver.recv().await {
            results[index] = Some(result?);
        }
        let all: Option<Vec<R>> = results.into_iter().collect();
        all.ok_or_else(|| {
            Error::internal("embed", "a model thread failed at a job").with_hint("report this with the log around it")
        })
    }

    /// Apply `work` to batches of `count` items in all, and give what it makes of each in the order of their places.
    ///
    /// # Errors
    /// As [`Self::map`].
    pub(crate) async fn batches<R, W>(
        &self,
        priority: Priority,
        batches: Vec<Vec<Item>>,
        count: usize,
        work: W,
    ) -> Result<Vec<R>>
    where
        R: Clone + Default + Send + 'static,
        W: Fn(&mut S, Vec<Item>) -> Result<Vec<(usize, R)>> + Send + Sync + 'static,
    {
        let mut results = vec![R::default(); count];
        let done = self.map(priority, batches, work).await?;
        for (place, result) in done.into_iter().flatten() {
            results[place] = result;
        }
        Ok(results)
    }

    fn push(&self, priority: Priority, jobs: impl Iterator<Item = Job<S>>) {
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match priority {
            Priority::Urgent => queue.urgent.extend(jobs),
            Priority::Usual => queue.usual.extend(jobs),
        }
        drop(queue);
        self.shared.ready.notify_all();
    }
}

impl<S: Default> Shared<S> {
    fn work(&self) {
        let mut scratch = S::default();
        while let Some(job) = self.next() {
            if catch_unwind(AssertUnwindSafe(|| job(&mut scratch))).is_err() {
                tracing::error!("a model thread failed at a job and goes on with the next");
                scratch = S::default();
            }
        }
    }

    /// Wait for the next job; none once the pool is dropped.
    fn next(&self) -> Option<Job<S>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.urgent.pop_front() {
                return Some(job);
            }
            if let Some(job) = queue.usual.pop_front() {
                return Some(job);
            }
            queue = self.ready.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<S> Drop for Pool<S> {
    fn drop(&mut self) {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.shared.ready.notify_all();
    }
}

/// Tells the jobs of a request, when dropped, that nobody waits for them.
struct Abandon(Arc<AtomicBool>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, mpsc};

    use domain::{Error, ErrorKind};

    use super::{Pool, Priority};

    /// A pool of one thread that is held at its first job until the gate is opened, and the log of what ran.
    struct Held {
        pool: Arc<Pool<()>>,
        log: Arc<Mutex<Vec<u32>>>,
        gate: mpsc::Sender<()>,
        first: tokio::task::JoinHandle<domain::Result<Vec<()>>>,
    }

    async fn held() -> Held {
        let (gate, opened) = mpsc::channel::<()>();
        let (entered, started) = tokio::sync::oneshot::channel::<()>();
        let inside = Mutex::new((opened, Some(entered)));
        let pool = Arc::new(Pool::start(1).unwrap());
        let shared = Arc::clone(&pool);
        let first = tokio::spawn(async move {
            let wait = move |(): &mut (), ()| {
                let mut inside = inside.lock().unwrap();
                inside.1.take().unwrap().send(()).unwrap();
                inside.0.recv().unwrap();
                Ok(())
            };
            shared.map(Priority::Usual, vec![()], wait).await
        });
        started.await.unwrap();
        Held {
            pool,
            log: Arc::default(),
            gate,
            first,
        }
    }

    impl Held {
        fn work(&self) -> impl Fn(&mut (), u32) -> domain::Result<u32> + Send + Sync + 'static {
            let log = Arc::clone(&self.log);
            move |(): &mut (), job| {
                log.lock().unwrap().push(job);
                Ok(job * 2)
            }
        }
    }

    /// Poll a future once, which hands its jobs to the pool.
    macro_rules! begin {
        ($future:expr) => {
            tokio::select! {
                biased;
                _ = &mut $future => panic!("the pool is held"),
                () = std::future::ready(()) => {}
            }
        };
    }

    #[tokio::test]
    async fn results_come_in_the_order_of_the_jobs() {
        let pool = Pool::<u64>::start(3).unwrap();
        let jobs: Vec<u64> = (0..200).collect();
        let work = |spin: &mut u64, job: u64| {
            // Later jobs are quicker, so that they overtake.
            for step in 0..(200 - job) * 50 {
                *spin = spin.wrapping_mul(31).wrapping_add(step);
            }
            Ok(job)
        };
        assert_eq!(pool.map(Priority::Usual, jobs.clone(), work).await.unwrap(), jobs);
    }

    #[tokio::test]
    async fn urgent_jobs_pass_those_that_wait() {
        let held = held().await;
        let mut usual = Box::pin(held.pool.map(Priority::Usual, vec![1, 2], held.work()));
        begin!(usual);
        let mut urgent = Box::pin(held.pool.map(Priority::Urgent, vec![3], held.work()));
        begin!(urgent);
        held.gate.send(()).unwrap();
        assert_eq!((usual.await.unwrap(), urgent.await.unwrap()), (vec![2, 4], vec![6]));
        assert_eq!(*held.log.lock().unwrap(), [3, 1, 2]);
        held.first.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn jobs_of_a_dropped_request_are_never_begun() {
        let held = held().await;
        let mut dropped = Box::pin(held.pool.map(Priority::Usual, vec![1, 2], held.work()));
        begin!(dropped);
        drop(dropped);
        held.gate.send(()).unwrap();
        assert_eq!(held.pool.map(Priority::Usual, vec![3], held.work()).await.unwrap(), [6]);
        assert_eq!(*held.log.lock().unwrap(), [3]);
    }

    #[tokio::test]
    async fn an_error_is_given_back_and_a_panic_does_not_end_the_pool() {
        let pool = Pool::<()>::start(1).unwrap();
        let refuse = |(): &mut (), job: u32| {
            if job == 2 {
                Err(Error::invalid("test", "two"))
            } else {
                Ok(job)
            }
        };
        assert_eq!(
            pool.map(Priority::Usual, vec![1, 2, 3], refuse)
                .await
                .unwrap_err()
                .message(),
            "two"
        );
        let fail = |(): &mut (), job: u32| if job == 2 { panic!("on purpose") } else { Ok(job) };
        assert_eq!(
            pool.map(Priority::Usual, vec![1, 2, 3], fail).await.unwrap_err().kind(),
            ErrorKind::Internal
        );
        assert_eq!(pool.map(Priority::Usual, vec![4], refuse).await.unwrap(), [4]);
    }
}
