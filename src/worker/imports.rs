//! Exports that providers' programs have sent. One at a time: each keeps a processor and the database busy.

use tokio_util::sync::CancellationToken;

use super::Worker;
use crate::kernel::Fault;

impl Worker {
    /// What is begun stops after the rows under way when `draining`, and goes on at another start.
    pub(super) async fn run_imports(&self, draining: CancellationToken) {
        while !draining.is_cancelled() {
            match self.uploads.carry_out_next(&draining).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(fault) => tracing::warn!(%fault, "an export that was sent is not carried out; it is tried again"),
            }
            tokio::select! {
                () = draining.cancelled() => {}
                () = tokio::time::sleep(self.mechanisms.config.worker.poll) => {}
            }
        }
    }

    /// Carries out what is there, and returns how much that was.
    pub(super) async fn run_due_imports(&self) -> Result<usize, Fault> {
        let mut done = 0;
        while self.uploads.carry_out_next(&CancellationToken::new()).await? {
            done += 1;
        }
        Ok(done)
    }
}
