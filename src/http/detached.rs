//! Work that goes on when the client that asked for it has gone.
//!
//! Dropping a future in the middle of database work can lose rows that were acknowledged (sqlx #4385), and a closed
//! connection drops the future that serves it. So the work gets a task of its own.

use tokio_util::task::TaskTracker;

use crate::kernel::Entropy;
use crate::platform::telemetry::{RequestId, carried};

/// The work panicked; the log has the cause under this reference.
#[derive(Debug)]
pub struct Panicked {
    pub reference: String,
}

/// Runs `work` to its end in a task that a shutdown waits for.
pub async fn detached<T: Send + 'static>(
    tasks: &TaskTracker,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Panicked> {
    tasks.spawn(carried(work)).await.map_err(|cause| Panicked { reference: logged(&cause) })
}

/// Writes the cause to the log and names the place for the client.
pub fn logged(cause: &dyn std::fmt::Display) -> String {
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
