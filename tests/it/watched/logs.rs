//! No secret is in the log of whole journeys, at every level that an operator may switch on.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kabinet::kernel::Clock;
use serde_json::json;

use crate::harness::{
    Authenticator, Backend, CaptchaService, Mood, Protocol, SECRET as CAPTCHA_KEY, Server, Way, agreements, eventually,
    sample, user_errors,
};

const EMAIL: &str = "vera@example.com";
const PASSWORD: &str = "pass-phrase-of-anna-31";
const WRONG: &str = "not-the-phrase-of-anna";
const SECRET_KEY: &str = "a-key-that-signs-challenges-0123456789";
const DATABASE_PASSWORD: &str = "database-secret-52";
const REDIS_PASSWORD: &str = "redis-secret-73";
const SMTP_PASSWORD: &str = "smtp-secret-94";
/// What an owner sets by a letter's link, and then in the cabinet.
const RESET: &str = "phrase-by-the-link-58";
const CHANGED: &str = "phrase-in-the-cabinet-17";
/// Statements are the library's, and switched off by default.
const EVERYTHING: &str = "trace,sqlx=off";

/// With passwords where a server of production has them.
async fn server(way: Way) -> Server {
    let backend = Box::pin(Backend::prepare(way)).await;
    let mut server = Server::on(backend, way).await;
    if way == Way::Full {
        let user = format!("secretive_{}", std::process::id());
        let (_, redis) = server.environment.iter_mut().find(|(name, _)| name == "KABINET__REDIS__URL").unwrap();
        let client = redis::Client::open(redis.as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let rules = [format!(">{REDIS_PASSWORD}"), "~*".into(), "&*".into(), "+@all".into(), "on".into()];
        let _: () = redis::cmd("ACL").arg("SETUSER").arg(&user).arg(&rules).query_async(&mut connection).await.unwrap();
        *redis = redis.replacen("redis://", &format!("redis://{user}:{REDIS_PASSWORD}@"), 1);
        let (_, url) = server.environment.iter_mut().find(|(name, _)| name == "KABINET__DATABASE__URL").unwrap();
        *url = url.replacen('@', &format!(":{DATABASE_PASSWORD}@"), 1);
        let (_, smtp) = server.environment.iter_mut().rfind(|(name, _)| name == "KABINET__MAIL__SMTP_URL").unwrap();
        *smtp = smtp.replacen("smtp://", &format!("smtp://sender:{SMTP_PASSWORD}@"), 1);
    }
    let mut set = |name: &str, value: &str| server.environment.push((name.to_owned(), value.to_owned()));
    set("KABINET__LOG__FILTER", EVERYTHING);
    set("KABINET__SECURITY__SECRET_KEY", SECRET_KEY);
    server.start_again().await;
    server
}

async fn form(server: &Server, path: &str, body: String) {
    let request = reqwest::Client::new().post(format!("{}{path}", server.url));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    request.send().await.unwrap();
}

/// Registration to payment, with mistakes on the way. Returns every secret that was used, by what it is.
async fn journey(server: &Server) -> BTreeMap<&'static str, String> {
    let mut secrets = BTreeMap::new();
    let mut person = server.customer();
    let captcha = person.solve_captcha().await;
    let input = json!({ "email": EMAIL, "password": PASSWORD, "captcha": captcha, "acceptedAgreements": agreements() });
    let registered = person.mutate("register", "email", input).await;
    assert_eq!(user_errors(&registered), [], "{registered}");
    let link = server.confirmation_token(EMAIL).await;
    reqwest::get(format!("{}/confirm-email?token={link}", server.url)).await.unwrap();
    form(server, "/confirm-email", format!("token={link}&password={PASSWORD}")).await;
    // Wrong ones, in variables and in the document's text, valid and not.
    person.mutate("signIn", "token", json!({ "email": EMAIL, "password": WRONG })).await;
    for query in [
        format!("mutation {{ signIn(input: {{ email: \"{EMAIL}\", password: \"{WRONG}\" }}) {{ token }} }}"),
        format!("mutation {{ signIn(input: {{ password: \"{PASSWORD}\" }}) {{ token }} }}"),
        format!("mutation {{ signIn(input: {{ password: \"{PASSWORD}\" "),
    ] {
        person.post(&query, json!({})).await;
    }
    let signed_in = person.mutate("signIn", "token", json!({ "email": EMAIL, "password": PASSWORD })).await;
    let token = signed_in["token"].as_str().unwrap_or_else(|| panic!("{signed_in}")).to_owned();
    person.token = Some(token.clone());
    let account = sample("debt");
    let provider = person.provider_id(&account.provider_code).await;
    let wrong = json!({ "providerId": provider, "number": account.number, "proof": { "pin": "918273" } });
    person.mutate("attachPersonalAccount", "personalAccount { id }", wrong).await;
    let attached = person.attach(&account.provider_code, &account.number, Some(&account.pin)).await;
    let input = json!({ "personalAccountId": attached, "amount": { "custom": "100" }, "idempotencyKey": "key" });
    let paid = person.mutate("startPayment", "payment { confirmationUrl }", input).await;
    let bank = paid["payment"]["confirmationUrl"].as_str().unwrap();
    form(server, bank.strip_prefix(&server.url).unwrap(), "outcome=pay".to_owned()).await;
    let mut socket = person.socket().await;
    socket.subscribe("1", "subscription { balanceUpdated(after: \"\") { cursor } }", json!({})).await;
    socket.next().await;
    person.ask("mutation { signOut { userErrors { code } } }", json!({})).await;
    for (what, secret) in [
        ("the password", PASSWORD.to_owned()),
        ("a wrong password", WRONG.to_owned()),
        ("the captcha's answer", captcha),
        ("the link's token", link),
        ("the session's token", token),
        ("the PIN", account.pin.clone()),
        ("a wrong PIN", "918273".to_owned()),
        ("the secret key", SECRET_KEY.to_owned()),
        ("the database's password", DATABASE_PASSWORD.to_owned()),
        ("Redis' password", REDIS_PASSWORD.to_owned()),
    ] {
        secrets.insert(what, secret);
    }
    secrets
}

/// A cookie, a second factor, other passwords: what a cabinet has besides its first sign-in.
async fn further(server: &Server) -> BTreeMap<&'static str, String> {
    let mut person = server.customer();
    let cookie = cookie(server).await;
    assert!(person.try_to_sign_in(EMAIL, PASSWORD).await);
    let begun =
        person.mutate("beginTwoFactor", "secret otpauthUri", json!({ "stepUp": { "password": PASSWORD } })).await;
    let totp_secret = begun["secret"].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
    let phone = Authenticator::new(&totp_secret, &Clock::System);
    let wrong = phone.wrong_code();
    person.mutate("confirmTwoFactor", "recoveryCodes", json!({ "code": wrong })).await;
    let code = phone.code();
    let confirmed = person.mutate("confirmTwoFactor", "recoveryCodes", json!({ "code": code })).await;
    let codes: Vec<String> = serde_json::from_value(confirmed["recoveryCodes"].clone()).unwrap();
    let input = json!({ "email": EMAIL, "password": PASSWORD, "twoFactorCode": codes[0] });
    let by_recovery = person.mutate("signIn", "token", input).await;
    assert_eq!(user_errors(&by_recovery), [], "{by_recovery}");
    let input = json!({ "email": EMAIL, "password": PASSWORD, "twoFactorCode": "0000-0000-0000-0000" });
    person.mutate("signIn", "token", input).await;

    let proof = person.solve_captcha_for("RESET_PASSWORD").await;
    let input = json!({ "email": EMAIL, "captcha": proof });
    let asked = person.mutate("requestPasswordReset", "email", input).await;
    assert_eq!(user_errors(&asked), [], "{asked}");
    let link = eventually("the letter with the link", async || {
        let letters = server.letters(EMAIL).await;
        let (_, rest) = letters.iter().rev().find_map(|letter| letter.split_once("/reset-password?token="))?;
        Some(rest.split_whitespace().next().unwrap().to_owned())
    })
    .await;
    reqwest::get(format!("{}/reset-password?token={link}", server.url)).await.unwrap();
    form(server, "/reset-password", format!("token={link}&password={RESET}")).await;
    let input = json!({ "token": link, "password": RESET });
    person.mutate("resetPassword", "user { email }", input).await;
    let input = json!({ "email": EMAIL, "password": RESET, "twoFactorCode": codes[1] });
    let signed_in = person.mutate("signIn", "token", input).await;
    person.token = Some(signed_in["token"].as_str().unwrap_or_else(|| panic!("{signed_in}")).to_owned());
    let input = json!({ "currentPassword": RESET, "newPassword": CHANGED });
    let changed = person.mutate("changePassword", "viewer { email }", input).await;
    assert_eq!(user_errors(&changed), [], "{changed}");
    [
        ("the cookie", cookie),
        ("the second factor's secret", totp_secret),
        ("the second factor's code", code),
        ("a wrong code", wrong),
        ("a used recovery code", codes[0].clone()),
        ("another used recovery code", codes[1].clone()),
        ("an unused recovery code", codes[2].clone()),
        ("the proof for a new password", proof),
        ("the reset's token", link),
        ("the password of the link", RESET.to_owned()),
        ("the changed password", CHANGED.to_owned()),
        ("the mail server's password", SMTP_PASSWORD.to_owned()),
        ("the mail server's password, as it travels", STANDARD.encode(format!("\0sender\0{SMTP_PASSWORD}"))),
    ]
    .into()
}

/// The session that a browser keeps, which has asked and signed out.
async fn cookie(server: &Server) -> String {
    let send = async |cookie: &str, query: String| {
        let request = reqwest::Client::new().post(format!("{}/graphql", server.url)).header("cookie", cookie);
        request.json(&json!({ "query": query })).send().await.unwrap()
    };
    let query = format!(
        "mutation {{ signIn(input: {{ email: \"{EMAIL}\", password: \"{PASSWORD}\", transport: COOKIE }}) {{ token }} }}"
    );
    let answer = send("", query).await;
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    let (pair, _) = set.split_once(';').unwrap();
    let (_, value) = pair.split_once('=').unwrap();
    send(pair, "{ viewer { email } }".to_owned()).await;
    send(pair, "mutation { signOut { signedOut } }".to_owned()).await;
    send(pair, "{ viewer { email } }".to_owned()).await;
    value.to_owned()
}

/// Digits alone are found only as a word of their own: ids and times are full of digits.
fn tells(log: &str, secret: &str) -> bool {
    let digits = secret.bytes().all(|byte| byte.is_ascii_digit());
    log.match_indices(secret).any(|(at, _)| {
        let before = log[..at].chars().next_back();
        let after = log[at + secret.len()..].chars().next();
        !digits || [before, after].iter().all(|c| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '.' && c != '-'))
    })
}

fn assert_silent(log: &str, secrets: &BTreeMap<&'static str, String>) {
    for (what, secret) in secrets {
        let line = log.lines().find(|line| tells(line, secret));
        assert!(line.is_none(), "{what} is in the log: {}", line.unwrap_or_default());
    }
}

async fn nothing_secret_is_logged(way: Way) {
    let mut server = server(way).await;
    let mut secrets = journey(&server).await;
    secrets.extend(further(&server).await);
    server.signal("TERM");
    assert!(server.ended().await.success());
    // Started again where nobody answers: what cannot be reached is named without its password.
    if way == Way::Full {
        for (name, value) in &mut server.environment {
            if name.ends_with("DATABASE__URL") || name.ends_with("REDIS__URL") {
                let (before, _) = value.rsplit_once('@').unwrap();
                *value = format!("{before}@127.0.0.1:1/nobody");
            }
        }
        server.begin();
        assert!(!server.ended().await.success());
    }
    let path = server.log();
    let log = eventually("the log is written", async || std::fs::read_to_string(&path).ok()).await;
    assert!(log.matches("request_id=").count() > 10 && log.contains("answered"), "the log holds the journey");
    assert_silent(&log, &secrets);
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_logged_embedded() {
    nothing_secret_is_logged(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_logged_full() {
    nothing_secret_is_logged(Way::Full).await;
}

/// With every way in which a captcha service may fail.
async fn neither_the_captchas_key_nor_an_answer_is_logged(way: Way) {
    const TOKEN: &str = "solved-answer-of-a-person";
    let service = CaptchaService::start(Protocol::SmartCaptcha).await;
    let mut server = server(way).await;
    server.signal("TERM");
    assert!(server.ended().await.success());
    server.environment.extend(service.settings().into_iter().map(|(name, value)| (name.to_owned(), value)));
    server.environment.push(("KABINET__CAPTCHA__TIMEOUT_MILLISECONDS".to_owned(), "300".to_owned()));
    server.start_again().await;
    let person = server.customer();
    for mood in [Mood::Well, Mood::Silent, Mood::Status500, Mood::Garbage, Mood::Redirect, Mood::Gone] {
        service.feel(mood);
        let input = json!({ "email": EMAIL, "captcha": TOKEN });
        let payload = person.mutate("requestPasswordReset", "email", input).await;
        assert_eq!(user_errors(&payload), [], "{mood:?}");
    }
    server.signal("TERM");
    assert!(server.ended().await.success());
    let path = server.log();
    let log = eventually("the log is written", async || std::fs::read_to_string(&path).ok()).await;
    assert_eq!(log.matches("the captcha service could not say").count(), 5, "each failure is told once");
    let secrets = BTreeMap::from([
        ("the captcha's key", CAPTCHA_KEY.to_owned()),
        ("the captcha's answer", TOKEN.to_owned()),
        ("the secret key", SECRET_KEY.to_owned()),
    ]);
    assert_silent(&log, &secrets);
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_the_captchas_key_nor_an_answer_is_logged_embedded() {
    neither_the_captchas_key_nor_an_answer_is_logged(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_the_captchas_key_nor_an_answer_is_logged_full() {
    neither_the_captchas_key_nor_an_answer_is_logged(Way::Full).await;
}

#[test]
fn the_search_finds_what_it_looks_for() {
    assert!(tells("pin=\"757129\"", "757129") && tells("password: abc-1", "abc-1"));
    assert!(!tells("took=1.757129ms id=0757129a", "757129"));
}
