//! How the app is doing, for probes and figures.

use std::time::Instant;

use tokio::sync::Mutex;

use super::App;
use crate::http::Check;
use crate::kernel::Fault;
use crate::platform::metrics::{Gauges, Trouble};

/// When the last look at the parts began, and what it found.
#[derive(Debug, Default)]
pub(super) struct LastLook(Mutex<Option<(Instant, Vec<Check>)>>);

impl LastLook {
    /// One look at a time, which answers everybody who asked before it began: a flood of probes costs no more than one.
    async fn shared(&self, look: impl AsyncFnOnce() -> Vec<Check>) -> Vec<Check> {
        let asked = Instant::now();
        let mut last = self.0.lock().await;
        if let Some((began, checks)) = last.as_ref()
            && *began >= asked
        {
            return checks.clone();
        }
        let began = Instant::now();
        let checks = look().await;
        *last = Some((began, checks.clone()));
        checks
    }
}

/// Seconds a job may be late before a probe says so: longer than a restart takes.
const LATE: i64 = 300;

impl App {
    /// Each part that serves requests. A late outbox is told and turns no requests away: every instance would.
    pub(super) async fn checks(&self) -> Vec<Check> {
        self.last_look.shared(async || self.look().await).await
    }

    async fn look(&self) -> Vec<Check> {
        let mechanisms = &self.mechanisms;
        vec![
            check("database", true, mechanisms.db.ping()).await,
            check("keyvalue", true, mechanisms.keys.ping()).await,
            check("migrations", true, self.schema_is_current()).await,
            check("outbox", false, self.outbox_is_punctual()).await,
        ]
    }

    async fn schema_is_current(&self) -> Result<(), Fault> {
        if self.mechanisms.db.schema_is_current().await? {
            Ok(())
        } else {
            Err(Fault::unavailable("steps of the schema are missing: kabinet migrate"))
        }
    }

    async fn outbox_is_punctual(&self) -> Result<(), Fault> {
        match self.mechanisms.outbox.standing().await?.lag {
            ..=LATE => Ok(()),
            lag => Err(Fault::unavailable(format!("the oldest due job has waited for {lag} seconds"))),
        }
    }

    async fn trouble(&self) -> Option<Trouble> {
        let payments = &self.services.payments;
        let incidents = payments.count_open_incidents().await.ok()?;
        Some(Trouble { incidents, stuck: payments.count_stuck().await.ok()? })
    }

    pub(super) async fn figures(&self) -> String {
        let outbox = self.mechanisms.outbox.standing().await;
        if let Err(fault) = &outbox {
            tracing::warn!(%fault, "the outbox cannot be counted");
        }
        let identity = &self.services.identity;
        self.metrics.text(&Gauges {
            pools: self.mechanisms.db.pools(),
            hashing: identity.hashing(),
            sessions_cached: identity.sessions.cached(),
            outbox: outbox.ok(),
            payments: self.trouble().await,
        })
    }
}

async fn check(name: &'static str, needed: bool, look: impl Future<Output = Result<(), Fault>>) -> Check {
    let begun = Instant::now();
    let result = look.await.map_err(|fault| fault.to_string());
    Check { name, needed, result, took: begun.elapsed() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_flood_of_probes_costs_one_look_more_than_the_one_under_way() {
        let (last, looks, held) = (LastLook::default(), AtomicUsize::new(0), Semaphore::new(0));
        let look = async || {
            looks.fetch_add(1, Ordering::SeqCst);
            held.acquire().await.unwrap().forget();
            vec![check("database", true, std::future::ready(Ok(()))).await]
        };
        // All have asked before the first look ends.
        let asking = join_all((0..100).map(|_| last.shared(look)));
        let release = async { held.add_permits(100) };
        let (answers, ()) = tokio::join!(asking, release);
        assert!(answers.iter().all(|checks| checks.len() == 1));
        assert!(looks.load(Ordering::SeqCst) <= 2, "{looks:?} looks");
        // Who asks later gets no old news.
        let before = looks.load(Ordering::SeqCst);
        last.shared(look).await;
        assert_eq!(looks.load(Ordering::SeqCst), before + 1);
    }
}
