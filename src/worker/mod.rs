//! Carries out what the slices have decided, in the background. No rules here.

mod dispatch;
mod imports;
mod messages;
mod timetable;

use std::sync::Arc;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::consent::Consents;
use crate::exports::Exports;
use crate::identity::Identity;
use crate::integrators::api_client::ApiClients;
use crate::integrators::batch::Batches;
use crate::integrators::changes::Changes;
use crate::integrators::uploads::Uploads;
use crate::integrators::webhooks::Webhooks;
use crate::kernel::Fault;
use crate::notifications::Notifications;
use crate::payments::Payments;
use crate::payments::acquirer::sandbox::Sandbox;
use crate::platform::Mechanisms;
use crate::platform::outbox::Lane;
use crate::support::Support;

/// Jobs taken at once.
const BATCH: u64 = 16;
/// Of archives: each keeps a processor busy.
const ARCHIVES: u64 = 2;

#[derive(Clone, Debug)]
pub struct Worker {
    pub mechanisms: Mechanisms,
    pub identity: Arc<Identity>,
    pub accounts: Arc<Accounts>,
    pub consents: Arc<Consents>,
    pub payments: Arc<Payments>,
    pub exports: Arc<Exports>,
    pub api_clients: Arc<ApiClients>,
    pub changes: Arc<Changes>,
    pub support: Arc<Support>,
    pub webhooks: Arc<Webhooks>,
    pub batches: Arc<Batches>,
    pub uploads: Arc<Uploads>,
    pub sandbox: Sandbox,
    pub notifications: Arc<Notifications>,
}

impl Worker {
    /// Works until the shutdown; what was begun is finished. No letter, no archive and no message to a provider's server is
    /// begun after `draining`: they may take their time, and another start does it.
    pub async fn run(self, draining: CancellationToken, shutdown: CancellationToken) {
        let timetable = timetable::Timetable::new(self.mechanisms.clock.now());
        tokio::join!(
            self.run_lane(Lane::Letters, None, draining.clone()),
            self.run_lane(Lane::Archives, None, draining.clone()),
            self.run_messages(draining.clone()),
            self.run_imports(draining),
            self.run_lane(Lane::Effects, Some(timetable), shutdown)
        );
    }

    async fn run_lane(&self, lane: Lane, mut timetable: Option<timetable::Timetable>, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Some(timetable) = &mut timetable {
                timetable.run_due(self).await;
            }
            match self.run_batch(lane).await {
                Ok(0) => {}
                Ok(_) => continue,
                Err(fault) => tracing::warn!(%fault, "the outbox cannot be read"),
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.mechanisms.outbox.wait(lane) => {}
            }
        }
    }

    /// Carries out what is due, once; returns how many jobs that were.
    pub async fn run_due(&self) -> Result<usize, Fault> {
        let mut done = 0;
        for lane in [Lane::Effects, Lane::Archives, Lane::Letters] {
            done += self.run_batch(lane).await?;
        }
        Ok(done + self.run_due_imports().await? + self.run_due_messages().await?)
    }

    async fn run_batch(&self, lane: Lane) -> Result<usize, Fault> {
        let most = if lane == Lane::Archives { ARCHIVES } else { BATCH };
        let jobs = self.mechanisms.outbox.lease(lane, most).await?;
        let count = jobs.len();
        // Each in its own task: a panic in one is one failed job.
        let tasks = jobs.iter().cloned().map(|job| {
            let worker = self.clone();
            tokio::spawn(async move { worker.carry_out(job).await })
        });
        for (job, ended) in jobs.iter().zip(join_all(tasks).await) {
            if let Err(cause) = ended {
                self.record_broken(job, &Fault::internal(format!("the job broke off: {cause}"))).await?;
            }
        }
        Ok(count)
    }
}
