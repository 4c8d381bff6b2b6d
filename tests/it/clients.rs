//! Public clients, the public audit and the library of Standard Webhooks (`tests/clients`, npm) against the real binary.

use std::path::{Path, PathBuf};
use std::process::Command;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{PASSWORD, Server, Way, sample};

const EMAIL: &str = "anna@example.com";

macro_rules! suite {
    ($name:ident, $file:literal) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                Box::pin(super::run($file, crate::harness::Way::Embedded)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn full() {
                Box::pin(super::run($file, crate::harness::Way::Full)).await;
            }
        }
    };
}

suite!(the_graphql_over_http_audit_passes, "audit.test.mjs");
suite!(the_graphql_ws_client_is_served, "websocket.test.mjs");
suite!(the_webhooks_are_verified_by_the_published_library, "webhooks.test.mjs");
suite!(the_graphql_sse_client_is_served, "sse.test.mjs");

async fn run(file: &str, way: Way) {
    let folder = packages();
    let mut server = Server::start(way).await;
    let account = Box::pin(customer(&server)).await;
    let control = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut suite = Command::new("node");
    // As an operator beside the server has them.
    suite.envs(server.environment.clone());
    suite.args(["--test", "--test-force-exit", "--test-reporter=spec", file]).current_dir(folder).envs([
        ("KABINET_BINARY", env!("CARGO_BIN_EXE_kabinet")),
        ("KABINET_PROVIDER", &sample("debt").provider_code),
        ("KABINET_URL", server.url.as_str()),
        ("KABINET_EMAIL", EMAIL),
        ("KABINET_PASSWORD", PASSWORD),
        ("KABINET_ACCOUNT", &account),
        ("KABINET_CONTROL", &control.local_addr().unwrap().port().to_string()),
    ]);
    let mut running = tokio::task::spawn_blocking(move || suite.status());
    let status = loop {
        tokio::select! {
            ended = &mut running => break ended.unwrap().expect("node is installed"),
            asked = control.accept() => restart(&mut server, asked.unwrap().0).await,
        }
    };
    assert!(status.success(), "{file} failed: its report is above");
    server.clean_up().await;
}

fn packages() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    assert!(folder.join("node_modules").is_dir(), "the npm packages are not installed: run `make test`");
    folder
}

/// A person who sees the debtor's account in full; the account's id.
async fn customer(server: &Server) -> String {
    let mut person = server.customer();
    person.register(EMAIL).await;
    let token = server.confirmation_token(EMAIL).await;
    person.confirm(&token).await;
    person.sign_in(EMAIL).await;
    let debtor = sample("debt");
    person.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await
}

/// Whoever connects wants the server restarted, and to be told when it serves again.
async fn restart(server: &mut Server, mut asker: TcpStream) {
    server.signal("TERM");
    assert!(server.ended().await.success());
    server.start_again().await;
    asker.write_all(b"done\n").await.unwrap();
}
