//! The code on a receipt: ours, and those that others print.

use serde_json::{Value, json};

use super::text;
use crate::harness::{Customer, TestApp, both_ways, sample};
use crate::metering::{attach_limited, owner};

async fn code(customer: &Customer, account: &str) -> Value {
    let query =
        "query($id: ID!) { node(id: $id) { ... on PersonalAccount { paymentQr { text svg amount { amount } } } } }";
    customer.ask(query, json!({ "id": account })).await["node"]["paymentQr"].take()
}

async fn check(customer: &Customer, text: &str) -> Value {
    let query = "query($text: String!) { checkPaymentQr(text: $text) { verdict provider { code } differences payeeName
        amount { amount } period accountNumber personalAccount { id } } }";
    customer.ask(query, json!({ "text": text })).await["checkPaymentQr"].take()
}

async fn change_payee(app: &TestApp, valid_from: &str) {
    app.sql(&format!(
        "UPDATE provider_terms SET valid_from = '{valid_from}', bank_account = '40702810999999999999' \
         WHERE valid_from = '2026-03-01' AND provider_id = (SELECT id FROM providers WHERE code = '{}')",
        sample("debt").provider_code
    ))
    .await;
}

both_ways!(a_code_asks_for_what_is_owed, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let shown = code(&customer, &account).await;
    assert_eq!(shown["amount"]["amount"], sample("debt").debt);
    let kopecks = sample("debt").debt.replace('.', "");
    let written = text(&shown["text"]);
    assert!(written.starts_with("ST00012|Name=") && written.contains(&format!("|Sum={kopecks}|")), "{written}");
    assert!(written.contains(&format!("|PersAcc={}|", sample("debt").number)));
    assert!(text(&shown["svg"]).starts_with("<svg"));
    let account = crate::metering::attach(&customer, "overpaid").await;
    let ahead = code(&customer, &account).await;
    assert_eq!(ahead["amount"], json!(null));
    assert!(!text(&ahead["text"]).contains("Sum="), "the payer chooses");
    let limited = app.confirmed_customer("boris@example.com").await;
    let account = attach_limited(&limited, "debt").await;
    let seen = code(&limited, &account).await;
    assert_eq!(seen["text"], shown["text"], "paying is what LIMITED access is for, and no name is in it");
    app.finish().await;
});

both_ways!(a_fake_receipt_is_told_by_where_the_money_goes, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let genuine = text(&code(&customer, &account).await["text"]).to_owned();
    let checked = check(&customer, &genuine).await;
    assert_eq!((&checked["verdict"], &checked["differences"]), (&json!("GENUINE"), &json!([])));
    assert_eq!(checked["provider"]["code"], sample("debt").provider_code.as_str());
    assert_eq!(checked["amount"]["amount"], sample("debt").debt);
    assert_eq!(checked["personalAccount"]["id"], account.as_str());

    let pair = |key: &str| {
        let found = genuine.split('|').find(|pair| pair.starts_with(&format!("{key}=")));
        found.unwrap().to_owned()
    };
    let fake = genuine.replace(&pair("PersonalAcc"), "PersonalAcc=40817810000000000666");
    let checked = check(&app.customer(), &fake).await;
    assert_eq!((&checked["verdict"], &checked["differences"]), (&json!("FAKE"), &json!(["ACCOUNT"])));
    assert_eq!(checked["provider"]["code"], sample("debt").provider_code.as_str());
    // Only the name is borrowed.
    let borrowed =
        format!("ST00012|{}|PersonalAcc=40817810000000000666|BIC=044525999|PayeeINN=500100732259", pair("Name"));
    let checked = check(&app.customer(), &borrowed).await;
    assert_eq!((&checked["verdict"], &checked["differences"]), (&json!("FAKE"), &json!(["INN", "BIC", "ACCOUNT"])));
    let stranger = "ST00012|Name=ИП Иванов|PersonalAcc=40802810000000000001|BIC=044525999|PayeeINN=500100732259";
    assert_eq!(check(&app.customer(), stranger).await["verdict"], "UNKNOWN_PAYEE");
    for text in ["", "https://example.com", "ST0001"] {
        assert_eq!(check(&app.customer(), text).await["verdict"], "UNREADABLE", "{text}");
    }
    app.finish().await;
});

both_ways!(a_receipt_from_before_a_change_of_the_account_is_outdated, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let before = text(&code(&customer, &account).await["text"]).to_owned();
    change_payee(&app, "2026-06-19").await;
    let checked = check(&customer, &before).await;
    assert_eq!((&checked["verdict"], &checked["differences"]), (&json!("OUTDATED"), &json!(["ACCOUNT"])));
    let now = text(&code(&customer, &account).await["text"]).to_owned();
    assert!(now.contains("PersonalAcc=40702810999999999999"));
    assert_eq!(check(&customer, &now).await["verdict"], "GENUINE");
    app.finish().await;
});

both_ways!(a_check_tells_nobody_whose_number_it_is, |app| {
    let (owner, account) = owner(&app, "anna@example.com", "debt").await;
    let genuine = text(&code(&owner, &account).await["text"]).to_owned();
    let other = app.confirmed_customer("boris@example.com").await;
    let nobody = genuine.replace(&format!("PersAcc={}", sample("debt").number), "PersAcc=0000000000");
    for customer in [&other, &app.customer()] {
        let (known, unknown) = (check(customer, &genuine).await, check(customer, &nobody).await);
        assert_eq!((&known["personalAccount"], &unknown["personalAccount"]), (&json!(null), &json!(null)));
        assert_eq!(known["verdict"], unknown["verdict"]);
    }
    app.finish().await;
});
