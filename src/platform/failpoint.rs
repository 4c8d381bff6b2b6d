//! Named places at which a test may let the process die: before and after every commit, and every call to an
//! acquirer. In production they are nothing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

type Crossing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Who wants to know that a place is crossed; a crossing that never returns is a process that has died there.
#[derive(Clone, Default)]
pub struct Failpoints(Option<Arc<dyn Fn(&'static str) -> Crossing + Send + Sync>>);

impl fmt::Debug for Failpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Failpoints(watched)" } else { "Failpoints" })
    }
}

impl Failpoints {
    pub fn new(watch: impl Fn(&'static str) -> Crossing + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watch)))
    }

    /// In a debug build: `KABINET_FAILPOINT=after_create:3` ends the process, as a crash does, when the place is crossed for
    /// the third time. Tests of whole processes set it; nothing else does.
    pub fn of_environment() -> Self {
        let wanted = std::env::var("KABINET_FAILPOINT").ok().filter(|_| cfg!(debug_assertions));
        let Some((place, count)) = wanted.as_deref().and_then(|wanted| wanted.split_once(':')) else {
            return Self::default();
        };
        let (place, left) = (place.to_owned(), AtomicU32::new(count.parse().unwrap_or(1)));
        Self::new(move |crossed| {
            if crossed == place && left.fetch_sub(1, Ordering::SeqCst) == 1 {
                std::process::abort();
            }
            Box::pin(std::future::ready(()))
        })
    }

    pub async fn cross(&self, name: &'static str) {
        if let Some(watch) = &self.0 {
            watch(name).await;
        }
    }
}
