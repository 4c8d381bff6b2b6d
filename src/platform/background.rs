//! Work that keeps a processor for long, such as hashing a password: on a thread of its own, which the system lets wait
//! whenever one that serves requests has something to do.
//!
//! A thread for each piece costs some 30 microseconds. The runtime's own threads for blocking work cannot be used: a
//! priority that was lowered is not raised again without privileges.

use tokio::sync::oneshot;

use crate::kernel::Fault;

/// 0 is what threads have, 19 the lowest. Against each other a thread at 10 gets about a tenth of a processor, and all of
/// it when nobody else wants it.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The caller bounds how many run at once.
///
/// # Errors
/// There is no thread to be had, or the work has panicked.
pub async fn run<T: Send + 'static>(name: &'static str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let (sender, receiver) = oneshot::channel();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        stand_back();
        // Whoever asked may have gone.
        let _ = sender.send(work());
    });
    thread.map_err(Fault::unavailable)?;
    receiver.await.map_err(|_| Fault::internal(format!("a thread of {name} has panicked")))
}

/// On Linux a priority is a thread's, elsewhere it would be the whole process's.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(cause) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%cause, "the priority of a thread stays");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_fault_and_what_comes_next_is_done() {
        let broken = run("test", || panic!("on purpose")).await;
        assert!(matches!(broken, Err::<(), _>(Fault::Internal(_))), "{broken:?}");
        assert_eq!(run("test", || 7).await.unwrap(), 7);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_thread_stands_back_and_no_other_does() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        assert_eq!(run("test", niceness).await.unwrap(), NICENESS.max(before));
        assert_eq!(niceness(), before);
    }
}
