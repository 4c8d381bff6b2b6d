//! Whoever registers somebody else's address learns nothing about it by signing in, and gets nothing of its cabinet.

use chrono::TimeDelta;
use entity::{audit_event, user};
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, TestApp, agreements, both_ways, top_code, user_errors};

const CONFIRMED: &str = "anna@example.com";
const UNCONFIRMED: &str = "boris@example.com";
const NEW: &str = "clara@example.com";
const GUESS: &str = "the stranger knows 7";
const OTHER_GUESS: &str = "the stranger has 2 words";

const PERSON: &str =
    "id email exports { id } emailConfirmedAt confirmationExpiresAt fullName phone locale balance { owed { amount } }
    personalAccounts { edges { cursor } } auditEvents { edges { cursor } } deletionScheduledFor
    sessions { id device address startedAt lastUsedAt endsAt current }";

async fn register(customer: &Customer, email: &str, password: &str) -> Value {
    let captcha = customer.solve_captcha().await;
    let input = json!({ "email": email, "password": password, "captcha": captcha, "locale": "EN",
        "acceptedAgreements": agreements() });
    customer.mutate("register", "email confirmationExpiresAt", input).await
}

/// With the token kept when there is one.
async fn sign_in(customer: &mut Customer, email: &str, password: &str, remember: bool) -> Value {
    let fields =
        format!("token session {{ id device address startedAt lastUsedAt endsAt current }} viewer {{ {PERSON} }}");
    let input = json!({ "email": email, "password": password, "rememberMe": remember });
    let payload = customer.mutate("signIn", &fields, input).await;
    customer.token = payload["token"].as_str().map(str::to_owned);
    payload
}

async fn resend(customer: &Customer) -> Value {
    let query = "mutation { resendConfirmation { confirmationExpiresAt userErrors {
        code field message ... on RetryLaterError { retryAfterSeconds } } } }";
    customer.ask(query, json!({})).await["resendConfirmation"].take()
}

async fn viewer(customer: &Customer) -> Value {
    customer.ask(&format!("{{ viewer {{ {PERSON} }} }}"), json!({})).await["viewer"].take()
}

/// An owner who has confirmed, one who has not, and an address that nobody has; a stranger for each.
async fn three_addresses(app: &TestApp) -> [(Customer, &'static str); 3] {
    app.confirmed_customer(CONFIRMED).await;
    app.customer().register(UNCONFIRMED).await;
    app.drain().await;
    app.take_letters(UNCONFIRMED);
    app.advance(TimeDelta::seconds(20));
    let stranger = || {
        let mut stranger = app.customer();
        stranger.device = "stranger/1";
        stranger
    };
    [(stranger(), NEW), (stranger(), CONFIRMED), (stranger(), UNCONFIRMED)]
}

fn take_all_letters(app: &TestApp) {
    for email in [CONFIRMED, UNCONFIRMED, NEW] {
        app.take_letters(email);
    }
}

/// Without what must differ: the address, ids and tokens. Times stay.
fn masked(value: &Value, email: &str) -> Value {
    match value {
        Value::String(text) if text == email => json!("the address"),
        Value::Array(values) => values.iter().map(|value| masked(value, email)).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let secret = matches!(name.as_str(), "id" | "token") && value.is_string();
                (name.clone(), if secret { json!("a secret") } else { masked(value, email) })
            };
            Value::Object(fields.iter().map(field).collect())
        }
        other => other.clone(),
    }
}

/// What all three strangers were told.
macro_rules! all_alike {
    ($strangers:expr, |$customer:ident, $email:ident| $ask:expr) => {{
        let mut told = Vec::new();
        for ($customer, $email) in &mut $strangers {
            let answer: Value = $ask;
            told.push(masked(&answer, $email));
        }
        assert_eq!(told[0], told[1], "a confirmed address");
        assert_eq!(told[0], told[2], "an unconfirmed address");
        told.swap_remove(0)
    }};
}

both_ways!(a_stranger_who_registers_an_address_cannot_tell_whether_it_is_known, |app| {
    let mut strangers = three_addresses(&app).await;
    let payload = all_alike!(strangers, |it, email| register(it, email, GUESS).await);
    assert_eq!(payload["userErrors"], json!([]));
    app.drain().await;
    all_alike!(strangers, |it, email| sign_in(it, email, "wrong horse 42", false).await);
    let payload = all_alike!(strangers, |it, email| sign_in(it, email, GUESS, false).await);
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(payload["viewer"]["emailConfirmedAt"], Value::Null);
    assert_eq!(payload["viewer"]["confirmationExpiresAt"], "2026-06-27T09:00:20Z");
    assert_eq!(all_alike!(strangers, |it, _email| viewer(it).await)["email"], "the address");
    let node = all_alike!(strangers, |it, _email| {
        let id = viewer(it).await["id"].take();
        it.ask("query($id: ID!) { node(id: $id) { __typename ... on User { email } } }", json!({ "id": id })).await
    });
    assert_eq!(node["node"]["__typename"], "User");
    let change = json!({ "currentPassword": GUESS, "newPassword": PASSWORD });
    let payload =
        all_alike!(strangers, |it, _email| it.mutate("changePassword", "viewer { id }", change.clone()).await);
    assert_eq!(user_errors(&payload), [("EMAIL_NOT_CONFIRMED".to_owned(), Value::Null)]);
    let wish = json!({ "stepUp": { "password": GUESS } });
    let payload = all_alike!(strangers, |it, _email| it.mutate("deleteMyCabinet", "viewer { id }", wish.clone()).await);
    assert_eq!(user_errors(&payload), [("EMAIL_NOT_CONFIRMED".to_owned(), Value::Null)]);
    let payload = all_alike!(strangers, |it, _email| it.mutate("exportMyData", "export { id }", wish.clone()).await);
    assert_eq!(user_errors(&payload), [("EMAIL_NOT_CONFIRMED".to_owned(), Value::Null)]);
    let kept = "mutation { cancelCabinetDeletion { viewer { email deletionScheduledFor } userErrors { code } } }";
    all_alike!(strangers, |it, _email| it.ask(kept, json!({})).await);
    let ended = "mutation { revokeOtherSessions { sessions { id current } userErrors { code } } }";
    all_alike!(strangers, |it, email| {
        sign_in(it, email, GUESS, false).await;
        it.ask(ended, json!({})).await
    });
    all_alike!(strangers, |it, _email| it.ask("mutation { signOut { signedOut } }", json!({})).await);
    assert_eq!(all_alike!(strangers, |it, _email| viewer(it).await), Value::Null);
    take_all_letters(&app);
    app.finish().await;
});

both_ways!(the_letter_is_granted_and_refused_alike, |app| {
    let mut strangers = three_addresses(&app).await;
    for (stranger, email) in &mut strangers {
        register(stranger, email, GUESS).await;
        sign_in(stranger, email, GUESS, true).await;
    }
    app.drain().await;
    let first: Vec<_> = [CONFIRMED, UNCONFIRMED, NEW].map(|email| app.take_letters(email).len()).to_vec();
    assert_eq!(first, [1, 0, 1]);
    for letter in 1..=4 {
        let payload = all_alike!(strangers, |it, _email| resend(it).await);
        assert_eq!(payload["userErrors"][0]["retryAfterSeconds"], 60, "{letter}");
        app.advance(TimeDelta::minutes(1));
        // Another registration writes to the owner, and neither hastens nor delays the stranger's own letters.
        if letter == 2 {
            all_alike!(strangers, |it, email| register(it, email, OTHER_GUESS).await);
        }
        assert_eq!(all_alike!(strangers, |it, _email| resend(it).await)["userErrors"], json!([]));
        app.drain().await;
    }
    let wait = all_alike!(strangers, |it, _email| resend(it).await)["userErrors"][0]["retryAfterSeconds"].take();
    assert_eq!(wait, TimeDelta::days(1).num_seconds() - 240);
    app.drain().await;
    let told = app.take_letters(CONFIRMED);
    assert_eq!(told.len(), 5, "four that were asked for, one of the other registration");
    assert!(told.iter().all(|letter| !letter.text.contains("confirm-email")), "{told:?}");
    assert_eq!(app.take_letters(UNCONFIRMED).len(), 4);
    assert_eq!(app.take_letters(NEW).len(), 4);
    app.finish().await;
});

both_ways!(an_owner_is_not_written_to_more_often_however_many_register_their_address, |app| {
    app.confirmed_customer(CONFIRMED).await;
    for number in 0..3 {
        let mut stranger = app.customer();
        let password = format!("{GUESS} {number}");
        register(&stranger, CONFIRMED, &password).await;
        sign_in(&mut stranger, CONFIRMED, &password, false).await;
        for _ in 0..4 {
            app.advance(TimeDelta::minutes(1));
            assert_eq!(resend(&stranger).await["userErrors"], json!([]));
        }
    }
    app.drain().await;
    assert_eq!(app.take_letters(CONFIRMED).len(), 3 + 5);
    app.finish().await;
});

both_ways!(further_registrations_and_the_end_of_the_week_are_alike, |app| {
    let mut strangers = three_addresses(&app).await;
    all_alike!(strangers, |it, email| register(it, email, GUESS).await);
    app.drain().await;
    app.advance(TimeDelta::hours(1));
    all_alike!(strangers, |it, email| register(it, email, OTHER_GUESS).await);
    app.drain().await;
    app.advance(TimeDelta::hours(1));
    all_alike!(strangers, |it, email| register(it, email, GUESS).await);
    app.drain().await;
    for (password, expires_at) in [(GUESS, "2026-06-27T09:00:20Z"), (OTHER_GUESS, "2026-06-27T10:00:20Z")] {
        let payload = all_alike!(strangers, |it, email| sign_in(it, email, password, false).await);
        assert_eq!(payload["viewer"]["confirmationExpiresAt"], expires_at);
    }
    app.advance(TimeDelta::days(6));
    all_alike!(strangers, |it, email| sign_in(it, email, GUESS, true).await);
    app.advance(TimeDelta::days(1) - TimeDelta::hours(2));
    app.drain().await;
    let sign_out = "mutation { signOut { signedOut } }";
    for (stranger, email) in &strangers {
        let (_, answer) = stranger.post(sign_out, json!({})).await;
        assert_eq!(top_code(&answer), "UNAUTHENTICATED", "{email}");
    }
    let payload = all_alike!(strangers, |it, email| sign_in(it, email, GUESS, false).await);
    assert_eq!(user_errors(&payload), [("BAD_CREDENTIALS".to_owned(), Value::Null)]);
    let payload = all_alike!(strangers, |it, email| sign_in(it, email, OTHER_GUESS, false).await);
    assert_eq!(payload["userErrors"], json!([]));
    take_all_letters(&app);
    app.finish().await;
});

both_ways!(owners_sign_in_as_before_and_nothing_of_theirs_is_a_strangers, |app| {
    let mut strangers = three_addresses(&app).await;
    for (stranger, email) in &mut strangers {
        register(stranger, email, GUESS).await;
        sign_in(stranger, email, GUESS, false).await;
    }
    app.drain().await;
    take_all_letters(&app);
    for (stranger, email) in &strangers[1..] {
        let mut owner = app.customer();
        let payload = sign_in(&mut owner, email, PASSWORD, false).await;
        assert_eq!(payload["viewer"]["emailConfirmedAt"].is_null(), *email == UNCONFIRMED);
        let (own, strange) = (viewer(&owner).await, viewer(stranger).await);
        assert_ne!(own["id"], strange["id"]);
        assert_eq!(strange["sessions"].as_array().unwrap().len(), 1);
        let id = &own["sessions"][0]["id"];
        let payload = stranger.mutate("revokeSession", "sessions { id }", json!({ "id": id })).await;
        assert_eq!(user_errors(&payload), [("SESSION_NOT_FOUND".to_owned(), json!(["id"]))]);
        assert!(owner.is_signed_in().await);
    }
    let db = app.app.mechanisms.db.read();
    let people: Vec<_> = user::Entity::find().all(db).await.unwrap().into_iter().map(|user| user.id).collect();
    assert_eq!(people.len(), 3);
    let events = audit_event::Entity::find().all(db).await.unwrap();
    assert!(events.iter().all(|event| people.contains(&event.user_id)));
    app.finish().await;
});

both_ways!(the_owners_confirmation_is_none_of_the_strangers, |app| {
    let mut strangers = three_addresses(&app).await;
    app.advance(TimeDelta::minutes(1));
    let (stranger, email) = &mut strangers[2];
    register(stranger, email, GUESS).await;
    app.drain().await;
    let token = app.confirmation_token(email);
    sign_in(stranger, email, GUESS, false).await;
    assert_eq!(app.confirm_on_page(&token).await.as_u16(), 200);
    assert_eq!(viewer(stranger).await["emailConfirmedAt"], Value::Null);
    let payload = sign_in(stranger, email, GUESS, false).await;
    assert_eq!(payload["viewer"]["emailConfirmedAt"], Value::Null);
    let payload = sign_in(stranger, email, PASSWORD, false).await;
    assert_ne!(payload["viewer"]["emailConfirmedAt"], Value::Null);
    app.finish().await;
});

both_ways!(a_strangers_own_sign_ins_do_not_forgive_guesses_at_the_owners_password, |app| {
    app.confirmed_customer(CONFIRMED).await;
    let mut stranger = app.customer();
    stranger.device = "stranger/1";
    register(&stranger, CONFIRMED, GUESS).await;
    app.drain().await;
    app.take_letters(CONFIRMED);
    for _ in 0..9 {
        sign_in(&mut stranger, CONFIRMED, "a guess 1234", false).await;
        assert_eq!(sign_in(&mut stranger, CONFIRMED, GUESS, false).await["userErrors"], json!([]));
    }
    sign_in(&mut stranger, CONFIRMED, "a guess 1234", false).await;
    let payload = sign_in(&mut stranger, CONFIRMED, "a guess 1234", false).await;
    assert_eq!(user_errors(&payload), [("TOO_MANY_TRIES".to_owned(), Value::Null)]);
    app.finish().await;
});

both_ways!(ten_registrations_at_once_make_one_stranger, |app| {
    app.confirmed_customer(CONFIRMED).await;
    let customer = app.customer();
    join_all((0..10).map(|_| register(&customer, CONFIRMED, GUESS))).await;
    app.drain().await;
    app.take_letters(CONFIRMED);
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(sign_in(&mut app.customer(), CONFIRMED, GUESS, false).await["viewer"]["id"].take());
    }
    assert!(ids[0].is_string());
    assert_eq!(ids[0], ids[1]);
    app.finish().await;
});
