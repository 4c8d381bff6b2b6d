//! Nothing is sent into a network of our own, as the settings come.

use entity::enums::WebhookKeyKind;
use kabinet::integrators::webhooks::{WebhookRefusal, Wish};
use kabinet::kernel::Failure;
use kabinet::platform::outgoing::Unfit;

use crate::harness::{Receiver, TestApp, Way};
use crate::metering::provider_of;

async fn own_networks(way: Way) {
    let app = TestApp::start_with(way, &[("KABINET__WEBHOOKS__PRIVATE_ADDRESSES", "false")]).await;
    let server = Receiver::start().await;
    let provider = provider_of(&app, "debt").await;
    let wish = |url: String| Wish { provider, url, events: Vec::new(), key: WebhookKeyKind::Hmac };
    let port = server.url.rsplit_once(':').unwrap().1.strip_suffix("/hook").unwrap();
    for (url, why) in [
        (server.url.clone(), Unfit::Open),
        (format!("https://127.0.0.1:{port}/hook"), Unfit::Private),
        (format!("https://[::ffff:7f00:1]:{port}/hook"), Unfit::Private),
        ("https://169.254.169.254/latest".to_owned(), Unfit::Private),
        (format!("https://user:secret@localhost:{port}/hook"), Unfit::Malformed),
    ] {
        let refused = app.app.webhooks.add(&wish(url.clone())).await;
        let Err(Failure::Refused(WebhookRefusal::Address(unfit))) = refused else { panic!("{url}: {refused:?}") };
        assert_eq!(unfit, why, "{url}");
    }
    // What a name leads to is seen when it is looked up, each time.
    let added = app.app.webhooks.add(&wish(format!("https://localhost:{port}/hook"))).await.unwrap();
    let attempt = app.app.webhooks.ping_now(None, added.endpoint.id).await.unwrap();
    assert_eq!(attempt.status, None);
    assert!(attempt.answer.contains("leads to an address that is not public"), "{}", attempt.answer);
    assert_eq!(server.take().len(), 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_networks_are_out_of_reach_embedded() {
    own_networks(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_networks_are_out_of_reach_full() {
    own_networks(Way::Full).await;
}
