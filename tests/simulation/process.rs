//! The process that a world lives in: what it is built with, and how it dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use kabinet::app::Outside;
use kabinet::kernel::{Clock, Entropy};
use kabinet::platform::failpoint::Failpoints;
use kabinet::platform::mail::Mailer;
use tokio::sync::Notify;

use super::network::Network;
use super::template::build;
use super::world::World;

/// How the process dies: between two commits, chosen by chance while `armed`.
#[derive(Debug, Default)]
pub(super) struct Death {
    pub armed: AtomicBool,
    /// Crossings until the next death; 0 for none.
    pub left: AtomicU32,
    pub died: Notify,
}

impl Death {
    async fn cross(&self, _: &'static str) {
        if !self.armed.load(Ordering::Relaxed) || self.left.load(Ordering::Relaxed) == 0 {
            return;
        }
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// Clones share clock, chance and network, so that a later process goes on where the one before was.
pub(super) fn outside(seed: u64, clock: &Clock, network: &Network, death: &Arc<Death>) -> Outside {
    let watched = Arc::clone(death);
    let failpoints = Failpoints::new(move |name| {
        let death = Arc::clone(&watched);
        Box::pin(async move { death.cross(name).await })
    });
    Outside {
        clock: clock.clone(),
        entropy: Entropy::seeded(seed),
        mailer: Some(Mailer::memory()),
        bank: Some(Arc::new(network.clone())),
        failpoints,
    }
}

impl World {
    /// Everything that was under way is gone; what had been sent may arrive.
    pub(super) async fn crash(&mut self) {
        self.tally.crashes += 1;
        self.say(|| "crash".to_owned());
        self.death.left.store(0, Ordering::Relaxed);
        self.running.clear();
        for call in self.network.forget_all() {
            if self.roll(2) == 0 {
                self.late.push((self.clock.now(), call));
            }
        }
        // Building everything anew takes its time, so not every crash does.
        if self.roll(10) == 0 {
            self.begin_anew().await;
        }
    }

    /// Another process over the same files: nothing is left of what the one before had in its memory.
    async fn begin_anew(&mut self) {
        self.tally.restarts += 1;
        self.say(|| "another process".to_owned());
        self.app.mechanisms.db.clone().close().await;
        self.app = Box::pin(build(self.dir.path(), self.outside.clone())).await;
        self.network.connect(self.app.sandbox.clone());
    }
}
