//! Named places at which a test may let the process die: before and after every commit. In production they are nothing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

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

    pub async fn cross(&self, name: &'static str) {
        if let Some(watch) = &self.0 {
            watch(name).await;
        }
    }
}
