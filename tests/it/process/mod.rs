//! What a whole process promises: nothing acknowledged is lost, whatever ends it.

mod faults;
mod import;
mod kill;
mod shutdown;

/// Declares one test of a body that takes the way to run.
macro_rules! in_both_ways {
    ($name:ident, $body:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$body($crate::harness::Way::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn full() {
                super::$body($crate::harness::Way::Full).await;
            }
        }
    };
}
use in_both_ways;
