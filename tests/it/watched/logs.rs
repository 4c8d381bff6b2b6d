//! No secret is in the log of a whole journey, at every level that an operator may switch on.

use std::collections::BTreeMap;

use serde_json::json;

use crate::harness::{Backend, Server, Way, agreements, eventually, sample, user_errors};

const EMAIL: &str = "vera@example.com";
const PASSWORD: &str = "pass-phrase-of-anna-31";
const WRONG: &str = "not-the-phrase-of-anna";
const SECRET_KEY: &str = "a-key-that-signs-challenges-0123456789";
const DATABASE_PASSWORD: &str = "database-secret-52";
const REDIS_PASSWORD: &str = "redis-secret-73";
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
    let secrets = journey(&server).await;
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

#[test]
fn the_search_finds_what_it_looks_for() {
    assert!(tells("pin=\"757129\"", "757129") && tells("password: abc-1", "abc-1"));
    assert!(!tells("took=1.757129ms id=0757129a", "757129"));
}
