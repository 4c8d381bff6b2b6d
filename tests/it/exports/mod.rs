//! All data of a person in one archive: asked for, made, fetched by its person alone, gone in time.

mod interruption;
mod refusals;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use chrono::TimeDelta;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, COOKIE, HeaderMap};
use serde_json::{Value, json};
use zip::ZipArchive;

use crate::billing::number;
use crate::harness::{Customer, PASSWORD, TestApp, both_ways, sample, user_errors};
use crate::metering::{attach_limited, meter, owner, submit};
use crate::payments::{custom, settle, started};

pub const EMAIL: &str = "anna@example.com";
const FIELDS: &str = "export { id state requestedAt records readyAt expiresAt sizeKib downloadUrl }";
const CHUNKS: &str = "SELECT COUNT(*) AS number FROM data_export_chunks";
const LISTS: [&str; 18] = [
    "profile",
    "agreements",
    "sessions",
    "audit",
    "accounts",
    "shares",
    "meters",
    "readings",
    "statements",
    "statement_lines",
    "ledger",
    "payments",
    "refunds",
    "saved_methods",
    "autopays",
    "autopay_runs",
    "support",
    "client_grants",
];

pub async fn request(customer: &Customer) -> Value {
    customer.mutate("exportMyData", FIELDS, json!({ "stepUp": { "password": PASSWORD } })).await
}

pub async fn exports(customer: &Customer) -> Value {
    let query = format!("{{ viewer {{ {} }} }}", FIELDS.replace("export ", "exports "));
    customer.ask(&query, json!({})).await["viewer"]["exports"].take()
}

/// Asks for an archive, lets it be made and takes the letter; where it is fetched.
pub async fn made(app: &TestApp, customer: &Customer) -> String {
    assert_eq!(user_errors(&request(customer).await), []);
    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].subject, "The archive of your data is ready");
    let url = exports(customer).await[0]["downloadUrl"].as_str().unwrap().to_owned();
    assert!(letters[0].text.contains(&url), "{}", letters[0].text);
    // Templates write a slash in HTML as a reference.
    let id = url.rsplit_once('/').unwrap().1;
    for text in [&letters[0].text, &letters[0].html] {
        assert!(text.contains(id) && text.contains("2026-06-27 12:00 (Moscow time)"), "{text}");
    }
    url
}

pub async fn fetch(url: &str, token: Option<&str>) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = reqwest::Client::new().get(url);
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

pub fn unzipped(bytes: Vec<u8>) -> BTreeMap<String, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("the archive is whole");
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let (name, mut text) = (file.name().unwrap().into_owned(), String::new());
        file.read_to_string(&mut text).expect("every file is whole and UTF-8");
        assert_eq!(files.insert(name, text), None);
    }
    files
}

/// Every list as JSON, and what a spreadsheet reads of the CSV beside it: the same rows.
pub fn lists(files: &BTreeMap<String, String>) -> BTreeMap<&'static str, Vec<Value>> {
    let mut lists = BTreeMap::new();
    for name in LISTS {
        let rows: Vec<Value> = serde_json::from_str(&files[&format!("{name}.json")]).unwrap();
        let csv = &files[&format!("{name}.csv")];
        let csv = csv.strip_prefix('\u{feff}').unwrap_or_else(|| panic!("{name}.csv has no byte order mark"));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let columns: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), rows.len(), "{name}");
        for (record, row) in records.iter().zip(&rows) {
            for (column, cell) in columns.iter().zip(record) {
                let meant = match &row[column] {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), meant, "{name}.{column}");
            }
        }
        lists.insert(name, rows);
    }
    lists
}

both_ways!(the_archive_holds_what_belongs_to_the_person, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    app.advance(TimeDelta::seconds(1));
    let limited = attach_limited(&anna, "overpaid").await;
    let profile = json!({ "fullName": "=Анна «Ёлкина», дача", "phone": "+7 900 123-45-67" });
    assert_eq!(user_errors(&anna.mutate("updateProfile", "viewer { email }", profile).await), []);
    let offer = json!({ "personalAccountId": account, "email": "clara@example.com", "access": "VIEW_AND_PAY" });
    assert_eq!(user_errors(&anna.mutate("sharePersonalAccount", "share { id }", offer).await), []);
    let reading = meter(&anna, &account).await.reading(2);
    assert_eq!(user_errors(&submit(&anna, json!([reading])).await), []);
    let payment = started(&anna, custom(&account, "100.00", "one")).await;
    app.bank(&payment.url, "pay").await;
    // Somebody else's, on the same account.
    let (boris, _) = owner(&app, "boris@example.com", "debt").await;
    let his = started(&boris, custom(&account, "55.00", "his")).await;
    app.bank(&his.url, "pay").await;
    settle(&app).await;
    app.discard_letters();

    let (status, _, bytes) = fetch(&made(&app, &anna).await, anna.token.as_deref()).await;
    assert_eq!(status, 200);
    let files = unzipped(bytes);
    assert_eq!(files.len(), 1 + 2 * LISTS.len(), "{:?}", files.keys());
    assert!(files["README.txt"].contains("Ваши данные") && files["README.txt"].contains("Your data"));
    let lists = lists(&files);
    assert_eq!(lists["profile"][0]["fullName"], "=Анна «Ёлкина», дача");
    assert!(files["profile.csv"].contains(",\"'=Анна «Ёлкина», дача\",'+79001234567,"), "{}", files["profile.csv"]);
    assert_eq!(lists["agreements"].len(), 2);
    assert_eq!(lists["sessions"].len(), 1);
    assert_eq!(lists["audit"][0]["kind"], "DATA_EXPORT_REQUESTED");
    let accounts: Vec<_> = lists["accounts"].iter().map(|row| (&row["id"], &row["access"])).collect();
    assert_eq!(accounts, [(&json!(account), &json!("FULL")), (&json!(limited), &json!("LIMITED"))]);
    assert_eq!(lists["accounts"][0]["number"], json!(sample("debt").number));
    assert!(lists["accounts"][0]["holderName"].is_string() && lists["accounts"][1]["holderName"].is_null());
    let shared = (&lists["shares"][0]["account"], &lists["shares"][0]["email"], &lists["shares"][0]["access"]);
    assert_eq!(shared, (&json!(account), &json!("clara@example.com"), &json!("VIEW_AND_PAY")));
    for list in ["statements", "ledger", "readings"] {
        assert!(!lists[list].is_empty(), "{list}");
        assert!(lists[list].iter().all(|row| row["account"] == json!(account)), "{list}: FULL access only");
    }
    assert_eq!(lists["statements"].len(), 3);
    assert!(lists["statement_lines"].len() >= 3);
    assert!(lists["meters"].iter().any(|row| row["account"] == json!(limited)));
    assert_eq!(lists["payments"].len(), 1, "not what others paid");
    assert_eq!((&lists["payments"][0]["id"], &lists["payments"][0]["amount"]), (&json!(payment.id), &json!("100.00")));
    let whole = files.values().map(String::as_str).collect::<String>();
    assert!(!whole.contains("boris") && !whole.contains(anna.token.as_deref().unwrap()) && !whole.contains("argon2"));
    app.finish().await;
});

both_ways!(readings_sent_with_limited_access_are_exported_without_the_accounts_history, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let boris = app.confirmed_customer("boris@example.com").await;
    let account = crate::metering::attach(&boris, "debt").await;
    assert_eq!(attach_limited(&anna, "debt").await, account);
    let reading = meter(&boris, &account).await.reading(2);
    let sent = submit(&anna, json!([reading])).await["readings"][0]["id"].take();
    // Also when the account is on the list no more.
    anna.mutate("detachPersonalAccount", "detachedId", json!({ "personalAccountId": account })).await;
    app.drain().await;
    app.discard_letters();
    let lists = lists(&unzipped(fetch(&made(&app, &anna).await, anna.token.as_deref()).await.2));
    assert_eq!(lists["readings"].len(), 1);
    assert_eq!((&lists["readings"][0]["id"], &lists["readings"][0]["consumption"]), (&sent, &Value::Null));
    assert!(lists["accounts"].is_empty() && lists["ledger"].is_empty());
    app.finish().await;
});

both_ways!(its_person_sees_how_far_it_has_come_and_fetches_it_by_header_or_cookie, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let asked = request(&anna).await["export"].take();
    assert_eq!(
        (&asked["state"], &asked["records"], &asked["downloadUrl"]),
        (&json!("PENDING"), &json!(0), &Value::Null)
    );
    assert_eq!(exports(&anna).await, json!([asked]));
    app.drain().await;
    app.discard_letters();
    let ready = exports(&anna).await[0].take();
    assert_eq!((&ready["state"], &ready["readyAt"]), (&json!("READY"), &json!("2026-06-20T09:00:00Z")));
    assert_eq!(ready["expiresAt"], "2026-06-27T09:00:00Z");
    assert!(ready["records"].as_i64().unwrap() > 10 && ready["sizeKib"].as_i64().unwrap() > 1, "{ready}");
    let url = ready["downloadUrl"].as_str().unwrap();
    assert_eq!(url, format!("{}/exports/{}", app.url, asked["id"].as_str().unwrap()));

    let token = anna.token.as_deref().unwrap();
    let (status, headers, bytes) = fetch(url, Some(token)).await;
    assert_eq!((status, &headers[CONTENT_TYPE]), (StatusCode::OK, &"application/zip".parse().unwrap()));
    assert_eq!(headers[CONTENT_DISPOSITION], "attachment; filename=\"kabinet-2026-06-20.zip\"");
    assert_eq!(headers[CACHE_CONTROL], "private, no-store");
    let by_cookie = reqwest::Client::new().get(url).header(COOKIE, format!("kabinet={token}")).send().await.unwrap();
    assert_eq!(by_cookie.bytes().await.unwrap(), bytes);
    let query = "{ viewer { auditEvents(first: 3) { nodes { kind details { name value } } } } }";
    let events = anna.ask(query, json!({})).await["viewer"]["auditEvents"]["nodes"].take();
    let about = json!([{ "name": "export", "value": asked["id"] }]);
    for (event, kind) in events.as_array().unwrap().iter().zip([
        "DATA_EXPORT_DOWNLOADED",
        "DATA_EXPORT_DOWNLOADED",
        "DATA_EXPORT_REQUESTED",
    ]) {
        assert_eq!(event, &json!({ "kind": kind, "details": about }));
    }
    app.finish().await;
});

both_ways!(an_archive_goes_after_its_days, |app| {
    let mut anna = app.confirmed_customer(EMAIL).await;
    let url = made(&app, &anna).await;
    app.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    app.drain().await;
    anna.sign_in(EMAIL).await;
    assert_eq!(fetch(&url, anna.token.as_deref()).await.0, 200);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(fetch(&url, anna.token.as_deref()).await.0, 404, "before the job has come");
    assert_eq!(exports(&anna).await, json!([]));
    assert!(number(&app, CHUNKS).await > 0);
    app.drain().await;
    assert_eq!(number(&app, CHUNKS).await, 0);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM data_exports").await, 0);
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_deleted_cabinet_leaves_no_archive, |app| {
    let mut anna = app.confirmed_customer(EMAIL).await;
    anna.mutate("deleteMyCabinet", "viewer { email }", json!({ "stepUp": { "password": PASSWORD } })).await;
    app.drain().await;
    app.advance(TimeDelta::days(13));
    app.drain().await;
    anna.sign_in(EMAIL).await;
    request(&anna).await;
    app.drain().await;
    assert!(number(&app, CHUNKS).await > 0);
    app.advance(TimeDelta::days(1));
    app.drain().await;
    assert_eq!(number(&app, CHUNKS).await, 0);
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM data_exports").await, 0);
    let erased = crate::identity::erasures(&app).await;
    assert_eq!(erased[0].1["exports"], 1);
    app.advance(TimeDelta::days(7));
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(what_is_paid_by_itself_and_what_was_given_back_is_exported, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let mut input = custom(&account, "10.00", "save");
    input["saveMethod"] = json!(true);
    let begun = started(&anna, input).await;
    app.bank(&begun.url, "pay").await;
    app.drain().await;
    settle(&app).await;
    app.operator(&["refunds", "make", &begun.id, "--amount", "4", "--reason", "ошибка", "--by", "op"]).await;
    let methods = anna.ask("{ viewer { savedMethods { id } } }", json!({})).await;
    let method = methods["viewer"]["savedMethods"][0]["id"].clone();
    let wish = json!({ "personalAccountId": account, "savedMethodId": method, "actsOn": "NEW_STATEMENT", "ceiling": "700000",
                       "consent": true, "idempotencyKey": "one" });
    assert_eq!(user_errors(&anna.mutate("setAutopay", "autopay { id }", wish).await), []);
    // As if the newest statement had come since.
    app.sql("UPDATE autopays SET after_period = 202001").await;
    assert_eq!(app.app.services.payments.plan_autopays().await.unwrap(), 1);
    app.drain().await;
    app.discard_letters();
    let (_, _, bytes) = fetch(&made(&app, &anna).await, anna.token.as_deref()).await;
    let lists = lists(&unzipped(bytes));
    let refund = &lists["refunds"][0];
    assert_eq!(
        (&refund["payment"], &refund["amount"], &refund["reason"]),
        (&json!(begun.id), &json!("4.00"), &json!("ошибка"))
    );
    assert_eq!(lists["payments"][0]["refunded"], "4.00");
    assert_eq!((&lists["saved_methods"][0]["id"], &lists["saved_methods"][0]["title"]), (&method, &json!("*4477")));
    let autopay = &lists["autopays"][0];
    assert_eq!(
        (&autopay["account"], &autopay["savedMethod"], &autopay["ceiling"]),
        (&json!(account), &method, &json!("700000.00"))
    );
    let run = &lists["autopay_runs"][0];
    assert_eq!((&run["autopay"], &run["state"]), (&autopay["id"], &json!("ANNOUNCED")));
    app.finish().await;
});
