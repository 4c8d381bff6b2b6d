//! Two instances on one database and one Redis.

use kabinet::app::{App, Outside};
use kabinet::config::Config;
use kabinet::kernel::Entropy;
use kabinet::platform::mail::Mailer;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{NEVER_LOOKING, change, follow, news};
use crate::harness::{Customer, TestApp, Way};
use crate::metering::owner;

/// Another process, as it were, of the same installation.
pub struct Second {
    pub app: App,
    pub url: String,
    shutdown: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
    hearing: JoinHandle<()>,
}

impl Second {
    pub async fn beside(first: &TestApp) -> Self {
        Self::with(first, (*first.app.config).clone()).await
    }

    /// With settings of its own.
    pub async fn with(first: &TestApp, config: Config) -> Self {
        let outside = Outside {
            clock: first.clock.clone(),
            entropy: Entropy::seeded(99),
            mailer: Some(Mailer::memory()),
            ..Outside::real()
        };
        let app = App::build(config, outside).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let (serving, until) = (app.clone(), shutdown.clone());
        let server = tokio::spawn(async move { serving.serve(listener, None, until).await });
        let wakeups = app.mechanisms.wakeups.clone();
        let hearing = tokio::spawn(async move { wakeups.hear_others().await });
        Self { app, url, shutdown, server, hearing }
    }

    /// The same person, served by this instance.
    pub fn visitor(&self, customer: &Customer) -> Customer {
        let mut there = customer.clone();
        there.url.clone_from(&self.url);
        there
    }

    pub async fn finish(self) {
        self.shutdown.cancel();
        self.server.await.unwrap().unwrap();
        self.hearing.abort();
        self.app.mechanisms.db.clone().close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_through_one_instance_is_told_by_the_other() {
    let app = Box::pin(TestApp::start_with(Way::Full, &[NEVER_LOOKING])).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let second = Second::beside(&app).await;
    let (mut at_first, mut at_second) = (customer.socket().await, second.visitor(&customer).socket().await);
    follow(&mut at_first, "1", json!({})).await;
    follow(&mut at_second, "1", json!({})).await;
    for (through, kopecks) in [(&app.app, 1), (&second.app, 2), (&app.app, 3), (&second.app, 4)] {
        change(through, &account, kopecks).await;
        assert_eq!(news(&mut at_first).await.1, format!("0.0{kopecks}"));
        assert_eq!(news(&mut at_second).await.1, format!("0.0{kopecks}"));
    }
    second.finish().await;
    app.finish().await;
}
