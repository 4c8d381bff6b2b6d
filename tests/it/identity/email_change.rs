//! `requestEmailChange`, `confirmEmailChange`, `cancelEmailChange` and their pages.

use chrono::TimeDelta;
use entity::email_change;
use futures_util::future::join_all;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, TestApp, Way, both_ways, top_code, user_errors};

const OLD: &str = "anna@example.com";
const NEW: &str = "anna.new@example.org";
const CHANGE: &str = "emailChange { newEmail expiresAt confirmedByOld confirmedByNew }";

/// The tokens of the letters: of the old mailbox, of its cancellation, of the new mailbox.
struct Links {
    old: String,
    cancel: String,
    new: String,
}

async fn request(customer: &Customer, new_email: &str) -> Value {
    let input = json!({ "newEmail": new_email, "stepUp": { "password": PASSWORD } });
    customer.mutate("requestEmailChange", CHANGE, input).await
}

fn token_behind(text: &str, page: &str) -> String {
    let (_, rest) = text.split_once(&format!("/{page}?token=")).unwrap_or_else(|| panic!("no {page} in {text}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn requested(app: &TestApp, customer: &Customer) -> Links {
    assert_eq!(request(customer, NEW).await["userErrors"], json!([]));
    letters(app).await
}

async fn letters(app: &TestApp) -> Links {
    app.drain().await;
    let (old, new) = (app.take_letters(OLD), app.take_letters(NEW));
    assert_eq!((old.len(), new.len()), (1, 1));
    Links {
        old: token_behind(&old[0].text, "confirm-email-change"),
        cancel: token_behind(&old[0].text, "cancel-email-change"),
        new: token_behind(&new[0].text, "confirm-email-change"),
    }
}

async fn confirm(app: &TestApp, token: &str) -> Value {
    confirm_as(&app.customer(), token).await
}

async fn confirm_as(customer: &Customer, token: &str) -> Value {
    let fields = format!("{CHANGE} user {{ email }}");
    customer.mutate("confirmEmailChange", &fields, json!({ "token": token })).await
}

async fn cancel(app: &TestApp, token: &str) -> Value {
    let query =
        "mutation($input: CancelEmailChangeInput!) { cancelEmailChange(input: $input) { userErrors { code field } } }";
    app.customer().ask(query, json!({ "input": { "token": token } })).await["cancelEmailChange"].take()
}

async fn pending(customer: &Customer) -> Value {
    let query = format!("{{ viewer {{ {CHANGE} }} }}");
    customer.ask(&query, json!({})).await["viewer"]["emailChange"].take()
}

fn waiting(by_old: bool, by_new: bool) -> Value {
    json!({ "newEmail": NEW, "expiresAt": "2026-06-21T09:00:00Z", "confirmedByOld": by_old, "confirmedByNew": by_new })
}

fn invalid() -> Vec<(String, Value)> {
    vec![("TOKEN_INVALID".to_owned(), json!(["token"]))]
}

/// Both mailboxes are told of a change that was carried out.
async fn told(app: &TestApp) {
    app.drain().await;
    for mailbox in [OLD, NEW] {
        let letters = app.take_letters(mailbox);
        assert_eq!(letters.len(), 1, "{mailbox}");
        assert_eq!(letters[0].subject, "The address of your cabinet was changed");
        for text in [&letters[0].text, &letters[0].html] {
            assert!(text.contains(OLD) && text.contains(NEW) && !text.contains("token="), "{text}");
        }
    }
}

async fn signs_in(app: &TestApp, email: &str) -> bool {
    app.customer().try_to_sign_in(email, PASSWORD).await
}

both_ways!(the_address_changes_when_both_mailboxes_have_confirmed_in_whatever_order, |app| {
    for old_first in [true, false] {
        let customer = app.confirmed_customer(OLD).await;
        let mut other = app.customer();
        other.sign_in(OLD).await;
        assert_eq!(request(&customer, " Anna.New@Example.ORG ").await["emailChange"]["newEmail"], NEW);
        let links = letters(&app).await;
        let (first, second) = if old_first { (&links.old, &links.new) } else { (&links.new, &links.old) };
        let half = confirm(&app, first).await;
        assert_eq!((half["emailChange"]["confirmedByOld"].clone(), &half["user"]), (json!(old_first), &Value::Null));
        assert_eq!(pending(&customer).await, half["emailChange"]);
        assert!(signs_in(&app, OLD).await && other.is_signed_in().await);

        let whole = json!({ "emailChange": null, "user": { "email": NEW }, "userErrors": [] });
        assert_eq!(confirm_as(&customer, second).await, whole);
        assert!(customer.is_signed_in().await, "the session that confirmed goes on");
        assert!(!other.is_signed_in().await);
        let newest = customer.ask("{ viewer { auditEvents(first: 1) { nodes { kind } } } }", json!({})).await;
        assert_eq!(newest["viewer"]["auditEvents"]["nodes"][0]["kind"], "EMAIL_CHANGED");
        assert_eq!(pending(&customer).await, Value::Null);
        assert!(signs_in(&app, NEW).await && !signs_in(&app, OLD).await);
        for used in [&links.old, &links.new, &links.cancel] {
            assert_eq!(user_errors(&confirm(&app, used).await), invalid());
        }
        assert_eq!(user_errors(&cancel(&app, &links.cancel).await), invalid());
        told(&app).await;
        app.sql("DELETE FROM email_changes").await;
        app.sql("DELETE FROM agreement_acceptances").await;
        app.sql("DELETE FROM users").await;
    }
    app.finish().await;
});

both_ways!(the_letters_say_what_will_happen_until_when_and_how_to_stop_it, |app| {
    let customer = app.confirmed_customer(OLD).await;
    request(&customer, NEW).await;
    app.drain().await;
    let (old, new) = (app.take_letters(OLD), app.take_letters(NEW));
    assert_eq!(old[0].subject, "Confirm the new address of your cabinet");
    assert_eq!(new[0].subject, "Confirm this address for your cabinet");
    for letter in [&old[0], &new[0]] {
        for text in [&letter.text, &letter.html] {
            assert!(text.contains("2026-06-21 12:00 (Moscow time)") && text.contains("confirm-email-change"), "{text}");
        }
    }
    assert!(old[0].text.contains(NEW) && !new[0].text.contains(OLD), "a stranger's mailbox learns no address");
    assert!(old[0].html.contains("cancel-email-change") && !new[0].html.contains("cancel-email-change"));
    app.advance(TimeDelta::hours(24));
    app.drain().await;
    app.finish().await;
});

both_ways!(nothing_tells_whether_somebody_has_the_new_address, |app| {
    app.confirmed_customer(NEW).await;
    let customer = app.confirmed_customer(OLD).await;
    let boris = app.confirmed_customer("boris@example.com").await;
    let (known_work, known) = app.statements(request(&customer, NEW)).await;
    assert_eq!(known, json!({ "emailChange": waiting(false, false), "userErrors": [] }));
    assert_eq!(pending(&customer).await, waiting(false, false));
    app.drain().await;
    let (old, taken) = (app.take_letters(OLD), app.take_letters(NEW));
    assert_eq!((old.len(), taken.len()), (1, 1));
    assert_eq!(taken[0].subject, "There is a cabinet with this address already");
    assert!(!taken[0].text.contains("token=") && !taken[0].text.contains(OLD), "{}", taken[0].text);
    let half = confirm(&app, &token_behind(&old[0].text, "confirm-email-change")).await;
    assert_eq!(half["emailChange"], waiting(true, false));

    let (unknown_work, unknown) = app.statements(request(&boris, "nobody@example.org")).await;
    assert_eq!(unknown["emailChange"]["newEmail"], "nobody@example.org");
    assert_eq!(unknown_work, known_work);
    app.drain().await;
    assert_eq!((app.take_letters("boris@example.com").len(), app.take_letters("nobody@example.org").len()), (1, 1));
    app.finish().await;
});

both_ways!(a_link_is_used_once_and_a_newer_request_ends_the_one_before, |app| {
    let customer = app.confirmed_customer(OLD).await;
    let earlier = requested(&app, &customer).await;
    let links = requested(&app, &customer).await;
    for void in [&earlier.old, &earlier.new, &earlier.cancel, &links.cancel] {
        assert_eq!(user_errors(&confirm(&app, void).await), invalid());
    }
    assert_eq!(confirm(&app, &links.new).await["emailChange"], waiting(false, true));
    assert_eq!(user_errors(&confirm(&app, &links.new).await), invalid());
    for token in ["", "nonsense", customer.token.as_deref().unwrap()] {
        assert_eq!(user_errors(&confirm(&app, token).await), invalid());
        assert_eq!(user_errors(&cancel(&app, token).await), invalid());
    }
    assert_eq!(user_errors(&cancel(&app, &links.old).await), invalid(), "a confirmation does not cancel");
    assert_eq!(pending(&customer).await, waiting(false, true));
    app.finish().await;
});

both_ways!(after_a_day_the_request_is_gone, |app| {
    let mut customer = app.confirmed_customer(OLD).await;
    let links = requested(&app, &customer).await;
    assert_eq!(confirm(&app, &links.old).await["emailChange"], waiting(true, false));
    app.advance(TimeDelta::hours(24));
    customer.sign_in(OLD).await;
    assert_eq!(pending(&customer).await, Value::Null);
    assert_eq!(user_errors(&confirm(&app, &links.new).await), invalid());
    assert_eq!(user_errors(&cancel(&app, &links.cancel).await), invalid());
    app.drain().await;
    let left = email_change::Entity::find();
    assert_eq!(left.count(app.app.mechanisms.db.read()).await.unwrap(), 0);
    app.finish().await;
});

both_ways!(it_was_not_me_cancels_even_after_the_old_mailbox_has_confirmed, |app| {
    let customer = app.confirmed_customer(OLD).await;
    let links = requested(&app, &customer).await;
    confirm(&app, &links.old).await;
    assert_eq!(cancel(&app, &links.cancel).await, json!({ "userErrors": [] }));
    assert_eq!(user_errors(&cancel(&app, &links.cancel).await), invalid());
    assert_eq!(user_errors(&confirm(&app, &links.new).await), invalid());
    assert_eq!(pending(&customer).await, Value::Null);
    assert!(signs_in(&app, OLD).await && !signs_in(&app, NEW).await);
    app.finish().await;
});

both_ways!(opening_the_pages_changes_nothing_and_their_buttons_do, |app| {
    let customer = app.confirmed_customer(OLD).await;
    let open = async |page: &str, token: &str| {
        let response = reqwest::get(format!("{}/{page}?token={token}", app.url)).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert!(response.text().await.unwrap().contains(token));
    };
    let links = requested(&app, &customer).await;
    open("cancel-email-change", &links.cancel).await;
    assert_eq!(pending(&customer).await, waiting(false, false));
    assert_eq!(app.post_link("/cancel-email-change", &links.cancel, "").await.as_u16(), 200);
    assert_eq!(app.post_link("/cancel-email-change", &links.cancel, "").await.as_u16(), 410);
    assert_eq!(pending(&customer).await, Value::Null);

    let links = requested(&app, &customer).await;
    for token in [&links.old, &links.new] {
        open("confirm-email-change", token).await;
    }
    assert_eq!(pending(&customer).await, waiting(false, false));
    assert_eq!(app.post_link("/confirm-email-change", &links.old, "").await.as_u16(), 200);
    assert_eq!(app.post_link("/confirm-email-change", &links.old, "").await.as_u16(), 410);
    assert_eq!(app.post_link("/confirm-email-change", &links.new, "").await.as_u16(), 200);
    assert!(!customer.is_signed_in().await, "a page belongs to no session");
    assert!(signs_in(&app, NEW).await);
    told(&app).await;
    app.finish().await;
});

both_ways!(a_new_password_voids_the_change, |app| {
    let customer = app.confirmed_customer(OLD).await;
    let links = requested(&app, &customer).await;
    confirm(&app, &links.old).await;
    let input = json!({ "currentPassword": PASSWORD, "newPassword": "a new password 8" });
    let changed = customer.mutate("changePassword", "viewer { email }", input).await;
    assert!(changed["viewer"].is_object(), "{changed}");
    assert_eq!(pending(&customer).await, Value::Null);
    assert_eq!(user_errors(&confirm(&app, &links.new).await), invalid());
    app.drain().await;
    assert_eq!(app.take_letters(OLD).len(), 1);
    app.finish().await;
});

both_ways!(a_reset_link_of_the_old_mailbox_ends_with_the_change, |app| {
    let customer = app.confirmed_customer(OLD).await;
    let captcha = customer.solve_captcha_for("RESET_PASSWORD").await;
    customer.mutate("requestPasswordReset", "email", json!({ "email": OLD, "captcha": captcha })).await;
    app.drain().await;
    let reset = app.confirmation_token(OLD);
    let links = requested(&app, &customer).await;
    confirm(&app, &links.old).await;
    confirm(&app, &links.new).await;
    let input = json!({ "token": reset, "password": "a new password 8" });
    assert_eq!(user_errors(&app.customer().mutate("resetPassword", "user { email }", input).await), invalid());
    told(&app).await;
    app.finish().await;
});

both_ways!(who_registers_the_new_address_meanwhile_keeps_it, |app| {
    let customer = app.confirmed_customer(OLD).await;
    for old_first in [true, false] {
        let links = requested(&app, &customer).await;
        let (first, second) = if old_first { (&links.old, &links.new) } else { (&links.new, &links.old) };
        confirm(&app, first).await;
        app.customer().register(NEW).await;
        app.drain().await;
        app.take_letters(NEW);
        let payload = confirm(&app, second).await;
        assert_eq!(user_errors(&payload), [("EMAIL_TAKEN".to_owned(), json!(["token"]))]);
        assert_eq!(pending(&customer).await, Value::Null, "the request is over");
        assert!(signs_in(&app, OLD).await && signs_in(&app, NEW).await);
        app.sql(&format!(
            "DELETE FROM agreement_acceptances WHERE user_id IN (SELECT id FROM users WHERE email = '{NEW}')"
        ))
        .await;
        app.sql(&format!("DELETE FROM users WHERE email = '{NEW}'")).await;
    }
    app.finish().await;
});

both_ways!(of_two_hundred_uses_of_one_link_one_succeeds, |app| {
    let customer = app.confirmed_customer(OLD).await;
    let links = requested(&app, &customer).await;
    confirm(&app, &links.old).await;
    let uses = vec![json!({ "token": links.new }); 200];
    assert_eq!(app.customer().use_at_once("confirmEmailChange", uses).await.len(), 1);
    assert!(signs_in(&app, NEW).await);
    told(&app).await;
    app.finish().await;
});

both_ways!(both_links_at_once_are_one_change_and_a_cancellation_at_once_is_whole_or_nothing, |app| {
    let customer = app.confirmed_customer(OLD).await;
    let links = requested(&app, &customer).await;
    let (old, new, cancelled) =
        tokio::join!(confirm(&app, &links.old), confirm(&app, &links.new), cancel(&app, &links.cancel));
    let done = [&old, &new].into_iter().filter(|payload| payload["user"]["email"] == NEW).count();
    assert_eq!(done == 1, cancelled["userErrors"] != json!([]), "{old} {new} {cancelled}");
    assert_eq!(signs_in(&app, NEW).await, done == 1);
    assert_eq!(signs_in(&app, OLD).await, done == 0);
    app.drain().await;
    assert_eq!((app.take_letters(OLD).len(), app.take_letters(NEW).len()), (done, done));
    app.finish().await;
});

both_ways!(two_persons_who_want_one_address_at_once_do_not_both_get_it, |app| {
    let (anna, boris) = (app.confirmed_customer(OLD).await, app.confirmed_customer("boris@example.com").await);
    let annas = requested(&app, &anna).await;
    request(&boris, NEW).await;
    app.drain().await;
    let boris_old = token_behind(&app.take_letters("boris@example.com")[0].text, "confirm-email-change");
    let boris_new = token_behind(&app.take_letters(NEW)[0].text, "confirm-email-change");
    confirm(&app, &annas.old).await;
    confirm(&app, &boris_old).await;
    let payloads = join_all([confirm(&app, &annas.new), confirm(&app, &boris_new)]).await;
    let got = payloads.iter().filter(|payload| payload["user"]["email"] == NEW).count();
    let taken = payloads.iter().filter(|payload| payload["userErrors"][0]["code"] == "EMAIL_TAKEN").count();
    assert_eq!((got, taken), (1, 1), "{payloads:?}");
    app.drain().await;
    for mailbox in [OLD, NEW, "boris@example.com"] {
        app.take_letters(mailbox);
    }
    app.finish().await;
});

both_ways!(a_request_needs_a_confirmed_person_their_password_and_another_address, |app| {
    let customer = app.confirmed_customer(OLD).await;
    let refused = async |customer: &Customer, new_email: &str, password: Value| {
        let input = json!({ "newEmail": new_email, "stepUp": { "password": password } });
        let payload = customer.mutate("requestEmailChange", CHANGE, input).await;
        assert_eq!(payload["emailChange"], Value::Null);
        user_errors(&payload)
    };
    let one = |code: &str, field: Value| vec![(code.to_owned(), field)];
    assert_eq!(refused(&customer, "anna", json!(PASSWORD)).await, one("EMAIL_MALFORMED", json!(["newEmail"])));
    assert_eq!(
        refused(&customer, "ANNA@example.com", json!(PASSWORD)).await,
        one("EMAIL_UNCHANGED", json!(["newEmail"]))
    );
    for wrong in [json!("wrong horse 42"), Value::Null] {
        let expected = one("WRONG_PASSWORD", json!(["stepUp", "password"]));
        assert_eq!(refused(&customer, NEW, wrong).await, expected);
    }
    assert_eq!(pending(&customer).await, Value::Null);

    let query =
        "mutation($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "newEmail": NEW, "stepUp": { "password": PASSWORD } } });
    let mut unconfirmed = app.customer();
    assert_eq!(top_code(&unconfirmed.post(query, input).await.1), "UNAUTHENTICATED");
    unconfirmed.register("vera@example.com").await;
    app.drain().await;
    app.take_letters("vera@example.com");
    unconfirmed.sign_in("vera@example.com").await;
    assert_eq!(refused(&unconfirmed, NEW, json!(PASSWORD)).await, one("EMAIL_NOT_CONFIRMED", Value::Null));
    app.finish().await;
});

/// A change whose last confirmation is committed and then breaks off, as `stop` makes it; `mend` undoes that.
async fn breaks_off_behind_the_commit(app: &TestApp, stop: impl AsyncFnOnce(), mend: impl AsyncFnOnce()) {
    let customer = app.confirmed_customer(OLD).await;
    let links = requested(app, &customer).await;
    confirm(app, &links.old).await;
    app.advance(TimeDelta::seconds(1));
    stop().await;
    let query =
        "mutation($input: ConfirmEmailChangeInput!) { confirmEmailChange(input: $input) { userErrors { code } } }";
    let (_, answer) = app.customer().post(query, json!({ "input": { "token": links.new } })).await;
    assert!(answer["errors"].is_array(), "{answer}");
    mend().await;
    assert!(customer.is_signed_in().await, "nobody came to end the session");
    told(app).await;
    assert!(!customer.is_signed_in().await, "the job has ended it");
    assert!(signs_in(app, NEW).await);
    app.drain().await;
    // Of the sign-in: places were forgotten with the address.
    app.take_letters(NEW);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_also_when_the_process_dies_behind_the_commit_embedded() {
    let app = TestApp::start(Way::Embedded).await;
    let stop = async || {
        app.sql("CREATE TRIGGER away BEFORE DELETE ON key_values BEGIN SELECT RAISE(ABORT, 'away'); END").await;
    };
    breaks_off_behind_the_commit(&app, stop, async || app.sql("DROP TRIGGER away").await).await;
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_end_also_when_the_process_dies_behind_the_commit_full() {
    let (app, redis) = TestApp::start_behind_proxy().await;
    breaks_off_behind_the_commit(&app, async || redis.cut(), async || redis.restore()).await;
    app.finish().await;
}

both_ways!(a_person_requests_five_changes_a_day, |app| {
    let mut customer = app.confirmed_customer(OLD).await;
    for _ in 0..5 {
        requested(&app, &customer).await;
    }
    let payload = request(&customer, NEW).await;
    assert_eq!(user_errors(&payload), [("TOO_MANY_TRIES".to_owned(), Value::Null)]);
    assert_eq!(pending(&customer).await, waiting(false, false), "what was pending stays");
    app.advance(TimeDelta::days(1));
    app.drain().await;
    customer.sign_in(OLD).await;
    requested(&app, &customer).await;
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_address_is_of_a_domain_that_the_setting_names() {
    let settings = [("KABINET__IDENTITY__ALLOWED_MAIL_DOMAINS", "example.com")];
    let app = TestApp::start_with(Way::Embedded, &settings).await;
    let customer = app.confirmed_customer(OLD).await;
    let expected = [("EMAIL_DOMAIN_NOT_ALLOWED".to_owned(), json!(["newEmail"]))];
    assert_eq!(user_errors(&request(&customer, NEW).await), expected);
    assert_eq!(request(&customer, "anna@EXAMPLE.com.").await["emailChange"], Value::Null);
    assert_eq!(request(&customer, "anna2@EXAMPLE.com").await["userErrors"], json!([]));
    app.drain().await;
    assert_eq!((app.take_letters(OLD).len(), app.take_letters("anna2@example.com").len()), (1, 1));
    app.finish().await;
}
