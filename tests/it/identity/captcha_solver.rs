//! The example solver (`examples/captcha-solver.mjs`): small, alone, and right.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::harness::{PASSWORD, agreements, both_ways};

/// Bytes, with its comments.
const MOST: usize = 1024;

fn solver() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/captcha-solver.mjs"))
}

#[test]
fn it_is_a_kilobyte_and_needs_nothing() {
    let text = std::fs::read_to_string(solver()).unwrap();
    assert!(text.len() <= MOST, "{} bytes", text.len());
    // Nor anything that only Node or only a browser has.
    for word in ["import ", "require", "process", "Buffer", "window", "document."] {
        assert!(!text.contains(word), "{word}");
    }
}

/// What Node answers to a challenge.
async fn solved(challenge: &serde_json::Value) -> String {
    let script = format!("const {{ solve }} = await import(process.argv[1]); console.log(await solve({challenge}));");
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", &script]).arg(solver());
    let output = tokio::task::spawn_blocking(move || node.output()).await.unwrap().expect("node is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

both_ways!(the_server_takes_its_answers, |app| {
    let customer = app.customer();
    let captcha = customer.ask("{ captcha(action: REGISTER) { challenge difficulty } }", json!({})).await;
    let answer = solved(&captcha["captcha"]).await;
    let input = json!({ "email": "anna@example.com", "password": PASSWORD, "captcha": answer,
        "acceptedAgreements": agreements() });
    let payload = customer.mutate("register", "email", input).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    app.drain().await;
    app.take_letters("anna@example.com");
    app.finish().await;
});
