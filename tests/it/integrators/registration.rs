//! A provider's administrator program, which registers the provider's other programs.

use chrono::TimeDelta;
use entity::{api_client, api_client_secret};
use futures_util::future::join_all;
use kabinet::graphql::ids;
use kabinet::integrators::api_client::error::{ClientRefusal, RegisterRefusal};
use kabinet::integrators::api_client::registration::{By, MOST};
use kabinet::kernel::{ApiClient, ClientScopes, Failure, type_id};
use reqwest::StatusCode;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::batches::foreign;
use super::{Program, WHO, is_known};
use crate::harness::{Customer, TestApp, both_ways, sample, top_code, user_errors};

const LISTED: &str = "query($all: Boolean!) { apiClient { clients(includeRevoked: $all) {
    id name scopes createdAt lastTokenAt revokedAt secrets { id createdAt endsAt } } } }";
const CLIENT: &str = "client { id name scopes createdAt lastTokenAt revokedAt secrets { id createdAt endsAt } }";
const ENDED: u16 = 4403;
/// An id that nobody has.
const MADE_UP: &str = "client_01h455vb4pex5vsknk084sn02q";

async fn administrator(app: &TestApp) -> Program {
    Program::add(app, "debt", "CLIENTS").await
}

fn wish(name: &str, scopes: &[&str], key: &str) -> Value {
    json!({ "name": name, "scopes": scopes, "idempotencyKey": key })
}

async fn act(caller: &Customer, mutation: &str, input: Value) -> Value {
    let fields = match mutation {
        "registerApiClient" => format!("secret replayed {CLIENT}"),
        "rotateApiClientSecret" => format!("secret {CLIENT}"),
        _ => CLIENT.to_owned(),
    };
    caller.mutate(mutation, &fields, input).await
}

/// The program that a payload shows with its newest secret.
fn program(app: &TestApp, payload: &Value) -> Program {
    assert_eq!(user_errors(payload), []);
    let secrets = payload["client"]["secrets"].as_array().unwrap();
    Program {
        url: app.url.clone(),
        client_id: payload["client"]["id"].as_str().unwrap().to_owned(),
        secret: payload["secret"].as_str().unwrap().to_owned(),
        secret_id: ids::decode(secrets.last().unwrap()["id"].as_str().unwrap()).unwrap(),
    }
}

async fn registered(app: &TestApp, caller: &Customer, key: &str) -> Program {
    program(app, &act(caller, "registerApiClient", wish("Биллинг", &["BALANCES"], key)).await)
}

async fn listed(caller: &Customer, all: bool) -> Vec<Value> {
    let mut data = caller.ask(LISTED, json!({ "all": all })).await;
    data["apiClient"]["clients"].take().as_array().unwrap().clone()
}

fn refused(payload: &Value, code: &str, field: &str) {
    assert_eq!(user_errors(payload), [(code.to_owned(), json!([field]))], "{payload}");
    assert_eq!((&payload["client"], &payload["secret"]), (&Value::Null, &Value::Null));
}

async fn stored(app: &TestApp) -> u64 {
    api_client::Entity::find().count(app.app.mechanisms.db.read()).await.unwrap()
}

/// What was done to a program, with its circumstances.
async fn log(app: &TestApp, program: &Program) -> Vec<(&'static str, String)> {
    let events = app.app.services.api_clients.events(program.id()).await.unwrap();
    events.into_iter().map(|event| (event.kind.word(), event.details)).collect()
}

both_ways!(a_program_that_another_registers_is_one_like_any_other, |app| {
    let admin = administrator(&app).await;
    let caller = admin.caller().await;
    app.advance(TimeDelta::seconds(1));
    let made = act(&caller, "registerApiClient", wish(" Биллинг ", &["READINGS", "BALANCES"], "1")).await;
    assert!(made["secret"].as_str().unwrap().starts_with("csec_"));
    assert_eq!(made["replayed"], false);
    let client = &made["client"];
    assert_eq!((&client["name"], &client["scopes"]), (&json!("Биллинг"), &json!(["BALANCES", "READINGS"])));
    assert_eq!((&client["createdAt"], &client["lastTokenAt"]), (&json!("2026-06-20T09:00:01Z"), &Value::Null));
    assert_eq!(client["secrets"].as_array().unwrap().len(), 1);

    let made = program(&app, &made);
    app.advance(TimeDelta::minutes(1));
    let who = made.caller().await.ask(WHO, json!({})).await["apiClient"].take();
    assert_eq!((&who["id"], &who["scopes"]), (&json!(made.client_id), &json!(["BALANCES", "READINGS"])));
    assert_eq!(who["provider"]["code"], json!(sample("debt").provider_code));

    let all = listed(&caller, false).await;
    assert_eq!(all.iter().map(|client| client["id"].clone()).collect::<Vec<_>>(), [admin.client_id, made.client_id]);
    assert_eq!((&all[0]["scopes"], &all[1]["lastTokenAt"]), (&json!(["CLIENTS"]), &json!("2026-06-20T09:01:01Z")));
    assert_eq!(all[1]["secrets"][0]["endsAt"], Value::Null);
    let rows = api_client_secret::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap();
    assert!(!format!("{rows:?} {all:?}").contains(&made.secret), "it is shown once");
    app.finish().await;
});

both_ways!(a_key_registers_one_program_however_often_it_is_sent, |app| {
    let caller = administrator(&app).await.caller().await;
    let many = join_all((0..10).map(|_| act(&caller, "registerApiClient", wish("A", &["IMPORT"], "2026-06")))).await;
    let id = &many[0]["client"]["id"];
    assert!(many.iter().all(|made| user_errors(made).is_empty() && made["client"]["id"] == *id), "{many:?}");
    let shown: Vec<_> = many.iter().filter(|made| made["secret"] != Value::Null).collect();
    assert_eq!((shown.len(), &shown[0]["replayed"]), (1, &json!(false)), "{many:?}");
    app.advance(TimeDelta::days(30));
    // The token has ended meanwhile.
    let other = administrator(&app).await.caller().await;
    let again = act(&other, "registerApiClient", wish("A", &["IMPORT"], "2026-06")).await;
    assert_eq!((&again["client"]["id"], &again["replayed"], &again["secret"]), (id, &json!(true), &Value::Null));
    for different in [wish("B", &["IMPORT"], "2026-06"), wish("A", &["IMPORT", "BALANCES"], "2026-06")] {
        let payload = act(&other, "registerApiClient", different).await;
        refused(&payload, "IDEMPOTENCY_KEY_REUSED", "idempotencyKey");
    }
    for malformed in [String::new(), "k".repeat(256)] {
        let payload = act(&other, "registerApiClient", wish("A", &["IMPORT"], &malformed)).await;
        refused(&payload, "IDEMPOTENCY_KEY_MALFORMED", "idempotencyKey");
    }
    assert_eq!(stored(&app).await, 3, "two administrators and one more");
    // Another provider's keys are its own.
    let stranger = Program::add(&app, foreign(), "CLIENTS").await.caller().await;
    let theirs = act(&stranger, "registerApiClient", wish("A", &["IMPORT"], "2026-06")).await;
    assert_ne!(&theirs["client"]["id"], id);
    app.finish().await;
});

both_ways!(what_cannot_be_registered_is_told_and_leaves_nothing, |app| {
    let caller = administrator(&app).await.caller().await;
    let long = "я".repeat(101);
    for (input, code, field) in [
        (wish("A", &["CLIENTS"], "1"), "API_CLIENT_SCOPE_RESERVED", "scopes"),
        (wish("A", &["BALANCES", "CLIENTS"], "2"), "API_CLIENT_SCOPE_RESERVED", "scopes"),
        (wish("A", &[], "3"), "API_CLIENT_SCOPES_MISSING", "scopes"),
        (wish(" ", &["BALANCES"], "4"), "API_CLIENT_NAME_MALFORMED", "name"),
        (wish(&long, &["BALANCES"], "5"), "API_CLIENT_NAME_MALFORMED", "name"),
        (wish("A\u{7}", &["BALANCES"], "6"), "API_CLIENT_NAME_MALFORMED", "name"),
    ] {
        refused(&act(&caller, "registerApiClient", input).await, code, field);
    }
    assert_eq!(stored(&app).await, 1);
    let every = ["BALANCES", "READINGS", "PAYMENTS", "IMPORT", "DECISIONS", "POSTINGS", "WEBHOOKS"];
    assert_eq!(user_errors(&act(&caller, "registerApiClient", wish("A", &every, "7")).await), []);
    app.finish().await;
});

both_ways!(a_provider_has_so_many_programs_and_no_more, |app| {
    let admin = administrator(&app).await;
    let caller = admin.caller().await;
    let first = registered(&app, &caller, "first").await;
    for _ in 2..MOST {
        Program::add(&app, "debt", "BALANCES").await;
    }
    // Another provider's do not count.
    Program::add(&app, foreign(), "BALANCES").await;
    let payload = act(&caller, "registerApiClient", wish("A", &["BALANCES"], "last")).await;
    assert_eq!(user_errors(&payload), [("TOO_MANY_API_CLIENTS".to_owned(), Value::Null)]);
    let code = &sample("debt").provider_code;
    let output = app.operator(&["clients", "add", code, "A", "--scope", "BALANCES"]).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("the provider has 100 clients"), "{output:?}");
    act(&caller, "revokeApiClient", json!({ "id": first.client_id })).await;
    let payload = act(&caller, "registerApiClient", wish("A", &["BALANCES"], "last")).await;
    assert_eq!(user_errors(&payload), [], "a refusal is not kept under the key");
    assert_eq!(listed(&caller, false).await.len(), 100);
    app.finish().await;
});

both_ways!(a_secret_is_rotated_with_an_overlap, |app| {
    let caller = administrator(&app).await.caller().await;
    let old = registered(&app, &caller, "1").await;
    let rotate = async |caller: &Customer, hours: i32| {
        act(caller, "rotateApiClientSecret", json!({ "id": old.client_id, "overlapHours": hours })).await
    };
    for hours in [-1, 721, i32::MAX, i32::MIN] {
        refused(&rotate(&caller, hours).await, "API_CLIENT_OVERLAP_OUT_OF_RANGE", "overlapHours");
    }
    app.advance(TimeDelta::minutes(1));
    let payload = rotate(&caller, 2).await;
    let ends = payload["client"]["secrets"].as_array().unwrap().iter().map(|secret| secret["endsAt"].clone());
    assert_eq!(ends.collect::<Vec<_>>(), [json!("2026-06-20T11:01:00Z"), Value::Null]);
    let new = program(&app, &payload);
    refused(&rotate(&caller, 2).await, "TOO_MANY_API_CLIENT_SECRETS", "id");
    app.advance(TimeDelta::minutes(119));
    let by_old = old.caller().await;
    assert!(is_known(&by_old).await && is_known(&new.caller().await).await, "both are good");
    app.advance(TimeDelta::minutes(1));
    assert!(!is_known(&by_old).await, "no token outlasts its secret");
    assert_eq!(old.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    let by_new = new.caller().await;

    // Without an overlap what was got by the old one ends at once.
    let caller = administrator(&app).await.caller().await;
    let last = program(&app, &rotate(&caller, 0).await);
    assert!(!is_known(&by_new).await && is_known(&last.caller().await).await);
    // By default, a day.
    app.advance(TimeDelta::seconds(1));
    let payload = act(&caller, "rotateApiClientSecret", json!({ "id": old.client_id })).await;
    assert_eq!(payload["client"]["secrets"][0]["endsAt"], "2026-06-21T11:01:01Z");
    app.finish().await;
});

both_ways!(what_is_revoked_by_an_administrator_opens_nothing_any_more, |app| {
    let caller = administrator(&app).await.caller().await;
    let (first, second) = (registered(&app, &caller, "1").await, registered(&app, &caller, "2").await);
    app.advance(TimeDelta::minutes(1));
    let rotated = program(&app, &act(&caller, "rotateApiClientSecret", json!({ "id": first.client_id })).await);
    let callers = [first.caller().await, rotated.caller().await, second.caller().await];
    let mut sockets = [callers[0].socket().await, callers[1].socket().await, callers[2].socket().await];

    let secret = |program: &Program| type_id::encode(program.secret_id);
    for (id, wrong) in [(&first, secret(&second)), (&first, "nonsense".to_owned()), (&second, secret(&first))] {
        let input = json!({ "id": id.client_id, "secretId": wrong });
        refused(&act(&caller, "revokeApiClientSecret", input).await, "API_CLIENT_SECRET_NOT_FOUND", "secretId");
    }
    let input = json!({ "id": first.client_id, "secretId": secret(&first) });
    let payload = act(&caller, "revokeApiClientSecret", input.clone()).await;
    assert_eq!(payload["client"]["secrets"][0]["id"], json!(secret(&rotated)), "the other one is left");
    assert_eq!(sockets[0].next().await, json!({ "close": ENDED }));
    assert_eq!(first.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    assert!(!is_known(&callers[0]).await && is_known(&callers[1]).await);
    refused(&act(&caller, "revokeApiClientSecret", input).await, "API_CLIENT_SECRET_NOT_FOUND", "secretId");

    let payload = act(&caller, "revokeApiClient", json!({ "id": first.client_id })).await;
    assert_eq!(payload["client"]["revokedAt"], "2026-06-20T09:01:00Z");
    assert_eq!(payload["client"]["secrets"], json!([]));
    assert_eq!(sockets[1].next().await, json!({ "close": ENDED }));
    assert_eq!(rotated.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    assert!(!is_known(&callers[1]).await && is_known(&callers[2]).await, "nobody else's");
    for mutation in ["revokeApiClient", "rotateApiClientSecret"] {
        refused(&act(&caller, mutation, json!({ "id": first.client_id })).await, "API_CLIENT_NOT_FOUND", "id");
    }
    let ids = async |all| listed(&caller, all).await.iter().map(|client| client["id"].clone()).collect::<Vec<_>>();
    assert!(!ids(false).await.contains(&json!(first.client_id)));
    assert!(ids(true).await.contains(&json!(first.client_id)));
    assert_eq!(ids(true).await.len(), 3);
    app.finish().await;
});

both_ways!(an_administrator_does_to_itself_what_it_asks_for, |app| {
    let admin = administrator(&app).await;
    let caller = admin.caller().await;
    let payload = act(&caller, "rotateApiClientSecret", json!({ "id": admin.client_id, "overlapHours": 1 })).await;
    let renewed = program(&app, &payload);
    assert!(is_known(&caller).await, "its token goes on with the old secret");
    app.advance(TimeDelta::hours(1));
    assert!(!is_known(&caller).await);
    assert_eq!(admin.ask_for_token().await.0, StatusCode::UNAUTHORIZED);

    // Without an overlap the answer is the last that the token is good for.
    let caller = renewed.caller().await;
    let payload = act(&caller, "rotateApiClientSecret", json!({ "id": admin.client_id, "overlapHours": 0 })).await;
    let renewed = program(&app, &payload);
    assert!(!is_known(&caller).await);

    // Of the log the order is by time.
    app.advance(TimeDelta::seconds(1));
    let caller = renewed.caller().await;
    let payload = act(&caller, "revokeApiClient", json!({ "id": admin.client_id })).await;
    assert_ne!(payload["client"]["revokedAt"], Value::Null);
    assert!(!is_known(&caller).await);
    assert_eq!(renewed.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    let by = format!("by {}", admin.client_id);
    let log = log(&app, &admin).await;
    assert_eq!(log.last(), Some(&("REVOKED", by)));
    app.finish().await;
});

both_ways!(an_administrator_gets_no_hold_of_another, |app| {
    let (admin, other) = (administrator(&app).await, administrator(&app).await);
    let caller = admin.caller().await;
    let payload = act(&caller, "rotateApiClientSecret", json!({ "id": other.client_id })).await;
    refused(&payload, "API_CLIENT_IS_ADMINISTRATOR", "id");
    assert_eq!(log(&app, &other).await.len(), 1, "nothing was done");
    // One that has other scopes besides is one too.
    let mixed = Program::add(&app, "debt", "BALANCES,CLIENTS").await;
    let payload = act(&caller, "rotateApiClientSecret", json!({ "id": mixed.client_id })).await;
    refused(&payload, "API_CLIENT_IS_ADMINISTRATOR", "id");
    // To shut a stolen one out gives nothing to whoever does it.
    let socket = &mut other.caller().await.socket().await;
    assert_eq!(user_errors(&act(&caller, "revokeApiClient", json!({ "id": other.client_id })).await), []);
    assert_eq!(socket.next().await, json!({ "close": ENDED }));
    app.finish().await;
});

both_ways!(programs_of_another_provider_are_not_there, |app| {
    let caller = administrator(&app).await.caller().await;
    let theirs = registered(&app, &caller, "1").await;
    let stranger = Program::add(&app, foreign(), "CLIENTS").await;
    let asking = stranger.caller().await;
    let holder = theirs.caller().await;
    let secret = type_id::encode(theirs.secret_id);
    for id in [theirs.client_id.as_str(), MADE_UP, "nonsense", secret.as_str()] {
        for mutation in ["rotateApiClientSecret", "revokeApiClient", "revokeApiClientSecret"] {
            let mut input = json!({ "id": id });
            if mutation == "revokeApiClientSecret" {
                input["secretId"] = json!(secret);
            }
            refused(&act(&asking, mutation, input).await, "API_CLIENT_NOT_FOUND", "id");
        }
    }
    for all in [false, true] {
        let found = listed(&asking, all).await;
        assert_eq!((found.len(), &found[0]["id"]), (1, &json!(stranger.client_id)));
    }
    assert!(is_known(&holder).await);
    assert_eq!(log(&app, &theirs).await.len(), 1);
    app.finish().await;
});

both_ways!(only_the_scope_for_it_registers_programs, |app| {
    let rest = "BALANCES,READINGS,PAYMENTS,IMPORT,DECISIONS,POSTINGS,WEBHOOKS";
    let caller = Program::add(&app, "debt", rest).await.caller().await;
    let documents = [
        "{ apiClient { clients { id } } }".to_owned(),
        r#"mutation { registerApiClient(input: { name: "A", scopes: [BALANCES], idempotencyKey: "1" }) { secret } }"#
            .to_owned(),
        format!("mutation {{ rotateApiClientSecret(input: {{ id: \"{MADE_UP}\" }}) {{ secret }} }}"),
        format!("mutation {{ revokeApiClient(input: {{ id: \"{MADE_UP}\" }}) {{ userErrors {{ code }} }} }}"),
        format!(
            "mutation {{ revokeApiClientSecret(input: {{ id: \"{MADE_UP}\", secretId: \"x\" }}) {{ userErrors {{ code }} }} }}"
        ),
    ];
    // Nor a token of an administrator that was not asked for it.
    let mixed = Program::add(&app, "debt", "BALANCES,CLIENTS").await;
    let (_, body) = mixed.post("/oauth/token", "grant_type=client_credentials&scope=BALANCES").await;
    let mut narrow = app.customer();
    narrow.token = body["access_token"].as_str().map(str::to_owned);
    for document in &documents {
        for caller in [&caller, &narrow] {
            let (status, answer) = caller.post(document, json!({})).await;
            assert_eq!((status, top_code(&answer)), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{document}: {answer}");
        }
    }
    assert_eq!(stored(&app).await, 2);
    app.finish().await;
});

both_ways!(the_log_names_the_program_that_did_it, |app| {
    let code = &sample("debt").provider_code;
    let added = app.operator(&["clients", "add", code, "Admin", "--scope", "CLIENTS"]).await;
    let added = String::from_utf8(added.stdout).unwrap();
    let cells: Vec<_> = added.lines().nth(1).unwrap().split(',').map(str::to_owned).collect();
    let admin = Program {
        url: app.url.clone(),
        client_id: cells[0].clone(),
        secret: cells[1].clone(),
        secret_id: ids::decode(&cells[2]).unwrap(),
    };
    let caller = admin.caller().await;
    let made = registered(&app, &caller, "1").await;
    let id = &made.client_id;
    app.advance(TimeDelta::seconds(1));
    let rotated = program(&app, &act(&caller, "rotateApiClientSecret", json!({ "id": id })).await);
    app.advance(TimeDelta::seconds(1));
    let old = type_id::encode(made.secret_id);
    act(&caller, "revokeApiClientSecret", json!({ "id": id, "secretId": old })).await;
    app.advance(TimeDelta::seconds(1));
    act(&caller, "revokeApiClient", json!({ "id": id })).await;
    let by = format!("by {}", admin.client_id);
    let new = type_id::encode(rotated.secret_id);
    let expected = [
        ("ADDED", format!("BALANCES, {by}")),
        ("SECRET_ROTATED", format!("{new}, the one before it ends 2026-06-21T09:00:01Z, {by}")),
        ("SECRET_REVOKED", format!("{old}, {by}")),
        ("REVOKED", by.clone()),
    ];
    assert_eq!(log(&app, &made).await, expected);
    assert_eq!(log(&app, &admin).await, [("ADDED", "CLIENTS".to_owned())], "an operator's acts name nobody");
    let printed = app.operator(&["clients", "log", id]).await;
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(printed.lines().filter(|line| line.contains(&by)).count(), 4, "{printed}");
    assert!(!printed.contains("csec_"));
    app.finish().await;
});

both_ways!(an_administrator_that_has_ended_meanwhile_leaves_nothing_behind, |app| {
    let clients = &app.app.services.api_clients;
    let target = Program::add(&app, "debt", "BALANCES").await;
    for ending in ["client", "secret", "token"] {
        let admin = administrator(&app).await;
        let token = admin.token().await;
        // What a request that was let in holds in its hand.
        let program: ApiClient = clients.find(&token).await.unwrap().unwrap().client;
        match ending {
            "client" => drop(clients.revoke(By::Operator, admin.id()).await.unwrap()),
            "secret" => drop(clients.revoke_secret(By::Operator, admin.id(), admin.secret_id).await.unwrap()),
            _ => clients.revoke_token(admin.id(), &token).await.unwrap(),
        }
        let scopes = ClientScopes::of_words("BALANCES");
        let made = clients.register(&program, "A", scopes, "1").await;
        assert!(matches!(made, Err(Failure::Refused(RegisterRefusal::Ended))), "{ending}: {made:?}");
        let rotated = clients.rotate(By::Program(&program), target.id(), TimeDelta::hours(1)).await;
        assert!(matches!(rotated, Err(Failure::Refused(ClientRefusal::Ended))), "{ending}: {rotated:?}");
        let revoked = clients.revoke(By::Program(&program), target.id()).await;
        assert!(matches!(revoked, Err(Failure::Refused(ClientRefusal::Ended))), "{ending}: {revoked:?}");
        let revoked = clients.revoke_secret(By::Program(&program), target.id(), target.secret_id).await;
        assert!(matches!(revoked, Err(Failure::Refused(ClientRefusal::Ended))), "{ending}: {revoked:?}");
    }
    assert_eq!((stored(&app).await, log(&app, &target).await.len()), (4, 1));
    app.finish().await;
});

both_ways!(administrators_that_end_each_other_at_once_do_not_both_go_on, |app| {
    let (first, second) = (administrator(&app).await, administrator(&app).await);
    let (one, two) = (first.caller().await, second.caller().await);
    let end = async |caller: &Customer, id: &str| {
        let document = "mutation($id: ID!) { revokeApiClient(input: { id: $id }) { userErrors { code } } }";
        caller.post(document, json!({ "id": id })).await.1
    };
    let (by_one, by_two) = tokio::join!(end(&one, &second.client_id), end(&two, &first.client_id));
    let done = |answer: &Value| answer["data"]["revokeApiClient"]["userErrors"] == json!([]);
    assert!(done(&by_one) != done(&by_two), "{by_one} {by_two}");
    assert_eq!(u8::from(is_known(&one).await) + u8::from(is_known(&two).await), 1);
    app.finish().await;
});
