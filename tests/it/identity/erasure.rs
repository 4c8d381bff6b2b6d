//! What proves that a cabinet was deleted.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{TestApp, both_ways};

/// Reason and counts of every erasure, oldest first.
pub async fn erasures(app: &TestApp) -> Vec<(String, Value)> {
    let records = app.app.services.identity.erasures(None).await.unwrap();
    let shown = |record: &entity::erasure::Model| {
        (record.reason.word().to_owned(), serde_json::from_str(&record.counts).unwrap())
    };
    records.iter().map(shown).collect()
}

both_ways!(a_cabinet_that_nobody_confirmed_leaves_a_record, |app| {
    app.customer().register("anna@example.com").await;
    app.customer().register("boris@example.com").await;
    app.drain().await;
    app.take_letters("anna@example.com");
    app.customer().confirm(&app.confirmation_token("boris@example.com")).await;
    app.advance(TimeDelta::days(7));
    app.drain().await;
    let counts = json!({ "acceptances": 2, "auditCircumstances": 2 });
    assert_eq!(erasures(&app).await, [("UNCONFIRMED".to_owned(), counts)], "the confirmed one stays");
    let of = async |address| app.app.services.identity.erasures(Some(address)).await.unwrap();
    let found = of("anna@example.com").await;
    assert_eq!(found.len(), 1);
    assert!(!format!("{found:?}").contains("anna"), "{found:?}");
    assert!(of("boris@example.com").await.is_empty());
    app.finish().await;
});

both_ways!(an_operator_reads_the_erasures_of_an_address, |app| {
    app.customer().register("anna@example.com").await;
    app.drain().await;
    app.take_letters("anna@example.com");
    app.advance(TimeDelta::days(7));
    app.drain().await;
    for (arguments, lines) in [
        (&["erasures", "list"][..], 2),
        (&["erasures", "list", "--address", "Anna@Example.com"], 2),
        (&["erasures", "list", "--address", "boris@example.com"], 1),
    ] {
        let output = app.operator(arguments).await;
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("id,erased_at,reason,person,address_hash,destroyed\n"), "{text}");
        assert_eq!(text.lines().count(), lines, "{text}");
        assert_eq!(text.contains(",2026-06-27T09:00:00Z,UNCONFIRMED,"), lines == 2, "{text}");
        assert!(!text.contains("anna"), "{text}");
    }
    app.finish().await;
});
