//! What helps people: hints, and the support service.

mod requests;

use serde_json::json;

use crate::harness::both_ways;

both_ways!(hints_are_served_by_section_in_the_readers_language_to_everybody, |app| {
    let mut customer = app.customer();
    let query = "query($section: HintSection) { hints(section: $section) { section title text } }";
    let all = customer.ask(query, json!({})).await["hints"].take();
    assert!(all.as_array().unwrap().len() > 8);
    let readings = customer.ask(query, json!({ "section": "READINGS" })).await["hints"].take();
    let readings = readings.as_array().unwrap();
    assert!(!readings.is_empty() && readings.iter().all(|hint| hint["section"] == "READINGS"));
    assert_eq!(readings[0]["title"], "When to send readings");
    customer.language = "ru";
    let russian = customer.ask(query, json!({ "section": "READINGS" })).await["hints"].take();
    assert_eq!(russian[0]["title"], "Когда передавать показания");
    app.finish().await;
});
