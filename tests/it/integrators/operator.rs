//! `kabinet clients` as an operator runs it, beside a server.

use std::process::Output;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;

use super::{Program, is_known};
use crate::harness::{both_ways, sample};

/// The cells of the line behind the head.
fn cells(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().nth(1).unwrap_or_else(|| panic!("{text}")).split(',').map(str::to_owned).collect()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

both_ways!(an_operator_adds_rotates_and_ends_programs_beside_the_server, |app| {
    let code = &sample("debt").provider_code;
    let added =
        cells(&app.operator(&["clients", "add", code, "Billing", "--scope", "BALANCES", "--scope", "PAYMENTS"]).await);
    let program = Program {
        url: app.url.clone(),
        client_id: added[0].clone(),
        secret: added[1].clone(),
        secret_id: kabinet::graphql::ids::decode(&added[2]).unwrap(),
    };
    let caller = program.caller().await;
    assert!(is_known(&caller).await);
    let listed = cells(&app.operator(&["clients", "list"]).await);
    assert_eq!((&listed[0], listed[1].as_str(), listed[2].as_str()), (&added[0], code.as_str(), "\"Billing\""));
    assert_eq!((listed[3].as_str(), &listed[7]), ("BALANCES PAYMENTS", &added[2]));

    let rotated = cells(&app.operator(&["clients", "rotate", &program.client_id, "--overlap-hours", "1"]).await);
    let renewed = Program { secret: rotated[1].clone(), ..program.clone() };
    assert_eq!(renewed.ask_for_token().await.0, StatusCode::OK);
    assert_eq!(program.ask_for_token().await.0, StatusCode::OK, "both are good for an hour");
    let told = complaint(&app.operator(&["clients", "rotate", &program.client_id]).await);
    assert!(told.contains("two secrets are good already"), "{told}");

    // The server is told of nothing by the operator's process in the embedded way; it looks.
    let mut socket = renewed.caller().await.socket().await;
    let ended = async {
        assert_eq!(socket.next().await, json!({ "close": 4403 }));
        Instant::now()
    };
    let revoked = async {
        let output = app.operator(&["clients", "revoke", &program.client_id]).await;
        assert!(output.status.success(), "{output:?}");
        Instant::now()
    };
    let (ended, revoked) = tokio::join!(ended, revoked);
    assert!(ended.saturating_duration_since(revoked) < Duration::from_secs(2));
    assert!(!is_known(&caller).await);
    assert_eq!(renewed.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    let log = app.operator(&["clients", "log", &program.client_id]).await;
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    for kind in ["ADDED", "SECRET_ROTATED", "REVOKED"] {
        assert!(log.contains(kind), "{log}");
    }
    app.finish().await;
});

both_ways!(what_an_operator_gets_wrong_is_told, |app| {
    let code = &sample("debt").provider_code;
    for (arguments, told) in [
        (&["clients", "add", "nobody", "A", "--scope", "BALANCES"][..], "there is no such provider"),
        (&["clients", "add", code, " ", "--scope", "BALANCES"], "a name has 1 to 100 characters"),
        (&["clients", "add", code, "A", "--scope", "PROFILE"], "--scope is one of BALANCES, READINGS, PAYMENTS"),
        (&["clients", "rotate", "nonsense"], "there is no such client"),
        (&["clients", "revoke", "client_01h455vb4pex5vsknk084sn02q"], "there is no such client"),
    ] {
        let complaint = complaint(&app.operator(arguments).await);
        assert!(complaint.contains(told), "{arguments:?}: {complaint}");
    }
    app.finish().await;
});
