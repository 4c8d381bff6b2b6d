//! One id in the answer's header, in its errors, and for the operations of a socket.

use serde_json::json;

use crate::harness::{TestApp, Way, both_ways};

const HEADER: &str = "x-request-id";

async fn answered(app: &TestApp, path: &str, given: Option<&str>) -> (String, String) {
    let mut request = reqwest::Client::new().get(format!("{}{path}", app.url));
    if let Some(given) = given {
        request = request.header(HEADER, given);
    }
    let response = request.send().await.unwrap();
    let id = response.headers()[HEADER].to_str().unwrap().to_owned();
    (id, response.text().await.unwrap())
}

both_ways!(every_answer_has_an_id_of_its_own, |app| {
    let mut seen = Vec::new();
    for path in ["/", "/nowhere", "/graphql?query={__typename}", "/health/live", "/assets/none.js", "/confirm-email"] {
        let (id, _) = answered(&app, path, Some("the-client-says")).await;
        assert_eq!(id.len(), 32, "{path}: {id}");
        seen.push(id);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 6);
    app.finish().await;
});

both_ways!(errors_name_the_request, |app| {
    // Refused before it is parsed, by the guard, by validation, by a resolver.
    for query in ["%7B", "{nothing}", "{viewer{personalAccounts(first:1000){edges{node{id}}}}}"] {
        let (id, body) = answered(&app, &format!("/graphql?query={query}"), None).await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        if let Some(errors) = body["errors"].as_array() {
            assert!(errors.iter().all(|error| error["extensions"]["requestId"] == id.as_str()), "{id} {body}");
        }
    }
    let (id, body) = answered(&app, "/graphql", None).await;
    assert!(body.contains(&format!("\"requestId\":\"{id}\"")), "{id} {body}");
    app.finish().await;
});

both_ways!(a_fault_is_found_by_the_id_of_its_request, |app| {
    app.sql("ALTER TABLE providers RENAME TO providers_away").await;
    let (id, body) = answered(&app, "/graphql?query={providers(first:1){edges{node{id}}}}", None).await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let extensions = &body["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "INTERNAL", "{body}");
    assert_eq!((&extensions["reference"], &extensions["requestId"]), (&json!(id), &json!(id)), "{body}");
    app.sql("ALTER TABLE providers_away RENAME TO providers").await;
    app.finish().await;
});

both_ways!(each_operation_of_a_socket_has_an_id, |app| {
    let mut socket = app.customer().socket().await;
    let mut ids = Vec::new();
    for n in 1..=2 {
        socket.subscribe(&n.to_string(), "subscription { balanceUpdated { cursor } }", json!({})).await;
        let refused = loop {
            let message = socket.next().await;
            if message["type"] != "complete" {
                break message;
            }
        };
        let text = refused.to_string();
        assert!(text.contains("UNAUTHENTICATED"), "{text}");
        let (_, rest) = text.split_once("\"requestId\":\"").unwrap_or_else(|| panic!("no id in {text}"));
        ids.push(rest.split('"').next().unwrap().to_owned());
    }
    let [first, second] = [&ids[0], &ids[1]].map(|id| id.split_once('.').expect("socket.operation"));
    assert_eq!(first.0, second.0, "the socket's id");
    assert_eq!(first.0.len(), 32);
    assert_ne!(first.1, second.1);
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_of_a_trusted_proxy_is_kept() {
    let settings = [("KABINET__HTTP__TRUSTED_PROXIES", "127.0.0.1")];
    let app = TestApp::start_with(Way::Embedded, &settings).await;
    let (id, body) = answered(&app, "/graphql", Some("proxy-4711")).await;
    assert_eq!(id, "proxy-4711");
    assert!(body.contains("\"requestId\":\"proxy-4711\""), "{body}");
    // What is no id is not passed on, even from there.
    let (id, _) = answered(&app, "/", Some("a b\"<script>")).await;
    assert_eq!(id.len(), 32, "{id}");
    app.finish().await;
}
