//! Sessions in cookies.

use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp, Way, both_ways};

const EMAIL: &str = "anna@example.com";

/// The cookie that a request's answer sets, if any, and the answer.
async fn send(app: &TestApp, cookie: &str, query: &str) -> (Option<String>, Value) {
    let request = reqwest::Client::new().post(format!("{}/graphql", app.url)).header(COOKIE, cookie);
    let response = request.json(&json!({ "query": query })).send().await.unwrap();
    let set = response.headers().get(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned());
    (set, response.json().await.unwrap())
}

fn sign_in(remember: bool) -> String {
    format!(
        "mutation {{ signIn(input: {{ email: \"{EMAIL}\", password: \"{PASSWORD}\", transport: COOKIE, rememberMe: {remember} }})
            {{ token viewer {{ email }} userErrors {{ code }} }} }}"
    )
}

fn pair(set: &str) -> &str {
    set.split(';').next().unwrap()
}

const WHO: &str = "{ viewer { email } }";

both_ways!(a_session_in_a_cookie_is_shown_to_no_script_and_ends_with_signing_out, |app| {
    app.confirmed_customer(EMAIL).await;
    let (set, answer) = send(&app, "", &sign_in(false)).await;
    let set = set.unwrap();
    assert_eq!(answer["data"]["signIn"], json!({ "token": null, "viewer": { "email": EMAIL }, "userErrors": [] }));
    assert!(set.starts_with("kabinet=sess_") && set.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{set}");
    let (again, answer) = send(&app, &format!("other=1; {}", pair(&set)), WHO).await;
    assert_eq!((again, &answer["data"]["viewer"]["email"]), (None, &json!(EMAIL)));

    let (gone, _) = send(&app, pair(&set), "mutation { signOut { signedOut } }").await;
    assert_eq!(gone.unwrap(), "kabinet=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    let (_, answer) = send(&app, pair(&set), WHO).await;
    assert_eq!(answer["data"]["viewer"], Value::Null);
    app.finish().await;
});

both_ways!(a_remembered_cookie_outlasts_the_browser, |app| {
    app.confirmed_customer(EMAIL).await;
    let (set, _) = send(&app, "", &sign_in(true)).await;
    let seconds = 90 * 24 * 60 * 60;
    assert!(set.unwrap().ends_with(&format!("; SameSite=Lax; Max-Age={seconds}")));
    app.finish().await;
});

both_ways!(a_refused_sign_in_sets_no_cookie, |app| {
    app.confirmed_customer(EMAIL).await;
    let (set, answer) = send(&app, "", &sign_in(false).replace(PASSWORD, "wrong horse 42")).await;
    assert_eq!((set, &answer["data"]["signIn"]["userErrors"][0]["code"]), (None, &json!("BAD_CREDENTIALS")));
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_the_cookie_is_this_hosts_alone() {
    let settings = [("KABINET__HTTP__PUBLIC_URL", "https://cabinet.example")];
    let app = TestApp::start_with(Way::Embedded, &settings).await;
    app.confirmed_customer(EMAIL).await;
    let (set, _) = send(&app, "", &sign_in(false)).await;
    let set = set.unwrap();
    assert!(set.starts_with("__Host-kabinet=sess_"), "{set}");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{set}");
    let (_, answer) = send(&app, pair(&set), WHO).await;
    assert_eq!(answer["data"]["viewer"]["email"], EMAIL);
    let (_, answer) = send(&app, pair(&set).trim_start_matches("__Host-"), WHO).await;
    assert_eq!(answer["data"]["viewer"], Value::Null);
    app.finish().await;
}
