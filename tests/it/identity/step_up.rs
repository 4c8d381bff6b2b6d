//! The proof that is asked again before a risky act.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, both_ways, user_errors};

const EMAIL: &str = "anna@example.com";
const NEW: &str = "a new password 8";

async fn change(customer: &Customer, current: &str, new: &str) -> Value {
    let input = json!({ "currentPassword": current, "newPassword": new });
    customer.mutate("changePassword", "viewer { email }", input).await
}

both_ways!(right_proofs_cost_no_try_and_give_no_wrong_one_back, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let mut passwords = [PASSWORD, NEW];
    for _ in 0..4 {
        let [old, new] = passwords;
        let wrong = change(&customer, "a guess 1234", new).await;
        assert_eq!(user_errors(&wrong), [("WRONG_PASSWORD".to_owned(), json!(["currentPassword"]))]);
        for (from, to) in [(old, new), (new, old), (old, new)] {
            assert_eq!(change(&customer, from, to).await["viewer"]["email"], EMAIL);
        }
        passwords = [new, old];
    }
    let [now, new] = passwords;
    let wrong = change(&customer, "a guess 1234", new).await;
    assert_eq!(user_errors(&wrong), [("WRONG_PASSWORD".to_owned(), json!(["currentPassword"]))]);
    let refused = change(&customer, now, new).await;
    assert_eq!(user_errors(&refused), [("TOO_MANY_TRIES".to_owned(), json!(["currentPassword"]))]);
    app.advance(TimeDelta::minutes(15));
    assert_eq!(change(&customer, now, new).await["viewer"]["email"], EMAIL);
    app.drain().await;
    app.take_letters(EMAIL);
    app.finish().await;
});
