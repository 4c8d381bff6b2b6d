use poem::http::StatusCode;

use crate::http::live::Pace;
use crate::http::testing::{Server, client};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn opening_a_link_confirms_nothing_and_pressing_the_button_does() {
    let server = Server::start().await;
    let url = server.url("/confirm-email?token=good&lang=en");
    let page = client().get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("value=\"good\"") && page.contains("Confirm your e-mail"), "{page}");
    assert!(server.seen.confirmations.lock().unwrap().is_empty());

    let without = client().post(server.url("/confirm-email")).header("content-type", FORM).body("token=good");
    let response = without.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = response.text().await.unwrap();
    assert!(page.contains("value=\"good\"") && page.contains("&lt;too short&gt;"), "{page}");

    for (token, status, words) in [("good", 200, "is confirmed"), ("old", 410, "no longer works")] {
        let form = format!("token={token}&password=any+one&lang=en");
        let post = client().post(server.url("/confirm-email")).header("content-type", FORM).body(form);
        let response = post.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert!(response.text().await.unwrap().contains(words));
    }
    *server.seen.down.lock().unwrap() = true;
    let post = client().post(server.url("/confirm-email")).header("content-type", FORM).body("token=good&password=any");
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.text().await.unwrap().contains("Сейчас подтвердить не получается"));
}

#[tokio::test]
async fn a_forgotten_password_is_set_on_a_page_of_its_own() {
    let server = Server::start().await;
    let url = server.url("/reset-password?token=good&lang=en");
    let page = client().get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("value=\"good\"") && page.contains("reset-password\""), "{page}");
    assert!(server.seen.confirmations.lock().unwrap().is_empty());
    for (token, status, words) in [("good", 200, "The password is set"), ("old", 410, "no longer works")] {
        let form = format!("token={token}&password=any+one&lang=en");
        let post = client().post(server.url("/reset-password")).header("content-type", FORM).body(form);
        let response = post.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert!(response.text().await.unwrap().contains(words));
    }
}

#[tokio::test]
async fn a_change_of_the_address_is_confirmed_and_cancelled_on_pages_that_ask_first() {
    let server = Server::start().await;
    for (path, token, status, words) in [
        ("/confirm-email-change", "first", 200, "This mailbox has confirmed"),
        ("/confirm-email-change", "good", 200, "The address is changed"),
        ("/confirm-email-change", "old", 410, "no longer works"),
        ("/cancel-email-change", "good", 200, "The address stays as it was"),
        ("/cancel-email-change", "old", 410, "nothing to cancel"),
    ] {
        let before = server.seen.confirmations.lock().unwrap().len();
        let page = client().get(server.url(&format!("{path}?token={token}&lang=en"))).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(page.contains(&format!("value=\"{token}\"")) && !page.contains("password\""), "{page}");
        assert_eq!(server.seen.confirmations.lock().unwrap().len(), before);
        let post = client().post(server.url(path)).header("content-type", FORM).body(format!("token={token}&lang=en"));
        let response = post.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert!(response.text().await.unwrap().contains(words), "{path} {token}");
    }
    *server.seen.down.lock().unwrap() = true;
    let post = client().post(server.url("/confirm-email-change")).header("content-type", FORM).body("token=good");
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.text().await.unwrap().contains("Ссылка по-прежнему действует"));
}

#[tokio::test]
async fn opening_the_page_of_a_foreign_sign_in_reports_nothing_and_pressing_the_button_does() {
    let server = Server::start().await;
    let page = client().get(server.url("/not-me?token=good&lang=en")).send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("value=\"good\"") && page.contains("not-me\"") && !page.contains("name=\"password\""),
        "{page}"
    );
    assert!(server.seen.confirmations.lock().unwrap().is_empty());
    let press =
        |form: &'static str| client().post(server.url("/not-me")).header("content-type", FORM).body(form).send();
    for (form, status, words) in [
        ("token=good&lang=en", 200, "no longer works. We have sent"),
        ("token=old&lang=en", 410, "This link no longer works"),
        ("token=good&lang=ru", 200, "Все сеансы закончены"),
    ] {
        let response = press(form).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert!(response.text().await.unwrap().contains(words), "{words}");
    }
    *server.seen.down.lock().unwrap() = true;
    let response = press("token=good&lang=en").await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.text().await.unwrap().contains("The link still works"));
}

#[tokio::test]
async fn what_a_page_is_given_cannot_become_markup() {
    let server = Server::start().await;
    let url = server.url("/confirm-email?token=%22%3E%3Cscript%3E");
    let page = client().get(&url).send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("<script>"), "{page}");
    let page = client().get(server.url("/sandbox/payments/p1")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("1\u{202F}956,85\u{202F}₽") && !page.contains("<б>"), "{page}");
}

#[tokio::test]
async fn the_sandbox_bank_takes_three_answers() {
    let server = Server::start().await;
    let decide = |id: &str, body: &'static str| {
        let url = server.url(&format!("/sandbox/payments/{id}"));
        client().post(url).header("content-type", FORM).body(body).send()
    };
    let response = decide("p1", "outcome=pay&lang=en").await.unwrap();
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()["location"], "/sandbox/payments/p1?lang=en");
    assert_eq!(decide("p1", "outcome=steal").await.unwrap().status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(decide("p2", "outcome=refuse").await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(*server.seen.decisions.lock().unwrap(), ["pay", "refuse"]);
}

#[tokio::test]
async fn letters_are_shown_newest_first_where_they_are_kept() {
    let server = Server::start().await;
    let url = server.url("/dev/mailbox/messages");
    let letters: serde_json::Value = client().get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!((&letters[0]["id"], &letters[1]["id"]), (&"new".into(), &"old".into()));
    assert_eq!(letters[0]["sentAt"], "2027-01-15T08:00:00Z");
    let page = client().get(server.url("/dev/mailbox")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("href=\"http:&#x2f;&#x2f;127.0.0.1") && page.contains("2027-01-15 08:00 UTC"), "{page}");
    *server.seen.without_mailbox.lock().unwrap() = true;
    for path in ["/dev/mailbox", "/dev/mailbox/messages"] {
        assert_eq!(client().get(server.url(path)).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn notifications_are_stored_before_they_are_answered() {
    let server = Server::start().await;
    let post = |name: &str| client().post(server.url(&format!("/acquirers/{name}/notifications"))).body("{}").send();
    assert_eq!(post("sandbox").await.unwrap().status(), StatusCode::OK);
    assert_eq!(post("nobody").await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(server.seen.notifications.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = Server::with(
        |config| {
            config.http.public_url = "https://cabinet.example".to_owned();
            config.http.graphiql = Some(true);
        },
        Pace::default(),
    );
    let server = server.await;
    let paths = ["/", "/nowhere", "/graphql", "/graphiql", "/assets/none.js", "/health/live", "/dev/mailbox"];
    for path in paths.into_iter().chain(["/payments/returned?lang=en", "/confirm-email", "/sandbox/payments/p1"]) {
        let response = client().get(server.url(path)).send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert!(header("strict-transport-security").starts_with("max-age=31536000"), "{path}");
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        // Built-in files are no secret.
        assert_eq!(header("cache-control") == "no-store", path != "/graphiql" || response.status() != 200, "{path}");
    }
}

#[tokio::test]
async fn probes_tell_what_is_away_without_the_reason() {
    let server = Server::start().await;
    let ready = || async {
        let response = client().get(server.url("/health/ready")).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, text) = ready().await;
    assert_eq!(status, 200);
    assert!(text.contains("\"draining\":\"ok\""), "{text}");
    *server.seen.down.lock().unwrap() = true;
    let (status, text) = ready().await;
    assert_eq!(status, 503);
    assert!(text.contains("\"database\":\"failed\"") && !text.contains("hush"), "{text}");
    assert_eq!(client().get(server.url("/health/live")).send().await.unwrap().status(), StatusCode::OK);
}

#[test]
fn the_console_is_off_where_customers_are_unless_it_is_asked_for() {
    let with = |settings: &[(&str, &str)]| {
        let pairs = settings.iter().map(|(name, value)| (format!("KABINET__{name}"), (*value).to_owned()));
        crate::config::Config::load(None, pairs).unwrap().graphiql()
    };
    let full = [("DATABASE__URL", "postgres://x"), ("REDIS__URL", "redis://x"), ("MAIL__SMTP_URL", "smtp://x")];
    let on = ("HTTP__GRAPHIQL", "on");
    assert!(with(&[]) && !with(&full) && !with(&[("HTTP__PUBLIC_URL", "https://cabinet.example")]));
    assert!(with(&[full[0], full[1], full[2], on]) && !with(&[("HTTP__GRAPHIQL", "off")]));
    assert!(with(&[("HTTP__GRAPHIQL", "true")]) && !with(&[("HTTP__GRAPHIQL", "false")]));
}

#[tokio::test]
async fn the_console_can_be_switched_off() {
    let server = Server::with(|config| config.http.graphiql = Some(false), Pace::default()).await;
    let response = client().get(server.url("/graphiql")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.text().await.unwrap().contains("http.graphiql"));
}

/// The query of an app that asks.
const ASKED: &str =
    "response_type=code&client_id=app_1&redirect_uri=https%3A%2F%2Fapp.example%2Fback&state=s%261&lang=en";

#[tokio::test]
async fn an_app_is_answered_where_it_belongs_and_nowhere_else() {
    let server = Server::start().await;
    let open = async |query: String| {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        client.get(server.url(&format!("/oauth/authorize?{query}"))).send().await.unwrap()
    };
    for (query, words) in [
        (ASKED.replace("app_1", "app_2"), "No such app"),
        (ASKED.replace("app.example", "evil.example"), "not its own"),
        (format!("{ASKED}&client_id=app_1"), "Адрес составлен неверно"),
    ] {
        let response = open(query).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(!response.headers().contains_key("location"));
        let page = response.text().await.unwrap();
        assert!(page.contains(words), "{page}");
    }
    let response = open(ASKED.replace("type=code", "type=token")).await;
    let location = response.headers()["location"].to_str().unwrap();
    assert!(
        location.starts_with("https://app.example/back?error=unsupported_response_type&state=s%261&iss="),
        "{location}"
    );
    let page = open(ASKED.to_owned()).await.text().await.unwrap();
    assert!(page.contains("An &lt;app&gt;") && page.contains("value=\"s&amp;1\""), "{page}");
}

#[tokio::test]
async fn a_form_of_the_consent_page_is_answered_by_the_way_back() {
    let server = Server::start().await;
    server.seen.sessions.lock().unwrap().insert("sess_1".to_owned(), true);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let post = async |fields: &str, cookie: &str, address: &str| {
        let body = format!("{}&{fields}", ASKED.replace("https%3A%2F%2Fapp.example", address));
        let request = client.post(server.url("/oauth/authorize")).header("content-type", FORM).body(body);
        request.header("cookie", cookie).header("sec-fetch-site", "same-origin").send().await.unwrap()
    };
    let app = "https%3A%2F%2Fapp.example";
    let signed_in = post("step=sign-in&email=anna@example.com&password=right", "", app).await;
    assert!(signed_in.headers()["set-cookie"].to_str().unwrap().starts_with("kabinet=sess_1; Path=/; HttpOnly"));
    assert!(signed_in.headers()["location"].to_str().unwrap().starts_with("/oauth/authorize?response_type=code&"));
    let often = post("step=sign-in&email=anna@example.com&password=often", "", app).await;
    assert!(often.text().await.unwrap().contains("Try again in 7 s."));
    let given = "step=decide&form_token=bound&account-account_1=on&decision=approve&password=";
    let wrong = post(&format!("{given}wrong"), "kabinet=sess_1", app).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let policy = wrong.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.ends_with("form-action 'self' https://app.example"), "{policy}");
    let page = wrong.text().await.unwrap();
    assert!(
        page.contains("name=\"account-account_1\" checked") && page.contains("The password is not right"),
        "{page}"
    );
    let answer = post(&format!("{given}right"), "kabinet=sess_1", app).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.starts_with("https://app.example/back?code=gcode_1&state=s%261&iss="), "{location}");
    assert_eq!(server.seen.decisions.lock().unwrap().last().unwrap(), "account_1");
    // A policy cannot name an IPv6 address.
    let native = "http%3A%2F%2F%5B%3A%3A1%5D%3A4711";
    let page = post(&format!("{given}wrong"), "kabinet=sess_1", native).await;
    assert!(page.headers()["content-security-policy"].to_str().unwrap().ends_with("form-action 'self' http:"));
}
