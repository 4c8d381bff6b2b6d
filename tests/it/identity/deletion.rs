//! A person's own deletion of their cabinet: asked for, thought better of, carried out.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kabinet::platform::db::Engine;
use kabinet::platform::mail::Letter;
use serde_json::{Value, json};

use super::erasure::erasures;
use crate::harness::{Customer, PASSWORD, TestApp, both_ways, sample, top_code, user_errors};
use crate::metering::{meter, owner};

const EMAIL: &str = "anna@example.com";
const SCHEDULED: &str = "2026-07-04T09:00:00Z";

async fn delete_with(customer: &Customer, password: &str) -> Value {
    let input = json!({ "stepUp": { "password": password } });
    customer.mutate("deleteMyCabinet", "viewer { deletionScheduledFor }", input).await
}

async fn delete(customer: &Customer) {
    let payload = delete_with(customer, PASSWORD).await;
    assert_eq!(user_errors(&payload), []);
}

async fn cancel(customer: &Customer) -> Value {
    let mutation = "mutation { cancelCabinetDeletion { viewer { deletionScheduledFor } userErrors { code field } } }";
    customer.ask(mutation, json!({})).await["cancelCabinetDeletion"].take()
}

async fn scheduled(customer: &Customer) -> Value {
    customer.ask("{ viewer { deletionScheduledFor } }", json!({})).await["viewer"]["deletionScheduledFor"].take()
}

/// The only letter since the last look.
async fn letter(app: &TestApp) -> Letter {
    app.drain().await;
    let mut letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 1);
    letters.remove(0)
}

fn token(letter: &Letter) -> String {
    let (_, rest) = letter.text.split_once("token=").expect("the letter has a link");
    rest.split_whitespace().next().unwrap().to_owned()
}

both_ways!(the_date_is_told_and_only_the_session_that_asks_goes_on, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let mut computer = app.customer();
    computer.sign_in(EMAIL).await;
    assert_eq!(scheduled(&anna).await, Value::Null);
    let payload = delete_with(&anna, PASSWORD).await;
    assert_eq!(payload, json!({ "viewer": { "deletionScheduledFor": SCHEDULED }, "userErrors": [] }));
    assert!(anna.is_signed_in().await);
    assert!(!computer.is_signed_in().await);
    let letter = letter(&app).await;
    assert!(letter.subject.contains("2026-07-04 12:00 (Moscow time)"), "{}", letter.subject);
    assert!(letter.text.contains(&format!("{}/cancel-deletion?token=", app.url)), "{}", letter.text);
    computer.sign_in(EMAIL).await;
    assert_eq!(scheduled(&computer).await, SCHEDULED);
    cancel(&computer).await;
    self::letter(&app).await;
    app.finish().await;
});

both_ways!(asked_again_the_first_date_stays_and_no_second_letter_is_sent, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    delete(&anna).await;
    app.advance(TimeDelta::minutes(20));
    let payload = delete_with(&anna, PASSWORD).await;
    assert_eq!(payload["viewer"]["deletionScheduledFor"], SCHEDULED);
    letter(&app).await;
    cancel(&anna).await;
    letter(&app).await;
    app.finish().await;
});

both_ways!(of_many_wishes_at_once_one_is_written_down, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let payloads = join_all((0..5).map(|_| delete_with(&anna, PASSWORD))).await;
    assert!(payloads.iter().any(|payload| payload["viewer"]["deletionScheduledFor"] == SCHEDULED), "{payloads:?}");
    letter(&app).await;
    cancel(&anna).await;
    letter(&app).await;
    app.finish().await;
});

both_ways!(a_deletion_needs_the_password_a_confirmed_address_and_a_person, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let wrong = delete_with(&anna, "wrong horse 41").await;
    assert_eq!(user_errors(&wrong), [("WRONG_PASSWORD".to_owned(), json!(["stepUp", "password"]))]);
    assert_eq!(scheduled(&anna).await, Value::Null);
    let mut unconfirmed = app.customer();
    unconfirmed.register("boris@example.com").await;
    app.drain().await;
    app.take_letters("boris@example.com");
    unconfirmed.sign_in("boris@example.com").await;
    let refused = delete_with(&unconfirmed, PASSWORD).await;
    assert_eq!(user_errors(&refused), [("EMAIL_NOT_CONFIRMED".to_owned(), Value::Null)]);
    for mutation in ["deleteMyCabinet(input: { stepUp: { password: \"p\" } })", "cancelCabinetDeletion"] {
        let mutation = format!("mutation {{ {mutation} {{ userErrors {{ code }} }} }}");
        let (_, answer) = app.customer().post(&mutation, json!({})).await;
        assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    }
    app.finish().await;
});

both_ways!(a_cancelled_deletion_is_not_carried_out, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    delete(&anna).await;
    letter(&app).await;
    let stays = json!({ "viewer": { "deletionScheduledFor": null }, "userErrors": [] });
    assert_eq!(cancel(&anna).await, stays);
    letter(&app).await;
    assert_eq!(cancel(&anna).await, stays, "a second time changes nothing, and writes no letter");
    app.advance(TimeDelta::days(15));
    app.drain().await;
    let mut anna = app.customer();
    anna.sign_in(EMAIL).await;
    assert!(erasures(&app).await.is_empty());
    // The job of the cancelled wish does not carry out a later one.
    delete(&anna).await;
    app.advance(TimeDelta::days(13));
    letter(&app).await;
    anna.sign_in(EMAIL).await;
    cancel(&anna).await;
    letter(&app).await;
    app.finish().await;
});

both_ways!(a_wish_that_was_renewed_waits_for_its_own_date, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    delete(&anna).await;
    letter(&app).await;
    cancel(&anna).await;
    letter(&app).await;
    app.advance(TimeDelta::minutes(10));
    delete(&anna).await;
    letter(&app).await;
    app.advance(TimeDelta::days(14) - TimeDelta::minutes(5));
    app.drain().await;
    assert!(erasures(&app).await.is_empty());
    app.advance(TimeDelta::minutes(5));
    app.drain().await;
    assert_eq!(erasures(&app).await.len(), 1);
    app.finish().await;
});

both_ways!(the_letters_link_cancels_by_its_button_and_once, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    delete(&anna).await;
    let token = token(&letter(&app).await);
    let page = reqwest::get(format!("{}/cancel-deletion?token={token}&lang=en", app.url)).await.unwrap();
    assert_eq!(page.status().as_u16(), 200);
    assert!(page.text().await.unwrap().contains("Keep the cabinet"));
    assert_eq!(scheduled(&anna).await, SCHEDULED, "opening the page changes nothing");
    assert_eq!(app.post_link("/cancel-deletion", "nonsense", "").await.as_u16(), 410);
    let presses = join_all((0..5).map(|_| app.post_link("/cancel-deletion", &token, ""))).await;
    assert_eq!(presses.iter().filter(|status| status.as_u16() == 200).count(), 1, "{presses:?}");
    assert_eq!(scheduled(&anna).await, Value::Null);
    letter(&app).await;
    assert_eq!(app.post_link("/cancel-deletion", &token, "").await.as_u16(), 410);
    app.finish().await;
});

both_ways!(what_is_left_of_a_deleted_cabinet_is_a_pseudonym, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let page = meter(&anna, &account).await;
    let mut input = json!({ "personalAccountId": account, "amount": { "custom": "10.00" }, "idempotencyKey": "one",
        "receiptEmail": "receipts@example.com" });
    input["readings"] = json!([page.reading(3)]);
    let payload = anna.mutate("startPayment", "payment { confirmationUrl }", input).await;
    app.bank(payload["payment"]["confirmationUrl"].as_str().unwrap(), "pay").await;
    app.drain().await;
    app.take_letters("receipts@example.com");
    let input = json!({ "personalAccountId": account, "email": "boris@example.com", "access": "VIEW" });
    anna.mutate("sharePersonalAccount", "share { id }", input).await;
    anna.mutate("sendSupportRequest", "supportRequest { id }", json!({ "topic": "OTHER", "text": "?" })).await;
    app.drain().await;
    app.take_letters(&app.app.config.mail.support_address);
    delete(&anna).await;
    let link = token(&letter(&app).await);
    app.advance(TimeDelta::days(14));
    app.drain().await;
    assert!(!anna.is_signed_in().await);
    assert!(!app.customer().try_to_sign_in(EMAIL, PASSWORD).await);
    assert_eq!(app.post_link("/cancel-deletion", &link, "").await.as_u16(), 410);
    let records = erasures(&app).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].0, "REQUESTED");
    let counts = json!({
        "acceptanceAddresses": 2, "attachments": 1, "auditCircumstances": 9, "clientGrants": 0, "exports": 0, "receiptAddresses": 1,
        "savedMethods": 0, "supportRequests": 1,
    });
    assert_eq!(records[0].1, counts);
    for nothing in [
        "SELECT COUNT(*) AS number FROM attachments",
        "SELECT COUNT(*) AS number FROM audit_circumstances",
        "SELECT COUNT(*) AS number FROM account_shares",
        "SELECT COUNT(*) AS number FROM support_requests",
        "SELECT COUNT(*) AS number FROM support_messages",
        "SELECT COUNT(*) AS number FROM cabinet_deletions",
        "SELECT COUNT(*) AS number FROM users WHERE email LIKE '%@%' OR full_name IS NOT NULL OR password_hash <> ''",
        "SELECT COUNT(*) AS number FROM agreement_acceptances WHERE address <> ''",
        "SELECT COUNT(*) AS number FROM payments WHERE receipt_email IS NOT NULL",
    ] {
        assert_eq!(crate::billing::number(&app, nothing).await, 0, "{nothing}");
    }
    let kept = "SELECT COUNT(*) AS number FROM payments WHERE status = 'SUCCEEDED'";
    assert_eq!(crate::billing::number(&app, kept).await, 1);
    app.finish().await;
});

both_ways!(the_address_of_a_deleted_cabinet_can_be_registered_again, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    delete(&anna).await;
    letter(&app).await;
    app.advance(TimeDelta::days(14));
    app.drain().await;
    let again = app.confirmed_customer(EMAIL).await;
    let debtor = sample("debt");
    again.attach(&debtor.provider_code, &debtor.number, None).await;
    let query = "{ viewer { auditEvents(first: 10) { nodes { kind } } personalAccounts(first: 10) { nodes { id } } } }";
    let viewer = again.ask(query, json!({})).await["viewer"].take();
    assert_eq!(viewer["auditEvents"]["nodes"].as_array().unwrap().len(), 4, "nothing of the old cabinet");
    assert_eq!(viewer["personalAccounts"]["nodes"].as_array().unwrap().len(), 1);
    app.finish().await;
});

both_ways!(a_deletion_that_is_carried_out_twice_is_recorded_once, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    delete(&anna).await;
    letter(&app).await;
    app.advance(TimeDelta::days(14));
    // As if the first worker had died before it wrote down that the job is done.
    let id = match app.app.mechanisms.db.engine() {
        Engine::Sqlite => "randomblob(16)",
        Engine::Postgres => "gen_random_uuid()",
    };
    let again = format!(
        "INSERT INTO outbox_jobs (id, kind, payload, created_at, due_at, attempts) \
         SELECT {id}, kind, payload, created_at, due_at, 0 FROM outbox_jobs WHERE kind = 'erase_cabinet'"
    );
    app.sql(&again).await;
    app.drain().await;
    assert_eq!(erasures(&app).await.len(), 1);
    app.finish().await;
});

both_ways!(what_is_kept_is_told_before_in_the_readers_language, |app| {
    let query = "{ cabinetDeletion { graceDays keptRecords { kind description years } } }";
    let mut nobody = app.customer();
    let told = nobody.ask(query, json!({})).await["cabinetDeletion"].take();
    assert_eq!(told["graceDays"], 14);
    let kinds: Vec<_> = told["keptRecords"].as_array().unwrap().iter().map(|kept| kept["kind"].clone()).collect();
    assert_eq!(kinds, ["PAYMENTS", "READINGS", "ACCEPTANCES", "AUDIT_CHAIN", "ERASURE"]);
    assert_eq!(told["keptRecords"][0]["years"], 5);
    assert!(told["keptRecords"][0]["description"].as_str().unwrap().starts_with("Payments"));
    nobody.language = "ru";
    let told = nobody.ask(query, json!({})).await["cabinetDeletion"].take();
    assert!(told["keptRecords"][0]["description"].as_str().unwrap().starts_with("Платежи"));
    app.finish().await;
});
