//! A limit of our own on calls to an acquirer: it refuses whoever asks too often (429), and does not publish how often that is.
//!
//! A token bucket: so many calls at once, and so many a second after them. A call waits a little for its token, and otherwise
//! has not been sent, as if there had been no connection: the same call is made later by whoever makes it again. Each process
//! has a bucket of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::transport::{Broken, Call, Reply, Transport};
use crate::kernel::Clock;

/// How long calls wait for their token.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub read: Duration,
    /// Together with the longest call no more than `payments::settlement::CALL`.
    pub write: Duration,
}

pub const PATIENCE: Patience = Patience { read: Duration::from_secs(2), write: Duration::from_millis(450) };

#[derive(Debug)]
pub struct Paced {
    way: Arc<dyn Transport>,
    clock: Clock,
    patience: Patience,
    /// Microseconds in which a token comes back.
    each: i64,
    /// In which all of them do.
    all: i64,
    /// When the bucket will be full again, microseconds since the epoch.
    full_at: AtomicI64,
}

impl Paced {
    /// `calls`: a second, and at once; at least 1.
    pub fn new(way: Arc<dyn Transport>, clock: Clock, calls: u32, patience: Patience) -> Self {
        let each = 1_000_000 / i64::from(calls.max(1));
        Self { way, clock, patience, each, all: each * i64::from(calls.max(1)), full_at: AtomicI64::new(0) }
    }

    /// Takes a token that is there within that time: how long until then. None: there is none, and none was taken.
    fn take(&self, patience: Duration) -> Option<Duration> {
        let now = self.clock.now().timestamp_micros();
        let next = |full_at: i64| full_at.max(now) + self.each;
        let wait = |full_at: i64| micros(next(full_at) - self.all - now);
        let took = self.full_at.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |full_at| {
            (wait(full_at) <= patience).then(|| next(full_at))
        });
        took.ok().map(wait)
    }

    /// The acquirer has had enough of us: nothing for a second.
    fn empty(&self) {
        let full_at = self.clock.now().timestamp_micros() + self.all + 1_000_000 - self.each;
        self.full_at.fetch_max(full_at, Ordering::SeqCst);
    }
}

fn micros(count: i64) -> Duration {
    Duration::from_micros(u64::try_from(count).unwrap_or(0))
}

#[async_trait]
impl Transport for Paced {
    async fn call(&self, call: &Call) -> Result<Reply, Broken> {
        let patience = if call.body.is_some() { self.patience.write } else { self.patience.read };
        let Some(wait) = self.take(patience) else {
            return Err(Broken::NotSent("our own limit of calls is reached".to_owned()));
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let answered = self.way.call(call).await;
        if matches!(answered, Ok(Reply { status: 429, .. })) {
            self.empty();
        }
        answered
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const NONE: Patience = Patience { read: Duration::ZERO, write: Duration::ZERO };

    /// Counts what is sent, and answers with the path's status.
    #[derive(Debug, Default)]
    struct Counting(AtomicI64);

    #[async_trait]
    impl Transport for Counting {
        async fn call(&self, call: &Call) -> Result<Reply, Broken> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(Reply { status: call.path.parse().unwrap(), body: Vec::new() })
        }
    }

    fn clock() -> Clock {
        Clock::fixed("2026-06-20T09:00:00Z".parse().unwrap())
    }

    /// How many of ten calls are sent.
    async fn sent(paced: &Paced) -> usize {
        let mut sent = 0;
        for _ in 0..10 {
            sent += usize::from(paced.call(&Call::get("200".to_owned())).await.is_ok());
        }
        sent
    }

    #[tokio::test]
    async fn so_many_calls_are_sent_at_once_and_so_many_a_second_after() {
        let (way, clock) = (Arc::new(Counting::default()), clock());
        let paced = Paced::new(Arc::clone(&way) as Arc<dyn Transport>, clock.clone(), 5, NONE);
        assert_eq!(sent(&paced).await, 5);
        assert_eq!(sent(&paced).await, 0, "the bucket is empty");
        for milliseconds in [200, 200, 200] {
            clock.advance(TimeDelta::milliseconds(milliseconds));
            assert_eq!(sent(&paced).await, 1, "a token every fifth of a second");
        }
        clock.advance(TimeDelta::milliseconds(199));
        assert_eq!(sent(&paced).await, 0);
        clock.advance(TimeDelta::hours(1));
        assert_eq!(sent(&paced).await, 5, "no more are saved up");
        assert_eq!(way.0.load(Ordering::SeqCst), 13, "what is refused is not sent");
        let refused = paced.call(&Call::post("200".to_owned(), "key", serde_json::json!({}))).await;
        assert!(matches!(refused, Err(Broken::NotSent(_))), "it did not happen, and may be done later");
    }

    #[test]
    fn calls_wait_in_turn_and_not_for_long() {
        let paced = Paced::new(Arc::new(Counting::default()), clock(), 5, NONE);
        let most = Duration::from_millis(450);
        let waits: Vec<_> = std::iter::from_fn(|| paced.take(most)).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 200, 400]);
        assert_eq!(paced.take(Duration::from_secs(2)), Some(Duration::from_millis(600)), "a more patient one");
    }

    #[tokio::test]
    async fn who_was_told_of_too_many_requests_pauses_for_a_second() {
        let clock = clock();
        let paced = Paced::new(Arc::new(Counting::default()), clock.clone(), 5, NONE);
        assert!(paced.call(&Call::get("429".to_owned())).await.is_ok());
        assert_eq!(sent(&paced).await, 0);
        clock.advance(TimeDelta::milliseconds(999));
        assert_eq!(sent(&paced).await, 0);
        clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(sent(&paced).await, 1);
    }
}
