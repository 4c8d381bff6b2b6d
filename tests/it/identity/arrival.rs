//! What a sign-in's payload shows of the person who has just come in, and what links show of theirs.

use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, both_ways, top_code};
use crate::metering::owner;

const ANNA: &str = "anna@example.com";
const BORIS: &str = "boris@example.com";

const DEEP: &str = "id email fullName balance { owed { amount } credit { amount } } twoFactor { enabled }
    emailChange { newEmail } deletionScheduledFor pendingAgreements { id } agreementAcceptances { id }
    sessions { id current } auditEvents(first: 3) { edges { node { kind } } }
    personalAccounts { edges { node { id number balance { owed { amount } } meters { id lastReading { takenOn } }
        statement { period lines { service } } payments(first: 2) { edges { node { id } } } } } }";

/// The whole answer of a sign-in that asks so much of the viewer.
async fn arrive(customer: &Customer, email: &str, beside: &str) -> Value {
    let query = format!(
        "mutation($input: SignInInput!) {{
            signIn(input: $input) {{ token session {{ id current }} viewer {{ {DEEP} }} userErrors {{ code }} }} {beside} }}"
    );
    let input = json!({ "input": { "email": email, "password": PASSWORD } });
    customer.post(&query, input).await.1
}

both_ways!(a_sign_in_shows_at_once_all_that_the_person_may_see, |app| {
    let (_, account) = owner(&app, ANNA, "debt").await;
    let mut customer = app.customer();
    let answer = arrive(&customer, ANNA, "").await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let payload = &answer["data"]["signIn"];
    assert_eq!(payload["viewer"]["personalAccounts"]["edges"][0]["node"]["id"], account.as_str());
    assert_eq!(payload["viewer"]["auditEvents"]["edges"][0]["node"]["kind"], "SIGNED_IN");
    let current = payload["viewer"]["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true);
    assert_eq!(current.unwrap()["id"], payload["session"]["id"]);
    // Exactly what the token shows afterwards.
    customer.token = payload["token"].as_str().map(str::to_owned);
    let viewer = customer.ask(&format!("{{ viewer {{ {DEEP} }} }}"), json!({})).await["viewer"].take();
    assert_eq!(payload["viewer"], viewer);
    app.finish().await;
});

both_ways!(who_was_signed_in_before_goes_on_beside_the_sign_in_and_not_below_it, |app| {
    let (anna, _) = owner(&app, ANNA, "debt").await;
    app.confirmed_customer(BORIS).await;
    let beside =
        "updateProfile(input: { fullName: \"Anna\" }) { viewer { email personalAccounts { edges { cursor } } } }";
    let answer = arrive(&anna, BORIS, beside).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let arrived = &answer["data"]["signIn"]["viewer"];
    assert_eq!((&arrived["email"], &arrived["personalAccounts"]["edges"]), (&json!(BORIS), &json!([])));
    let beside = &answer["data"]["updateProfile"]["viewer"];
    assert_eq!(beside["email"], ANNA);
    assert_eq!(beside["personalAccounts"]["edges"].as_array().unwrap().len(), 1);
    app.finish().await;
});

/// Deep fields asked of whose link it is: refused, and the act's own answer stays.
async fn refused_below(customer: &Customer, mutation: &str, input: Value) {
    let name = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
    for field in [
        "personalAccounts { edges { cursor } }",
        "sessions { id }",
        "auditEvents { edges { cursor } }",
        "balance { owed { amount } }",
    ] {
        let query = format!(
            "mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ user {{ email {field} }} userErrors {{ code }} }} }}"
        );
        let (_, answer) = customer.post(&query, json!({ "input": input })).await;
        let shown = &answer["data"][mutation]["user"][field.split(' ').next().unwrap()];
        assert_eq!(*shown, Value::Null, "{answer}");
        match answer["data"][mutation]["userErrors"][0]["code"].as_str() {
            None => assert_eq!(top_code(&answer), "UNAUTHENTICATED", "{answer}"),
            Some(code) => assert_eq!(code, "TOKEN_INVALID", "the link was used before"),
        }
        assert!(answer["data"][mutation]["userErrors"].is_array(), "{answer}");
    }
}

both_ways!(a_link_signs_nobody_in_and_its_payload_survives_what_only_the_person_may_see, |app| {
    // Somebody else is signed in where the links are opened, and sees nothing of theirs there.
    let (anna, _) = owner(&app, ANNA, "debt").await;
    for opener in [app.customer(), anna] {
        let email = if opener.token.is_some() { "clara@example.com" } else { BORIS };
        app.customer().register(email).await;
        app.drain().await;
        let token = app.confirmation_token(email);
        refused_below(&opener, "confirmEmail", json!({ "token": token })).await;
        app.customer().sign_in(email).await;

        let captcha = opener.solve_captcha_for("RESET_PASSWORD").await;
        opener.mutate("requestPasswordReset", "email", json!({ "email": email, "captcha": captcha })).await;
        app.drain().await;
        let input = json!({ "token": app.confirmation_token(email), "password": "a new password 8" });
        refused_below(&opener, "resetPassword", input).await;
        assert!(app.customer().try_to_sign_in(email, "a new password 8").await, "the password is set all the same");
        app.drain().await;
        app.take_letters(email);
    }
    app.finish().await;
});
