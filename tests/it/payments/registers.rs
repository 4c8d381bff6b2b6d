//! Registers out to providers, and what they tell back.

use chrono::TimeDelta;
use entity::exact::Money;
use kabinet::payments::refund::RefundWish;
use kabinet::payments::register::Outcome;
use serde_json::json;

use super::{custom, settle, started};
use crate::billing::number;
use crate::harness::{Customer, TestApp, both_ways, sample};
use crate::integrators::Program;
use crate::integrators::batches::{ROWS, outcomes};
use crate::metering::owner;

/// Ids of the payments.
async fn paid(app: &TestApp, customer: &Customer, account: &str, sums: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for sum in sums {
        let begun = started(customer, custom(account, sum, sum)).await;
        app.bank(&begun.url, "pay").await;
        app.drain().await;
        ids.push(begun.id);
    }
    app.discard_letters();
    settle(app).await;
    ids
}

async fn operator(app: &TestApp, arguments: &[&str]) -> String {
    let output = app.operator(arguments).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{arguments:?}: {told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

both_ways!(a_provider_is_told_of_each_payment_once_and_tells_what_it_has_posted, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    paid(&app, &customer, &account, &["10.00", "20.50"]).await;
    assert!(!app.operator(&["registers", "write", code]).await.status.success(), "there is no template");
    operator(&app, &["payment-terms", "set", code, "--register", "csv"]).await;
    let written = operator(&app, &["registers", "write", code]).await;
    let file = format!("payments_{code}_001.csv");
    assert!(written.lines().nth(1).unwrap().ends_with(&format!(",csv,{file},2,30.50")), "{written}");
    assert_eq!(operator(&app, &["registers", "write", code]).await.lines().count(), 1, "nothing is left to tell");
    paid(&app, &customer, &account, &["5.00"]).await;
    assert!(operator(&app, &["registers", "write", code]).await.contains(",1,5.00"), "the next tells of the next");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    operator(&app, &["registers", "save", code, "1", "--out", out]).await;
    let path = folder.path().join(&file);
    let content = std::fs::read_to_string(&path).unwrap();
    assert!(content.ends_with("#TOTAL;2;30.50\n"), "{content}");
    // A word of the provider's that is not whole changes nothing.
    std::fs::write(folder.path().join("cut.csv"), content.replace("20.50", "20.51")).unwrap();
    let cut = folder.path().join("cut.csv");
    assert!(!app.operator(&["registers", "posted", code, cut.to_str().unwrap()]).await.status.success());
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM payments WHERE posted_at IS NOT NULL").await, 0);
    let told = operator(&app, &["registers", "posted", code, path.to_str().unwrap()]).await;
    assert_eq!(told.matches(",POSTED").count(), 2, "{told}");
    let again = operator(&app, &["registers", "posted", code, path.to_str().unwrap()]).await;
    assert_eq!(again.matches(",REPEATED").count(), 2, "{again}");
    assert_eq!(number(&app, "SELECT COUNT(*) AS number FROM payments WHERE posted_at IS NOT NULL").await, 2);
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { payments(last: 1) { edges { node { steps { kind doneAt } } } } } } }";
    let oldest = customer.ask(query, json!({ "id": account })).await;
    let steps = &oldest["node"]["payments"]["edges"][0]["node"]["steps"];
    let done = |step: &serde_json::Value| step["doneAt"].is_string();
    assert!(steps.as_array().unwrap().iter().all(done), "{steps}");
    app.finish().await;
});

both_ways!(rows_of_strangers_and_of_other_sums_are_told_apart, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    paid(&app, &customer, &account, &["10.00"]).await;
    operator(&app, &["payment-terms", "set", code, "--register", "csv"]).await;
    operator(&app, &["registers", "write", code]).await;
    let accounts = &app.app.services.accounts;
    let payments = &app.app.services.payments;
    let provider = accounts.provider_id(code).await.unwrap().unwrap();
    let register = payments.find_register(provider, 1).await.unwrap().unwrap();
    assert_eq!((register.payments, register.total), (1, Money(1_000)));
    let content = String::from_utf8(register.content).unwrap();
    let other_sum = content.replace("10.00", "11.00");
    let taken = payments.take_postings(provider, other_sum.as_bytes()).await.unwrap();
    assert_eq!(taken[0].1, Outcome::AmountDiffers);
    let row = content.lines().nth(1).unwrap();
    let id = row.rsplit_once(';').unwrap().1;
    let stranger = content.replace(id, "01904f2e-0000-7000-8000-000000000001");
    assert_eq!(payments.take_postings(provider, stranger.as_bytes()).await.unwrap()[0].1, Outcome::Unknown);
    let other = accounts.provider_id(&sample("overpaid").provider_code).await.unwrap().unwrap();
    if other != provider {
        operator(&app, &["payment-terms", "set", &sample("overpaid").provider_code, "--register", "csv"]).await;
        let taken = payments.take_postings(other, content.as_bytes()).await.unwrap();
        assert_eq!(taken[0].1, Outcome::Unknown, "another provider's payment");
    }
    app.finish().await;
});

both_ways!(what_a_provider_posted_by_itself_stands_in_no_register, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    let ids = paid(&app, &customer, &account, &["10.00", "20.00", "40.00", "60.00"]).await;
    let program = Program::add(&app, "debt", "POSTINGS").await.caller().await;
    let post = async |key: &str, rows: &[(&str, &str)]| {
        let rows: Vec<_> = rows.iter().map(|(id, amount)| json!({ "paymentId": id, "amount": amount })).collect();
        let input = json!({ "batchKey": key, "postings": rows });
        outcomes(&program.mutate("reportPaymentPostings", ROWS, input).await)
    };
    // Of the second 5 were given back before the provider posted it; of the first afterwards.
    give_back(&app, &ids[1], "5.00").await;
    // Of the fourth a statement has shown what was left, before the provider names it.
    give_back(&app, &ids[3], "10.00").await;
    app.sql("UPDATE payments SET posted_at = paid_at WHERE amount = 6000").await;
    assert_eq!(post("s", &[(&ids[3], "50")]).await, ["UNCHANGED"]);
    assert_eq!(post("a", &[(&ids[0], "10"), (&ids[1], "15")]).await, ["CHANGED", "CHANGED"]);
    give_back(&app, &ids[0], "3.00").await;
    assert_eq!(post("b", &[(&ids[1], "-5")]).await, ["UNCHANGED"], "it never came");
    assert_eq!(post("c", &[(&ids[2], "-1")]).await, ["POSTING_AMOUNT_DIFFERS"]);
    operator(&app, &["payment-terms", "set", code, "--register", "csv"]).await;
    operator(&app, &["registers", "write", code]).await;
    assert_eq!(sums(&file(&app, code, 1).await), ["-3.00", "40.00", "37.00"]);
    // Told by the API, a return is posted there and told by no register.
    give_back(&app, &ids[0], "2.00").await;
    assert_eq!(post("d", &[(&ids[0], "-2"), (&ids[0], "-3")]).await, ["CHANGED", "CHANGED"]);
    assert_eq!(post("e", &[(&ids[0], "-2")]).await, ["UNCHANGED"]);
    operator(&app, &["registers", "write", code]).await;
    let accounts = &app.app.services.accounts;
    let provider = accounts.provider_id(code).await.unwrap().unwrap();
    assert!(app.app.services.payments.find_register(provider, 2).await.unwrap().is_none(), "nothing is left to tell");
    app.discard_letters();
    app.finish().await;
});

async fn give_back(app: &TestApp, id: &str, part: &str) {
    operator(app, &["refunds", "make", id, "--amount", part, "--reason", "ошибка", "--by", "op"]).await;
    app.drain().await;
}

async fn file(app: &TestApp, code: &str, number: i32) -> String {
    let services = &app.app.services;
    let provider = services.accounts.provider_id(code).await.unwrap().unwrap();
    let register = services.payments.find_register(provider, number).await.unwrap().unwrap();
    String::from_utf8(register.content).unwrap()
}

/// Sums of a file, sorted as text, the whole one last.
fn sums(file: &str) -> Vec<&str> {
    let lines = file.lines().skip(1);
    let column = |line: &str| if line.starts_with('#') { 2 } else { 1 };
    let mut sums: Vec<_> = lines.map(|line| line.split(';').nth(column(line)).unwrap()).collect();
    let whole = sums.pop().unwrap();
    sums.sort_unstable();
    sums.push(whole);
    sums
}

both_ways!(what_is_given_back_after_a_register_stands_in_the_next_below_zero_and_once, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    operator(&app, &["payment-terms", "set", code, "--register", "csv"]).await;
    let ids = paid(&app, &customer, &account, &["10.00", "20.50", "30.00"]).await;
    // Before: the provider hears of what is left, and nothing of what is given back whole.
    give_back(&app, &ids[1], "0.50").await;
    give_back(&app, &ids[2], "30.00").await;
    operator(&app, &["registers", "write", code]).await;
    assert_eq!(sums(&file(&app, code, 1).await), ["10.00", "20.00", "30.00"]);
    assert_eq!(operator(&app, &["registers", "write", code]).await.lines().count(), 1, "nothing is left to tell");
    // After: a row of its own, beside what is new.
    give_back(&app, &ids[1], "5.00").await;
    give_back(&app, &ids[0], "10.00").await;
    paid(&app, &customer, &account, &["7.00"]).await;
    let written = operator(&app, &["registers", "write", code]).await;
    assert!(written.contains(",3,-8.00"), "{written}");
    let second = file(&app, code, 2).await;
    assert_eq!(sums(&second), ["-10.00", "-5.00", "7.00", "-8.00"]);
    assert_eq!(operator(&app, &["registers", "write", code]).await.lines().count(), 1, "it is told once");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posted.csv");
    for (number, outcome, rows) in [(1, ",POSTED", 2), (2, ",POSTED", 3), (2, ",REPEATED", 3), (1, ",REPEATED", 2)] {
        std::fs::write(&path, file(&app, code, number).await).unwrap();
        let told = operator(&app, &["registers", "posted", code, path.to_str().unwrap()]).await;
        assert_eq!(told.matches(outcome).count(), rows, "{number}: {told}");
    }
    let strange = second.replace("-5.00", "-6.00").replace("-8.00", "-9.00");
    std::fs::write(&path, strange).unwrap();
    let told = operator(&app, &["registers", "posted", code, path.to_str().unwrap()]).await;
    assert_eq!(told.matches(",AMOUNT_DIFFERS").count(), 1, "{told}");
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_day_of_registers_tells_what_came_and_went_until_it_ended_once, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let code = sample("debt").provider_code.as_str();
    operator(&app, &["payment-terms", "set", code, "--register", "csv"]).await;
    let before = app.clock.now();
    app.advance(TimeDelta::seconds(1));
    let ids = paid(&app, &customer, &account, &["10.00"]).await;
    let payments = &app.app.services.payments;
    assert_eq!(payments.write_registers(before).await.unwrap(), 0, "it came later");
    let end = app.clock.now();
    assert_eq!(payments.write_registers(end).await.unwrap(), 1);
    app.advance(TimeDelta::seconds(1));
    let wish = RefundWish { amount: Some(Money(200)), reason: "ошибка", by: "op", key: "one" };
    payments.refund(kabinet::graphql::ids::decode(&ids[0]).unwrap(), wish).await.unwrap();
    // Looked at every hour, and by every instance.
    assert_eq!(payments.write_registers(end).await.unwrap(), 0);
    assert_eq!(payments.write_registers(app.clock.now()).await.unwrap(), 1);
    assert_eq!(sums(&file(&app, code, 2).await), ["-2.00", "-2.00"]);
    app.discard_letters();
    app.finish().await;
});
