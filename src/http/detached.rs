//! Work that goes on when the client that asked for it has gone.
//!
//! Dropping a future in the middle of database work can lose rows that were acknowledged (sqlx #4385), and a closed
//! connection drops the future that serves it. So whoever stops waiting hands the work over to a task of its own. As
//! long as somebody waits it runs where it was begun: a task for each request cost more than most requests.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::kernel::Entropy;
use crate::platform::telemetry::{Bond, RequestId};

/// The work panicked; the log has the cause under this reference.
#[derive(Debug)]
pub struct Panicked {
    pub reference: String,
}

/// Work that runs to its end, whether this is awaited or dropped.
pub struct Detached<T: Send + 'static> {
    tasks: TaskTracker,
    /// None when it is done.
    work: Option<Work<T>>,
}

type Work<T> = Pin<Box<dyn Future<Output = Result<T, Panicked>> + Send>>;

/// Runs `work` to its end, as a part of the request that is served now; a shutdown waits for it. To be called inside a
/// runtime.
pub fn detached<T: Send + 'static>(tasks: &TaskTracker, work: impl Future<Output = T> + Send + 'static) -> Detached<T> {
    bound(tasks, Bond::now(), work)
}

/// The same as a part of another request.
pub fn bound<T: Send + 'static>(
    tasks: &TaskTracker,
    bond: Bond,
    work: impl Future<Output = T> + Send + 'static,
) -> Detached<T> {
    Detached { tasks: tasks.clone(), work: Some(Box::pin(bond.run(caught(work)))) }
}

/// Keeps a panic of `work` from its surroundings.
pub fn caught<T>(work: impl Future<Output = T>) -> impl Future<Output = Result<T, Panicked>> {
    // No async function: those store what they are given twice.
    let done = AssertUnwindSafe(work).catch_unwind();
    done.map(|done| done.map_err(|cause| Panicked { reference: logged(&said(&*cause)) }))
}

impl<T: Send + 'static> Future for Detached<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        let done = ready!(work.as_mut().poll(context));
        self.work = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for Detached<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            self.tasks.spawn_on(work, &runtime);
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Detached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached").field("done", &self.work.is_none()).finish_non_exhaustive()
    }
}

/// What a panic said.
fn said(cause: &(dyn std::any::Any + Send)) -> &str {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}

/// Writes the cause to the log and names the place for the client.
pub fn logged(cause: &dyn fmt::Display) -> String {
    let reference = reference();
    tracing::error!(reference, %cause, "request failed");
    reference
}

/// The request's id, which the client has too.
fn reference() -> String {
    if let Some(id) = RequestId::current() {
        return id.to_string();
    }
    let bytes = Entropy::System.bytes::<8>().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn whoever_stops_waiting_stops_nothing() {
        let tasks = TaskTracker::new();
        let (go, going) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let mut work = detached(&tasks, async move {
            let id = RequestId::current();
            going.await.ok();
            done.send(id == RequestId::current()).ok();
        });
        assert!((&mut work).now_or_never().is_none());
        assert_eq!(tasks.len(), 0);
        drop(work);
        assert_eq!(tasks.len(), 1, "a shutdown waits for it");
        go.send(()).unwrap();
        assert_eq!(finished.await, Ok(true));
        tasks.close();
        tasks.wait().await;
    }

    #[tokio::test]
    async fn work_that_nobody_began_to_wait_for_is_done_too() {
        let tasks = TaskTracker::new();
        let (done, finished) = oneshot::channel();
        drop(detached(&tasks, async move { done.send(()).ok() }));
        assert_eq!(finished.await, Ok(()));
    }

    #[tokio::test]
    async fn a_panic_is_told_and_stays_where_it_is() {
        let tasks = TaskTracker::new();
        let panicked = detached(&tasks, async { panic!("deliberately {}", 1) as () }).await.unwrap_err();
        assert!(!panicked.reference.is_empty());
        assert!(tasks.is_empty());
    }
}
