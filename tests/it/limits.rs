//! A page costs as many SQL statements for ten accounts as for one.

use serde_json::json;

use crate::billing::execute_sql;
use crate::harness::{Customer, PASSWORD, TestApp, agreements, both_ways};
use crate::metering::{attach, owner};

const DASHBOARD: &str = "{ viewer { email personalAccounts(first: 100) { edges { node { id number provider { name } balance { owed { amount } }
    meters { name lastReading { takenOn values { value } } } statement { period lines { service amount { amount } } } } } } } }";

/// Statements of the dashboard, and how many accounts it shows.
async fn dashboard(app: &TestApp, customer: &Customer) -> (u64, usize) {
    let (statements, data) = app.statements(customer.ask(DASHBOARD, json!({}))).await;
    let edges = data["viewer"]["personalAccounts"]["edges"].as_array().unwrap();
    assert!(edges.iter().all(|edge| !edge["node"]["statement"]["lines"].as_array().unwrap().is_empty()));
    (statements, edges.len())
}

both_ways!(the_dashboard_of_ten_accounts_takes_as_many_statements_as_that_of_one, |app| {
    let (customer, _) = owner(&app, "anna@example.com", "debt").await;
    dashboard(&app, &customer).await;
    let (with_one, shown) = dashboard(&app, &customer).await;
    assert_eq!(shown, 1);
    for note in ["overpaid", "no-meter", "verification-expired", "about-to-roll-over", "day-and-night"] {
        attach(&customer, note).await;
    }
    // The others of the registers, attached as their owners would.
    execute_sql(
        &app,
        "INSERT INTO attachments (id, user_id, personal_account_id, access, nickname, attached_at, proved_at, attached_version) \
         SELECT a.id, t.user_id, a.id, t.access, NULL, t.attached_at, t.proved_at, 0 \
         FROM personal_accounts a CROSS JOIN (SELECT * FROM attachments LIMIT 1) t \
         WHERE a.id NOT IN (SELECT personal_account_id FROM attachments) ORDER BY a.number LIMIT 4",
    )
    .await;
    let (with_ten, shown) = dashboard(&app, &customer).await;
    assert_eq!(shown, 10);
    assert_eq!(with_ten, with_one);
    println!("the dashboard takes {with_ten} statements");
    assert!(with_ten <= 8, "{with_ten} statements");
    app.finish().await;
});

both_ways!(a_page_of_providers_takes_as_many_statements_whatever_its_size, |app| {
    let customer = app.customer();
    let page = |first: i64| {
        let customer = customer.clone();
        async move {
            let query = "query($first: Int!) { providers(first: $first) { edges { node { id code name } } } }";
            customer.ask(query, json!({ "first": first })).await["providers"]["edges"].as_array().unwrap().len()
        }
    };
    let (with_one, shown) = app.statements(page(1)).await;
    assert_eq!(shown, 1);
    let (with_all, shown) = app.statements(page(100)).await;
    assert!(shown > 1);
    assert_eq!(with_all, with_one);
    println!("a page of providers takes {with_all} statements");
    assert!(with_all <= 2, "{with_all} statements");
    app.finish().await;
});

/// Statements of a registration, of a sign-in, and of asking who is signed in, for a person of this name.
async fn arrival(app: &TestApp, name: &str) -> [u64; 3] {
    let email = format!("{name}@example.com");
    let mut customer = app.customer();
    let captcha = customer.solve_captcha().await;
    let input = json!({ "email": email, "password": PASSWORD, "captcha": captcha, "acceptedAgreements": agreements() });
    let (register, payload) = app.statements(customer.mutate("register", "email", input)).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    app.drain().await;
    customer.confirm(&app.confirmation_token(&email)).await;
    let (sign_in, ()) = app.statements(customer.sign_in(&email)).await;
    let (viewer, signed_in) = app.statements(customer.is_signed_in()).await;
    assert!(signed_in);
    [register, sign_in, viewer]
}

both_ways!(to_register_to_sign_in_and_to_ask_who_one_is_take_few_statements_however_many_there_are, |app| {
    let first = arrival(&app, "anna").await;
    for number in 0..8 {
        app.customer().register(&format!("guest{number}@example.com")).await;
        app.customer().sign_in("anna@example.com").await;
    }
    let last = arrival(&app, "boris").await;
    let mut anna = app.customer();
    let (tenth, ()) = app.statements(anna.sign_in("anna@example.com")).await;
    let (seen, _) = app.statements(anna.is_signed_in()).await;
    println!("register, sign in, viewer: {first:?}, then {last:?}; the tenth session {tenth} and {seen}");
    assert_eq!(last, first);
    let [register, sign_in, viewer] = first;
    // The first session does not cost less than the tenth; in the embedded way sessions are rows as well.
    assert!(tenth <= sign_in && seen == viewer, "{tenth} {seen} {first:?}");
    assert!(register <= 18 && sign_in <= 24 && viewer <= 3, "{first:?}");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});
