//! Accounts that are paid by themselves.

use chrono::TimeDelta;
use entity::exact::Money;
use serde_json::{Value, json};

use super::{custom, settle, started};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways, sample, user_errors};
use crate::integrators::batches::caller;
use crate::integrators::undo::{june, sent, undo};
use crate::metering::owner;

const SET: &str = "autopay { id acts: actsOn ceiling { amount } pausedAt } replayed";

/// A person who has paid once and let the card be kept; the account, the method.
async fn with_method(app: &TestApp) -> (Customer, String, String) {
    let (customer, account) = owner(app, "anna@example.com", "debt").await;
    let mut input = custom(&account, "1.00", "save");
    input["saveMethod"] = json!(true);
    let begun = started(&customer, input).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    settle(app).await;
    app.discard_letters();
    let methods = customer.ask("{ viewer { savedMethods { id kind title } } }", json!({})).await;
    let method = &methods["viewer"]["savedMethods"][0];
    assert_eq!((&method["kind"], &method["title"]), (&json!("bank_card"), &json!("*4477")));
    (customer, account, method["id"].as_str().unwrap().to_owned())
}

fn wish(account: &str, method: &str, ceiling: &str, key: &str) -> Value {
    json!({ "personalAccountId": account, "savedMethodId": method, "actsOn": "NEW_STATEMENT", "ceiling": ceiling,
            "consent": true, "idempotencyKey": key })
}

/// As if the provider's statement had just come, and so much were owed.
async fn statement_comes(app: &TestApp, owed: i64) {
    let now = app.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    app.sql(&format!("UPDATE statements SET issued_at = '{now}', due_on = '2026-12-15'")).await;
    app.sql("UPDATE autopays SET after_period = 202001").await;
    let difference =
        format!("UPDATE personal_accounts SET balance = {owed} WHERE id IN (SELECT personal_account_id FROM autopays)");
    app.sql(&difference).await;
}

/// The balance is what tests have made of it: the ledger is put right.
async fn put_right(app: &TestApp) {
    app.sql("UPDATE personal_accounts SET balance = (SELECT COALESCE(SUM(amount), 0) FROM ledger_entries WHERE personal_account_id = personal_accounts.id)").await;
}

async fn runs(app: &TestApp, state: &str) -> i64 {
    number(app, &format!("SELECT COUNT(*) AS number FROM autopay_runs WHERE state = '{state}'")).await
}

both_ways!(an_autopay_is_announced_and_pays_once_what_was_announced_at_most, |app| {
    let (customer, account, method) = with_method(&app).await;
    let set = customer.mutate("setAutopay", SET, wish(&account, &method, "700000.00", "one")).await;
    assert_eq!((user_errors(&set), &set["replayed"]), (vec![], &json!(false)));
    let again = customer.mutate("setAutopay", SET, wish(&account, &method, "700000.00", "one")).await;
    assert_eq!((&again["autopay"], &again["replayed"]), (&set["autopay"], &json!(true)));
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { autopay { id } } } }";
    let shown = customer.ask(query, json!({ "id": account })).await["node"]["autopay"].take();
    assert_eq!(shown["id"], set["autopay"]["id"]);
    assert_eq!(app.app.services.payments.plan_autopays().await.unwrap(), 0, "no new statement");
    app.advance(TimeDelta::minutes(1));
    statement_comes(&app, 195_600).await;
    assert_eq!(app.app.services.payments.plan_autopays().await.unwrap(), 1);
    assert_eq!(app.app.services.payments.plan_autopays().await.unwrap(), 0, "once");
    app.drain().await;
    let letter = app.take_letters("anna@example.com").pop().expect("it is announced");
    assert!(letter.subject.contains("1,956.00") && letter.text.contains("*4477"), "{}", letter.text);
    app.advance(TimeDelta::hours(47));
    app.drain().await;
    assert_eq!(runs(&app, "ANNOUNCED").await, 1, "not before its time");
    app.sql("UPDATE personal_accounts SET balance = 100000 WHERE id IN (SELECT personal_account_id FROM autopays)")
        .await;
    app.advance(TimeDelta::hours(2));
    app.drain().await;
    app.advance(TimeDelta::minutes(2));
    app.drain().await;
    assert_eq!(runs(&app, "PAID").await, 1);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM payments WHERE saved_method_id IS NOT NULL").await, 1);
    let paid = "SELECT amount AS number FROM payments WHERE saved_method_id IS NOT NULL AND status = 'SUCCEEDED'";
    assert_eq!(number(&app, paid).await, 100_000, "what is owed now");
    assert_eq!(app.take_letters("anna@example.com").len(), 1, "the payment's letter");
    put_right(&app).await;
    app.finish().await;
});

both_ways!(a_month_that_was_taken_back_and_comes_again_is_announced_again, |app| {
    let (customer, account, method) = with_method(&app).await;
    let set = customer.mutate("setAutopay", SET, wish(&account, &method, "700000.00", "one")).await;
    assert_eq!(user_errors(&set), []);
    app.advance(TimeDelta::minutes(1));
    let program = caller(&app, "debt").await;
    let payments = &app.app.services.payments;
    let issued_at = "2026-06-25T08:00:00Z";
    let batch = sent(&program, "wrong", vec![june(10_000, issued_at)]).await;
    assert_eq!(payments.plan_autopays().await.unwrap(), 1);
    app.drain().await;
    assert_eq!(undo(&program, &batch, false).await["withdrawnCount"], 1);
    assert_eq!(runs(&app, "ANNOUNCED").await, 0);
    // What was to be paid of it finds nothing to do.
    app.advance(TimeDelta::hours(49));
    app.drain().await;
    sent(&caller(&app, "debt").await, "right", vec![june(9_000, issued_at)]).await;
    assert_eq!(payments.plan_autopays().await.unwrap(), 1);
    assert_eq!(runs(&app, "ANNOUNCED").await, 1);
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(an_autopay_by_anothers_leave_is_as_good_as_the_leave, |app| {
    let (boris, _, method) = with_method(&app).await;
    let (vera, account) = owner(&app, "vera@example.com", "overpaid").await;
    let leave = async |access: &str| {
        let input = json!({ "personalAccountId": account, "email": "anna@example.com", "access": access });
        let share = vera.mutate("sharePersonalAccount", "share { id }", input).await["share"]["id"].take();
        boris.mutate("takeAccountShare", "personalAccount { id }", json!({ "id": share })).await;
        share
    };
    let view = leave("VIEW").await;
    let refused = boris.mutate("setAutopay", SET, wish(&account, &method, "100.00", "one")).await;
    assert_eq!(user_errors(&refused), [("NOT_SHARED".to_owned(), json!(["personalAccountId"]))]);
    vera.mutate("endAccountShare", "endedId", json!({ "id": view })).await;
    let pay = leave("VIEW_AND_PAY").await;
    let set = boris.mutate("setAutopay", SET, wish(&account, &method, "100.00", "two")).await;
    assert_eq!(user_errors(&set), []);
    vera.mutate("endAccountShare", "endedId", json!({ "id": pay })).await;
    app.drain().await;
    app.discard_letters();
    // Neither paid nor told of what is none of his business any more.
    app.advance(TimeDelta::minutes(1));
    statement_comes(&app, 195_600).await;
    assert_eq!(app.app.services.payments.plan_autopays().await.unwrap(), 0);
    app.drain().await;
    assert_eq!(app.take_letters("anna@example.com").len(), 0);
    put_right(&app).await;
    app.finish().await;
});

both_ways!(what_is_above_the_ceiling_paused_or_taken_back_is_not_paid, |app| {
    let (customer, account, method) = with_method(&app).await;
    let set = customer.mutate("setAutopay", SET, wish(&account, &method, "100.00", "one")).await;
    let id = set["autopay"]["id"].clone();
    app.advance(TimeDelta::minutes(1));
    statement_comes(&app, 10_001).await;
    assert_eq!(app.app.services.payments.plan_autopays().await.unwrap(), 1);
    app.drain().await;
    let letter = app.take_letters("anna@example.com").pop().unwrap();
    assert!(letter.text.contains("ceiling"), "{}", letter.text);
    assert_eq!(runs(&app, "SKIPPED").await, 1);
    // Announced, and then paused.
    app.sql("DELETE FROM autopay_runs").await;
    statement_comes(&app, 10_000).await;
    app.app.services.payments.plan_autopays().await.unwrap();
    app.drain().await;
    app.discard_letters();
    let pause = async |paused: bool| {
        let input = json!({ "id": id, "paused": paused });
        customer.mutate("pauseAutopay", "autopay { pausedAt } replayed", input).await
    };
    let paused = pause(true).await;
    assert_eq!((paused["autopay"]["pausedAt"].is_string(), &paused["replayed"]), (true, &json!(false)));
    assert_eq!(pause(true).await["replayed"], true);
    app.advance(TimeDelta::minutes(20));
    app.sql("UPDATE autopay_runs SET due_at = announced_at").await;
    app.sql("UPDATE outbox_jobs SET due_at = created_at WHERE kind = 'run_autopay'").await;
    app.drain().await;
    assert_eq!(runs(&app, "SKIPPED").await, 1, "a paused one does not pay");
    assert_eq!(pause(false).await["autopay"]["pausedAt"], Value::Null);
    let removed = customer.mutate("removeAutopay", "personalAccount { id }", json!({ "id": id })).await;
    assert_eq!(removed["personalAccount"]["id"], account);
    let again = customer.mutate("removeAutopay", "personalAccount { id }", json!({ "id": id })).await;
    assert_eq!(user_errors(&again)[0].0, "AUTOPAY_NOT_FOUND");
    let left = customer.mutate("removeSavedMethod", "savedMethods { id }", json!({ "id": method })).await;
    assert_eq!(left["savedMethods"], json!([]));
    let refused = customer.mutate("setAutopay", SET, wish(&account, &method, "100.00", "two")).await;
    assert_eq!(user_errors(&refused)[0].0, "SAVED_METHOD_NOT_FOUND");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM payments WHERE saved_method_id IS NOT NULL").await, 0);
    app.discard_letters();
    put_right(&app).await;
    app.finish().await;
});

both_ways!(a_failure_is_explained_and_tried_again_by_rule, |app| {
    let (customer, account, method) = with_method(&app).await;
    customer.mutate("setAutopay", SET, wish(&account, &method, "100000.00", "one")).await;
    app.advance(TimeDelta::minutes(1));
    // The bank refuses sums of this kind for want of money.
    statement_comes(&app, 10_001).await;
    app.app.services.payments.plan_autopays().await.unwrap();
    app.drain().await;
    app.discard_letters();
    for (pause, tries) in [(TimeDelta::hours(49), 1), (TimeDelta::hours(25), 2), (TimeDelta::hours(49), 3)] {
        app.advance(pause);
        app.drain().await;
        app.advance(TimeDelta::minutes(2));
        app.drain().await;
        let failed =
            "SELECT COUNT(*) AS number FROM payments WHERE saved_method_id IS NOT NULL AND status = 'CANCELED'";
        assert_eq!(number(&app, failed).await, tries);
        let letter = app.take_letters("anna@example.com").pop().expect("it is explained");
        assert!(letter.text.contains("not enough money"), "{}", letter.text);
        assert_eq!(letter.text.contains("We will try again"), tries < 3, "{}", letter.text);
    }
    assert_eq!(runs(&app, "FAILED").await, 1);
    app.advance(TimeDelta::days(5));
    app.drain().await;
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM payments WHERE saved_method_id IS NOT NULL").await, 3);
    put_right(&app).await;
    app.finish().await;
});

both_ways!(an_autopay_needs_consent_a_ceiling_and_a_method_of_ones_own, |app| {
    let (customer, account, method) = with_method(&app).await;
    let refused = async |change: &dyn Fn(&mut Value), key: &str| {
        let mut input = wish(&account, &method, "100.00", key);
        change(&mut input);
        let payload = customer.mutate("setAutopay", SET, input).await;
        user_errors(&payload)[0].0.clone()
    };
    assert_eq!(refused(&|input| input["consent"] = json!(false), "1").await, "CONSENT_MISSING");
    assert_eq!(refused(&|input| input["ceiling"] = json!("0.50"), "2").await, "AMOUNT_OUT_OF_RANGE");
    assert_eq!(refused(&|input| input["savedMethodId"] = json!("nonsense"), "3").await, "SAVED_METHOD_NOT_FOUND");
    assert_eq!(refused(&|input| input["personalAccountId"] = json!("nonsense"), "4").await, "ACCOUNT_NOT_FOUND");
    let boris = app.confirmed_customer("boris@example.com").await;
    let debtor = sample("debt");
    let theirs = boris.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    let payload = boris.mutate("setAutopay", SET, wish(&theirs, &method, "100.00", "5")).await;
    assert_eq!(user_errors(&payload)[0].0, "SAVED_METHOD_NOT_FOUND", "a stranger's card");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM autopays").await, 0);
    assert_eq!(Money(10_000).to_string(), "100.00");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

/// Of payments that autopays made: how many, and what of them was asked of the bank, in kopecks.
async fn charged(app: &TestApp) -> (i64, i64) {
    let made = "FROM payments WHERE saved_method_id IS NOT NULL";
    let sum = format!("SELECT CAST(COALESCE(SUM(amount * 1000 + commission), 0) AS bigint) AS number {made}");
    (number(app, &format!("SELECT COUNT(*) AS number {made}")).await, number(app, &sum).await)
}

both_ways!(what_comes_on_top_is_within_the_ceiling_and_announced, |app| {
    let (customer, account, method) = with_method(&app).await;
    let code = sample("debt").provider_code.as_str();
    let terms = async |rate: &str| {
        assert!(app.operator(&["payment-terms", "set", code, "--commission", rate]).await.status.success());
    };
    terms("100").await;
    customer.mutate("setAutopay", SET, wish(&account, &method, "100.99", "one")).await;
    statement_comes(&app, 10_000).await;
    assert_eq!(app.app.services.payments.plan_autopays().await.unwrap(), 1);
    app.drain().await;
    assert!(app.take_letters("anna@example.com").pop().unwrap().text.contains("ceiling"));
    assert_eq!(runs(&app, "SKIPPED").await, 1);
    // A higher ceiling, and the month is looked at anew.
    app.sql("DELETE FROM autopay_runs").await;
    customer.mutate("setAutopay", SET, wish(&account, &method, "101.00", "two")).await;
    assert_eq!(app.app.services.payments.plan_autopays().await.unwrap(), 1, "a change passes over nothing");
    app.drain().await;
    let letter = app.take_letters("anna@example.com").pop().unwrap();
    assert!(letter.text.contains("₽101.00 (of it commission ₽1.00)"), "{}", letter.text);
    terms("200").await;
    app.advance(TimeDelta::hours(49));
    app.drain().await;
    assert_eq!(charged(&app).await, (1, 10_000_100), "as announced");
    app.advance(TimeDelta::minutes(2));
    app.drain().await;
    app.discard_letters();
    put_right(&app).await;
    app.finish().await;
});

both_ways!(nothing_is_taken_that_no_letter_has_announced, |app| {
    let (customer, account, method) = with_method(&app).await;
    customer.mutate("setAutopay", SET, wish(&account, &method, "700000.00", "one")).await;
    statement_comes(&app, 10_000).await;
    app.app.services.payments.plan_autopays().await.unwrap();
    // The mail server is away for ten hours.
    let back = (app.clock.now() + TimeDelta::hours(10)).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    app.sql(&format!("UPDATE outbox_jobs SET due_at = '{back}' WHERE kind = 'send_autopay_announced'")).await;
    app.advance(TimeDelta::minutes(10 * 60 + 1));
    app.drain().await;
    assert!(app.take_letters("anna@example.com").pop().unwrap().text.contains("100.00"));
    app.advance(TimeDelta::hours(47));
    app.drain().await;
    assert_eq!(charged(&app).await.0, 0, "48 hours from when it was told");
    app.advance(TimeDelta::hours(1));
    app.drain().await;
    assert_eq!(charged(&app).await, (1, 10_000_000));
    app.advance(TimeDelta::minutes(2));
    app.drain().await;
    // And one that never goes out.
    app.sql("DELETE FROM autopay_runs").await;
    statement_comes(&app, 10_000).await;
    app.app.services.payments.plan_autopays().await.unwrap();
    app.sql("DELETE FROM outbox_jobs WHERE kind = 'send_autopay_announced'").await;
    app.discard_letters();
    for hours in [49, 100, 30] {
        app.advance(TimeDelta::hours(hours));
        app.drain().await;
    }
    assert_eq!((charged(&app).await.0, runs(&app, "SKIPPED").await), (1, 1));
    assert!(app.take_letters("anna@example.com").pop().unwrap().text.contains("could not tell you"));
    put_right(&app).await;
    app.finish().await;
});

both_ways!(a_debt_that_is_being_paid_is_not_paid_a_second_time, |app| {
    let (mut customer, account, method) = with_method(&app).await;
    customer.mutate("setAutopay", SET, wish(&account, &method, "700000.00", "one")).await;
    statement_comes(&app, 10_000).await;
    app.app.services.payments.plan_autopays().await.unwrap();
    app.drain().await;
    app.advance(TimeDelta::minutes(48 * 60 - 1));
    customer.sign_in("anna@example.com").await;
    let by_hand = started(&customer, custom(&account, "60.00", "by hand")).await;
    app.advance(TimeDelta::minutes(1));
    app.drain().await;
    assert_eq!((charged(&app).await.0, runs(&app, "ANNOUNCED").await), (0, 1), "it waits");
    app.bank(&by_hand.url, "pay").await;
    app.drain().await;
    app.advance(TimeDelta::minutes(10));
    app.drain().await;
    assert_eq!(charged(&app).await, (1, 4_000_000), "what is left");
    app.advance(TimeDelta::minutes(2));
    app.drain().await;
    app.discard_letters();
    put_right(&app).await;
    app.finish().await;
});

both_ways!(a_ceiling_that_was_lowered_after_the_letter_is_kept_and_told, |app| {
    let (customer, account, method) = with_method(&app).await;
    customer.mutate("setAutopay", SET, wish(&account, &method, "100.00", "one")).await;
    statement_comes(&app, 10_000).await;
    app.app.services.payments.plan_autopays().await.unwrap();
    app.drain().await;
    app.discard_letters();
    customer.mutate("setAutopay", SET, wish(&account, &method, "99.99", "two")).await;
    app.advance(TimeDelta::hours(49));
    app.drain().await;
    assert_eq!((charged(&app).await.0, runs(&app, "SKIPPED").await), (0, 1));
    assert!(app.take_letters("anna@example.com").pop().unwrap().text.contains("ceiling"));
    put_right(&app).await;
    app.finish().await;
});

both_ways!(a_payment_that_never_ends_is_waited_for_three_days_and_told, |app| {
    let (mut customer, account, method) = with_method(&app).await;
    customer.mutate("setAutopay", SET, wish(&account, &method, "700000.00", "one")).await;
    statement_comes(&app, 10_000).await;
    app.app.services.payments.plan_autopays().await.unwrap();
    app.drain().await;
    app.advance(TimeDelta::minutes(48 * 60 - 1));
    customer.sign_in("anna@example.com").await;
    // The bank leaves it pending for ever.
    started(&customer, custom(&account, "100.04", "by hand")).await;
    app.discard_letters();
    for (hours, state) in [(1, "ANNOUNCED"), (70, "ANNOUNCED"), (2, "SKIPPED")] {
        app.advance(TimeDelta::hours(hours));
        app.drain().await;
        assert_eq!((charged(&app).await.0, runs(&app, state).await), (0, 1), "{state}");
    }
    let letter = app.take_letters("anna@example.com").pop().unwrap();
    assert!(letter.text.contains("still not come to its end"), "{}", letter.text);
    put_right(&app).await;
    app.finish().await;
});

both_ways!(autopays_from_before_act_on_the_same_months_and_count_as_told, |app| {
    let (customer, account, method) = with_method(&app).await;
    customer.mutate("setAutopay", SET, wish(&account, &method, "700000.00", "one")).await;
    let known = number(&app, "SELECT CAST(after_period AS bigint) AS number FROM autopays").await;
    assert!(known > 202_000, "there are statements from before");
    statement_comes(&app, 10_000).await;
    app.app.services.payments.plan_autopays().await.unwrap();
    app.discard_letters();
    // The step that knows of both is taken back and taken again, on these data; the statements are as old as they were.
    app.sql("UPDATE statements SET issued_at = '2026-01-01T00:00:00Z'").await;
    let db = &app.app.mechanisms.db;
    db.migrate_down(Some(1)).await.unwrap();
    db.migrate_up().await.unwrap();
    assert_eq!(number(&app, "SELECT CAST(after_period AS bigint) AS number FROM autopays").await, known);
    let told = "SELECT COUNT(*) AS number FROM autopay_runs WHERE told_at = announced_at AND commission = 0";
    assert_eq!(number(&app, told).await, 1);
    // A letter that still waits goes out all the same.
    app.drain().await;
    assert!(app.take_letters("anna@example.com").pop().unwrap().text.contains("100.00"));
    put_right(&app).await;
    app.finish().await;
});
