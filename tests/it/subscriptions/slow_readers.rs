//! A client that stops reading and reads on later gets every event once and in order: what it has not taken waits in the
//! database, not in the server's memory.

use serde_json::json;

use super::{append, deliver, opened};
use crate::harness::{Socket, both_ways};
use crate::metering::owner;

const SUBSCRIPTIONS: usize = 40;
/// Together some megabytes, more than all buffers on the way to a client with a small window.
const EVENTS: i64 = 300;

const EVERYTHING: &str = "subscription { balanceUpdated { cursor occurredAt
    previous { version owed { amount currencyCode } credit { amount currencyCode } }
    balance { version owed { amount currencyCode } credit { amount currencyCode } }
    cause { id kind occurredAt amount { amount currencyCode } } } }";

both_ways!(a_client_that_does_not_read_for_a_while_misses_nothing, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut socket = Socket::narrow(&customer.url, customer.token.as_deref()).await;
    for number in 0..SUBSCRIPTIONS {
        socket.subscribe(&number.to_string(), EVERYTHING, json!({})).await;
    }
    opened(&mut socket, "all").await;
    // Nobody reads while it happens.
    for _ in 0..EVENTS {
        append(&app.app, &account, 1).await;
    }
    deliver(&app.app).await;
    let mut seen = vec![Vec::new(); SUBSCRIPTIONS];
    for _ in 0..SUBSCRIPTIONS * usize::try_from(EVENTS).unwrap() {
        let message = socket.next().await;
        assert_eq!(message["type"], "next", "{message}");
        let place: usize = message["id"].as_str().unwrap().parse().unwrap();
        seen[place].push(message["payload"]["data"]["balanceUpdated"]["balance"]["version"].as_i64().unwrap());
    }
    for versions in seen {
        assert!(versions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{versions:?}");
        assert_eq!(i64::try_from(versions.len()).unwrap(), EVENTS);
    }
    app.finish().await;
});
