//! The page that asks a person, as a browser without JavaScript uses it.

use chrono::TimeDelta;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_SECURITY_POLICY, HeaderMap, LOCATION, SET_COOKIE};
use serde_json::{Value, json};

use super::{Acting, BACK, EMAIL, caller, challenge, is_in, refused, without_letters};
use crate::harness::{PASSWORD, TestApp, both_ways};
use crate::metering::{attach, owner};

const PATH: &str = "/oauth/authorize";

/// A browser with one cookie, which follows nothing by itself.
struct Browser {
    url: String,
    cookie: Option<String>,
    client: reqwest::Client,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers[LOCATION].to_str().unwrap()
    }

    fn shows(&self, status: u16, words: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert!(self.text.contains(words), "{words}: {}", self.text);
    }

    /// Value of a hidden field.
    fn field(&self, name: &str) -> String {
        let (_, rest) =
            self.text.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{}", self.text));
        rest.split_once('"').unwrap().0.to_owned()
    }
}

impl Browser {
    fn new(app: &TestApp) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { url: app.url.clone(), cookie: None, client }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let request = match &self.cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let response = request.header("accept-language", "en").send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(cookie) = headers.get(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
            self.cookie = Some(cookie.split(';').next().unwrap().to_owned());
        }
        Page { status, headers, text: response.text().await.unwrap() }
    }

    async fn open(&mut self, query: &str) -> Page {
        let request = self.client.get(format!("{}{PATH}?{query}", self.url));
        self.send(request).await
    }

    async fn follow(&mut self, location: &str) -> Page {
        let request = self.client.get(format!("{}{location}", self.url));
        self.send(request).await
    }

    async fn post(&mut self, query: &str, fields: &[(&str, &str)]) -> Page {
        self.post_from(query, fields, &[]).await
    }

    async fn post_from(&mut self, query: &str, fields: &[(&str, &str)], headers: &[(&'static str, &str)]) -> Page {
        let field = |(name, value): &(&str, &str)| format!("&{name}={}", value.replace(' ', "+").replace('@', "%40"));
        let body = query.to_owned() + &fields.iter().map(field).collect::<Vec<_>>().concat();
        let mut request = self.client.post(format!("{}{PATH}", self.url)).body(body);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    async fn sign_in(&mut self, query: &str, password: &str) -> Page {
        self.post(query, &[("step", "sign-in"), ("email", EMAIL), ("password", password)]).await
    }
}

fn query(acting: &Acting) -> String {
    format!(
        "response_type=code&client_id={}&redirect_uri={BACK}&scope=BALANCE+READINGS&state=a%26b&code_challenge={}\
         &code_challenge_method=S256",
        acting.client_id,
        challenge(),
    )
}

/// Approves with what is given beside the usual.
async fn approve(browser: &mut Browser, query: &str, page: &Page, account: &str, more: &[(&str, &str)]) -> Page {
    let (token, ticked) = (page.field("form_token"), format!("account-{account}"));
    let mut fields = vec![
        ("step", "decide"),
        ("decision", "approve"),
        ("form_token", token.as_str()),
        (ticked.as_str(), "on"),
        ("past", "3"),
        ("days", "30"),
    ];
    fields.retain(|(name, _)| !more.iter().any(|(given, _)| given == name));
    fields.extend(more);
    browser.post(query, &fields).await
}

fn parameter(location: &str, name: &str) -> String {
    let (_, query) = location.split_once('?').unwrap();
    let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    pair.unwrap_or_else(|| panic!("{name} in {location}")).to_owned()
}

both_ways!(a_person_lets_an_app_in_and_shuts_it_out, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let other = attach(&anna, "day-and-night").await;
    let acting = Acting::register(&app, "BALANCE,READINGS,PAY", false).await;
    let (mut browser, query) = (Browser::new(&app), query(&acting));
    let page = browser.open(&query).await;
    page.shows(200, "Sign in");
    assert!(page.text.contains("Домашний &lt;учёт&gt;") && !page.text.contains("<script"), "{}", page.text);
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(page.headers["cache-control"], "no-store");
    let policy = page.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && policy.ends_with("form-action 'self'"), "{policy}");
    browser.sign_in(&query, "a wrong password 7").await.shows(422, "no cabinet with this address and password");
    assert!(browser.cookie.is_none());
    let signed_in = browser.sign_in(&query, PASSWORD).await;
    let page = browser.follow(signed_in.location()).await;
    page.shows(200, "asks for access");
    for words in [EMAIL, "see meters and readings", "see your accounts", "app.example", &account, &other] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("start payments"), "it does not ask for that");
    let policy = page.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.ends_with("form-action 'self' https://app.example"), "{policy}");
    let answer = approve(&mut browser, &query, &page, &account, &[("password", PASSWORD)]).await;
    let location = answer.location();
    assert!(location.starts_with(&format!("{BACK}?code=gcode_")), "{location}");
    assert_eq!(parameter(location, "state"), "a%26b");
    assert_eq!(parameter(location, "iss"), app.url.replace(':', "%3A").replace('/', "%2F"));
    let code = parameter(location, "code");
    let answer = acting.exchange(&code).await;
    assert_eq!(answer.1["scope"], "BALANCE READINGS");
    let (acts, refresh) = caller(&app.url, &answer);
    let accounts = "{ viewer { personalAccounts { edges { node { id } } } } }";
    let shown = acts.ask(accounts, json!({})).await;
    assert_eq!(shown["viewer"]["personalAccounts"]["edges"], json!([{ "node": { "id": account } }]));
    let (acts, _) = caller(&app.url, &acting.refresh(&refresh).await);
    app.advance(TimeDelta::minutes(2));
    acts.ask(accounts, json!({})).await;
    app.advance(TimeDelta::seconds(1));
    acts.ask("query Renamed { viewer { id } node(id: \"x\") { id } }", json!({})).await;
    acts.ask(accounts, json!({})).await;
    let listed = "{ viewer { authorizedClients { id dataFrom calls(first: 10) { edges { node { calledAt operations address } } } } } }";
    let grant = anna.ask(listed, json!({})).await["viewer"]["authorizedClients"][0].take();
    assert_eq!(grant["dataFrom"], "2026-03-01");
    let calls: Vec<_> = grant["calls"]["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]).collect();
    let call =
        |at: &str, operations: Value| json!({ "calledAt": at, "operations": operations, "address": "127.0.0.1" });
    let expected = [
        call("2026-06-20T09:02:01Z", json!(["node", "viewer"])),
        call("2026-06-20T09:02:00Z", json!(["viewer"])),
        call("2026-06-20T09:00:00Z", json!(["viewer"])),
    ];
    assert_eq!(calls, expected.iter().collect::<Vec<_>>());
    anna.mutate("revokeClientAccess", "authorizedClients { id }", json!({ "id": grant["id"] })).await;
    assert!(!is_in(&acts).await);
    refused(&acting.exchange(&code).await, 400, "invalid_grant");
    app.advance(TimeDelta::days(91));
    app.app.services.consents.purge().await.unwrap();
    assert_eq!(crate::billing::number(&app, "SELECT COUNT(*) AS number FROM client_grant_calls").await, 0);
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(nobody_is_sent_to_an_address_that_is_not_the_apps, |app| {
    let acting = Acting::register(&app, "BALANCE", true).await;
    let (mut browser, good) = (Browser::new(&app), query(&acting).replace("+READINGS", ""));
    for (broken, words) in [
        (good.replace(&acting.client_id, "app_01h455vb4pex5vsknk084sn02q"), "No such app"),
        (good.replace("client_id=", "client="), "No such app"),
        (good.replace(BACK, "https://evil.example/back"), "not its own"),
        (good.replace(BACK, "https://app.example/back/"), "not its own"),
        (good.replace(BACK, "https://app.example/back%3Fx"), "not its own"),
        (good.replace("redirect_uri=", "redirect="), "not its own"),
        (format!("{good}&redirect_uri=https://evil.example"), "misshapen"),
    ] {
        let page = browser.open(&broken).await;
        page.shows(400, words);
        assert!(page.headers.get(LOCATION).is_none(), "{broken}");
        let posted = browser.post(&broken, &[("step", "decide"), ("decision", "refuse")]).await;
        assert_eq!(posted.status, StatusCode::BAD_REQUEST, "{broken}");
    }
    // What else is wrong the app is told.
    for (broken, error) in [
        (good.replace("response_type=code", "response_type=token"), "unsupported_response_type"),
        (good.replace("response_type=code&", ""), "unsupported_response_type"),
        (good.replace("S256", "plain"), "invalid_request"),
        (good.replace("&code_challenge_method=S256", ""), "invalid_request"),
        (good.replace("code_challenge=", "challenge="), "invalid_request"),
        (good.replace(&challenge(), "short"), "invalid_request"),
        (good.replace("BALANCE", "PAY"), "invalid_scope"),
        (good.replace("BALANCE", "NONSENSE"), "invalid_scope"),
    ] {
        let page = browser.open(&broken).await;
        assert!(page.location().starts_with(&format!("{BACK}?error={error}&state=a%26b&iss=")), "{}", page.location());
    }
    // A native app listens at any port.
    let native = good.replace(BACK, "http://127.0.0.1:4711/back");
    browser.open(&native).await.shows(200, "Sign in");
    app.app.services.consents.revoke_app(kabinet::graphql::ids::decode(&acting.client_id).unwrap()).await.unwrap();
    browser.open(&good).await.shows(400, "No such app");
    app.finish().await;
});

both_ways!(an_answer_needs_the_person_their_proof_and_the_page, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let (boris, foreign) = owner(&app, "boris@example.com", "day-and-night").await;
    let acting = Acting::register(&app, "BALANCE,READINGS", true).await;
    let (mut browser, query) = (Browser::new(&app), query(&acting));
    browser.cookie = Some(format!("kabinet={}", anna.token.as_deref().unwrap()));
    let page = browser.open(&query).await;
    page.shows(200, "Let it in");
    for (more, words) in [
        (&[("password", "a wrong password 7")][..], "The password is not right"),
        (&[], "The password is not right"),
        (&[("password", PASSWORD), ("past", "forever")], "Choose at least one account"),
        (&[("password", PASSWORD), ("days", "3650")], "Choose at least one account"),
        (&[("password", PASSWORD), ("form_token", "0")], "The page was out of date"),
    ] {
        approve(&mut browser, &query, &page, &account, more).await.shows(422, words);
    }
    approve(&mut browser, &query, &page, &foreign, &[("password", PASSWORD)]).await.shows(422, "Choose at least one");
    let none = [
        ("step", "decide"),
        ("decision", "approve"),
        ("form_token", &page.field("form_token")),
        ("past", "3"),
        ("days", "30"),
    ];
    let none: Vec<_> = none.iter().map(|(name, value)| (*name, *value)).chain([("password", PASSWORD)]).collect();
    browser.post(&query, &none).await.shows(422, "Choose at least one account");
    // Another question by the same form is another question.
    let more = query.replace("BALANCE+READINGS", "BALANCE");
    approve(&mut browser, &more, &page, &account, &[("password", PASSWORD)]).await.shows(422, "out of date");
    // Nor is it another session's.
    let mut theirs = Browser::new(&app);
    theirs.cookie = Some(format!("kabinet={}", boris.token.as_deref().unwrap()));
    approve(&mut theirs, &query, &page, &foreign, &[("password", PASSWORD)]).await.shows(422, "out of date");
    // From another site's page nothing is done, by whatever header it is known.
    let token = page.field("form_token");
    let fields = [("step", "decide"), ("decision", "refuse"), ("form_token", token.as_str()), ("password", PASSWORD)];
    for headers in [
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("origin", "https://evil.example")],
        [("origin", "null")],
    ] {
        browser.post_from(&query, &fields, &headers).await.shows(403, "not sent from our page");
        let signing_in = [("step", "sign-in"), ("email", EMAIL), ("password", PASSWORD)];
        Browser::new(&app).post_from(&query, &signing_in, &headers).await.shows(403, "not sent from our page");
    }
    let listed = "{ viewer { authorizedClients { id } } }";
    assert_eq!(anna.ask(listed, json!({})).await["viewer"]["authorizedClients"], json!([]));
    // Browsers that name no referrer send Origin: null from our page, too.
    let own = [("sec-fetch-site", "same-origin"), ("origin", "null")];
    let refusal = browser.post_from(&query, &fields, &own).await;
    assert!(refusal.location().starts_with(&format!("{BACK}?error=access_denied&state=a%26b&iss=")));
    // An app's or a script's token is no session of the person's.
    let (acts, _) = acting.let_in(&app, &anna, &[&account], kabinet::consent::grant::Past::All).await;
    browser.cookie = Some(format!("kabinet={}", acts.token.as_deref().unwrap()));
    browser.open(&query).await.shows(200, "Sign in");
    browser.cookie = None;
    approve(&mut browser, &query, &page, &account, &[("password", PASSWORD)]).await.shows(200, "Sign in");
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(who_has_not_confirmed_sees_no_more_than_a_decoy, |app| {
    let boris = app.customer();
    boris.register("boris@example.com").await;
    let anna = app.confirmed_customer(EMAIL).await;
    drop(anna);
    // Registered again by a stranger with another password: a decoy signs in.
    let captcha = app.customer().solve_captcha().await;
    let input = json!({ "email": EMAIL, "password": "another password 9", "captcha": captcha,
        "acceptedAgreements": crate::harness::agreements(), "locale": "EN" });
    app.customer().mutate("register", "email", input).await;
    app.drain().await;
    app.discard_letters();
    let acting = Acting::register(&app, "BALANCE,READINGS", true).await;
    let query = query(&acting);
    let mut pages = Vec::new();
    for (email, password) in [("boris@example.com", PASSWORD), (EMAIL, "another password 9")] {
        let mut browser = Browser::new(&app);
        let signed_in = browser.post(&query, &[("step", "sign-in"), ("email", email), ("password", password)]).await;
        let page = browser.follow(signed_in.location()).await;
        page.shows(200, "Confirm your e-mail first");
        let fields = [("step", "decide"), ("decision", "approve"), ("form_token", "x"), ("password", password)];
        browser.post(&query, &fields).await.shows(200, "Confirm your e-mail first");
        pages.push(page.text);
    }
    assert_eq!(pages[0], pages[1]);
    // An address that nobody has reads as a wrong password.
    let mut texts = Vec::new();
    for email in ["boris@example.com", "nobody@example.com"] {
        let fields = [("step", "sign-in"), ("email", email), ("password", "a wrong password 7")];
        texts.push(Browser::new(&app).post(&query, &fields).await.text.replace(email, ""));
    }
    assert_eq!(texts[0], texts[1]);
    app.finish().await;
});

both_ways!(guesses_on_the_page_are_slowed_down_as_everywhere, |app| {
    let _anna = app.confirmed_customer(EMAIL).await;
    let acting = Acting::register(&app, "BALANCE,READINGS", true).await;
    let (mut browser, query) = (Browser::new(&app), query(&acting));
    let mut told = String::new();
    for _ in 0..40 {
        let page = browser.sign_in(&query, "a wrong password 7").await;
        told = page.text;
        if told.contains("Too many") {
            break;
        }
    }
    assert!(told.contains("Too many"), "{told}");
    app.finish().await;
});

both_ways!(the_second_factor_is_asked_for_on_both_pages, |app| {
    let (anna, phone, _) = app.two_factor_customer(EMAIL).await;
    let account = attach(&anna, "debt").await;
    let acting = Acting::register(&app, "BALANCE,READINGS", true).await;
    let (mut browser, query) = (Browser::new(&app), query(&acting));
    browser.sign_in(&query, PASSWORD).await.shows(422, "the code of the second factor");
    let code = phone.code();
    let fields = [("step", "sign-in"), ("email", EMAIL), ("password", PASSWORD), ("code", code.as_str())];
    let signed_in = browser.post(&query, &fields).await;
    let page = browser.follow(signed_in.location()).await;
    page.shows(200, "Let it in");
    approve(&mut browser, &query, &page, &account, &[("password", PASSWORD)]).await.shows(422, "code of the second");
    let used = [("password", PASSWORD), ("code", code.as_str())];
    approve(&mut browser, &query, &page, &account, &used).await.shows(422, "The code is not right");
    app.advance(TimeDelta::seconds(30));
    let code = phone.code();
    let answer = approve(&mut browser, &query, &page, &account, &[("password", PASSWORD), ("code", &code)]).await;
    assert!(answer.location().contains("code=gcode_"));
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(the_discovery_document_names_what_there_is, |app| {
    let url = format!("{}/.well-known/oauth-authorization-server", app.url);
    let document: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(document["authorization_endpoint"], format!("{}{PATH}", app.url));
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    for grant in ["authorization_code", "refresh_token", "client_credentials"] {
        assert!(document["grant_types_supported"].to_string().contains(grant));
    }
    app.finish().await;
});
