//! What a person takes along: papers, tables, and the code on a receipt.

mod code;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, both_ways};
use crate::metering::{attach_limited, owner};

/// The addresses of everything that can be downloaded of an account.
async fn addresses(customer: &Customer, account: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount {
        usageCsvUrl billsCsvUrl chargesCsvUrl statement { pdfUrl period lines { service amount { amount } } } } } }";
    customer.ask(query, json!({ "id": account })).await["node"].take()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// Whoever may not have it hears the same as of what does not exist.
async fn is_hidden(customer: &Customer, url: &str) {
    let (status, _, bytes) = customer.download(url).await;
    assert_eq!(
        (status, String::from_utf8_lossy(&bytes).as_ref()),
        (StatusCode::NOT_FOUND, "There is no such document.\n")
    );
}

both_ways!(a_statement_is_downloaded_as_pdf_by_its_owner_alone, |app| {
    let (mut customer, account) = owner(&app, "anna@example.com", "debt").await;
    let shown = addresses(&customer, &account).await;
    let url = text(&shown["statement"]["pdfUrl"]).to_owned();
    for language in ["ru", "en"] {
        customer.language = language;
        let (status, headers, bytes) = customer.download(&url).await;
        assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"application/pdf".parse().unwrap()));
        assert_eq!(headers["cache-control"], "no-store");
        let name = headers["content-disposition"].to_str().unwrap();
        assert!(name.starts_with("attachment; filename=\"statement-") && name.ends_with("-2026-05.pdf\""), "{name}");
        assert!(bytes.starts_with(b"%PDF-") && bytes.len() > 5000);
    }
    is_hidden(&app.customer(), &url).await;
    let other = app.confirmed_customer("boris@example.com").await;
    is_hidden(&other, &url).await;
    attach_limited(&other, "debt").await;
    is_hidden(&other, &url).await;
    let strange = url.replace("statement_", "statement_7");
    is_hidden(&customer, &strange).await;
    for path in ["statements", "statements/", "statements/x.pdf", "payments/..%2f", "accounts/x/usage.csv"] {
        is_hidden(&customer, &format!("/downloads/{path}")).await;
    }
    app.finish().await;
});

both_ways!(a_receipt_is_there_once_the_money_has_come, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let input = json!({ "personalAccountId": account, "amount": { "custom": "100.00" }, "idempotencyKey": "one" });
    let fields = "payment { id confirmationUrl receiptUrl }";
    let payment = customer.mutate("startPayment", fields, input).await["payment"].take();
    assert_eq!(payment["receiptUrl"], json!(null));
    let id = text(&payment["id"]);
    is_hidden(&customer, &format!("/downloads/payments/{id}.pdf")).await;
    app.bank(text(&payment["confirmationUrl"]), "pay").await;
    app.drain().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { receiptUrl } } }";
    let paid = customer.ask(query, json!({ "id": id })).await;
    let url = text(&paid["node"]["receiptUrl"]);
    let (status, _, bytes) = customer.download(url).await;
    assert_eq!(status, StatusCode::OK);
    assert!(bytes.starts_with(b"%PDF-"));
    let (other, _) = owner(&app, "boris@example.com", "debt").await;
    is_hidden(&other, url).await;
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

async fn table(customer: &Customer, url: &Value) -> Vec<Vec<String>> {
    let (status, headers, bytes) = customer.download(text(url)).await;
    assert_eq!((status, &headers["content-type"]), (StatusCode::OK, &"text/csv; charset=utf-8".parse().unwrap()));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

both_ways!(use_and_bills_are_downloaded_as_tables, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let shown = addresses(&customer, &account).await;
    let bills = table(&customer, &shown["billsCsvUrl"]).await;
    let periods: Vec<_> = bills.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(periods, ["period", "2026-03", "2026-04", "2026-05"]);
    assert_eq!(bills.last().unwrap()[6], crate::harness::sample("debt").debt);
    let charges = table(&customer, &shown["chargesCsvUrl"]).await;
    let newest: Vec<_> = charges.iter().filter(|row| row[0] == "2026-05").map(|row| (&row[2], &row[7])).collect();
    let lines = shown["statement"]["lines"].as_array().unwrap();
    assert_eq!(newest.len(), lines.len());
    for ((service, amount), line) in newest.into_iter().zip(lines) {
        assert_eq!((service.as_str(), amount.as_str()), (text(&line["service"]), text(&line["amount"]["amount"])));
    }
    let used = table(&customer, &shown["usageCsvUrl"]).await;
    assert_eq!(used[0][4], "volume");
    assert!(used.iter().any(|row| row[0] == "2026-05"), "{used:?}");
    for url in ["usageCsvUrl", "billsCsvUrl", "chargesCsvUrl"] {
        is_hidden(&app.customer(), text(&shown[url])).await;
    }
    limited_access_has_no_tables(&app, &shown).await;
    app.finish().await;
});

async fn limited_access_has_no_tables(app: &TestApp, shown: &Value) {
    let other = app.confirmed_customer("boris@example.com").await;
    let account = attach_limited(&other, "debt").await;
    let seen = addresses(&other, &account).await;
    for url in ["usageCsvUrl", "billsCsvUrl", "chargesCsvUrl"] {
        assert_eq!(seen[url], json!(null));
        is_hidden(&other, text(&shown[url])).await;
    }
}
