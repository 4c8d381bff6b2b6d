//! Loads what many fields of one request ask for with one call.
//!
//! async-graphql's own DataLoader waits a millisecond at each level. Here the first to ask yields once, so that its siblings
//! can ask too, and then loads for all. Nothing is kept: a subscription's later events read afresh.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use crate::kernel::Fault;

type Load<K, V> = Box<dyn Fn(Vec<K>) -> BoxFuture<'static, Result<HashMap<K, V>, Fault>> + Send + Sync>;
type Answer<V> = Result<Option<V>, String>;

pub struct Batch<K, V> {
    load: Load<K, V>,
    queue: Mutex<Queue<K, V>>,
}

struct Queue<K, V> {
    waiting: Vec<(K, oneshot::Sender<Answer<V>>)>,
    led: bool,
}

impl<K, V> std::fmt::Debug for Batch<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch").finish_non_exhaustive()
    }
}

impl<K: Clone + Eq + Hash + Send + Sync, V: Clone + Send + Sync> Batch<K, V> {
    pub fn new<Fut>(load: impl Fn(Vec<K>) -> Fut + Send + Sync + 'static) -> Self
    where
        Fut: Future<Output = Result<HashMap<K, V>, Fault>> + Send + 'static,
    {
        let load: Load<K, V> = Box::new(move |keys| Box::pin(load(keys)));
        Self { load, queue: Mutex::new(Queue { waiting: Vec::new(), led: false }) }
    }

    pub async fn load(&self, key: K) -> Result<Option<V>, Fault> {
        loop {
            let (answer, leads) = self.ask(key.clone());
            if leads {
                self.lead().await;
            }
            // A leader that was dropped answers nobody: ask again.
            if let Ok(answer) = answer.await {
                return answer.map_err(Fault::Unavailable);
            }
        }
    }

    fn ask(&self, key: K) -> (oneshot::Receiver<Answer<V>>, bool) {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.queue();
        queue.waiting.push((key, sender));
        let leads = !std::mem::replace(&mut queue.led, true);
        (receiver, leads)
    }

    async fn lead(&self) {
        let abdicate = Abdicate(self);
        tokio::task::yield_now().await;
        let waiting = {
            let mut queue = self.queue();
            queue.led = false;
            std::mem::take(&mut queue.waiting)
        };
        std::mem::forget(abdicate);
        let mut keys: Vec<K> = Vec::with_capacity(waiting.len());
        let mut seen = std::collections::HashSet::new();
        keys.extend(waiting.iter().map(|(key, _)| key).filter(|key| seen.insert((*key).clone())).cloned());
        let loaded = (self.load)(keys).await;
        for (key, sender) in waiting {
            let answer = match &loaded {
                Ok(values) => Ok(values.get(&key).cloned()),
                Err(fault) => Err(fault.to_string()),
            };
            // Whoever asked may have gone.
            let _ = sender.send(answer);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue<K, V>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a leader is dropped while it yields, those who wait must choose another.
struct Abdicate<'a, K, V>(&'a Batch<K, V>);

impl<K, V> Drop for Abdicate<'_, K, V> {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.led = false;
        queue.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn doubling() -> (Arc<AtomicUsize>, Batch<u32, u32>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let batch = Batch::new(move |keys: Vec<u32>| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move { Ok(keys.into_iter().filter(|key| *key != 13).map(|key| (key, key * 2)).collect()) }
        });
        (calls, batch)
    }

    #[tokio::test]
    async fn siblings_are_loaded_by_one_call() {
        let (calls, batch) = doubling();
        let values = join_all((0..100).map(|key| batch.load(key % 20))).await;
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert_eq!(values[7].as_ref().unwrap(), &Some(14));
        assert_eq!(values[13].as_ref().unwrap(), &None);
    }

    #[tokio::test]
    async fn a_dropped_leader_leaves_nobody_waiting() {
        let (_, batch) = doubling();
        let mut leader = Box::pin(batch.load(1));
        assert!(futures_util::poll!(&mut leader).is_pending());
        let mut follower = Box::pin(batch.load(2));
        assert!(futures_util::poll!(&mut follower).is_pending());
        drop(leader);
        assert_eq!(follower.await.unwrap(), Some(4));
    }
}
