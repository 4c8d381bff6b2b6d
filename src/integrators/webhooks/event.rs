//! What messages tell, and the jobs of this slice.

use chrono::{DateTime, SecondsFormat, Utc};
use entity::enums::{WebhookEvent, WebhookStop};
use entity::ids::WebhookEndpointId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::platform::outbox::Job;

/// Tell the owner that nothing is sent to an address any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendWebhookStopped {
    pub webhook_endpoint_id: WebhookEndpointId,
    pub stop: WebhookStop,
    pub stopped_at: DateTime<Utc>,
}

impl Job for SendWebhookStopped {
    const KIND: &'static str = "send_webhook_stopped";
}

/// What an owner may choose from, the word and the name in messages.
pub const CHOICE: [WebhookEvent; 3] =
    [WebhookEvent::BalanceChanged, WebhookEvent::ReadingStatusChanged, WebhookEvent::PaymentStatusChanged];

/// The name of an event in messages.
pub const fn name(event: WebhookEvent) -> &'static str {
    match event {
        WebhookEvent::BalanceChanged => "balance.changed",
        WebhookEvent::ReadingStatusChanged => "reading.status_changed",
        WebhookEvent::PaymentStatusChanged => "payment.status_changed",
        WebhookEvent::Ping => "webhook.ping",
    }
}

/// By the name in messages.
pub fn named(text: &str) -> Option<WebhookEvent> {
    CHOICE.into_iter().find(|event| name(*event) == text)
}

/// The body of a message: `{type, timestamp, data}`.
pub(super) fn body(event: WebhookEvent, at: DateTime<Utc>, data: &Value) -> String {
    let timestamp = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({ "type": name(event), "timestamp": timestamp, "data": data }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_that_may_be_chosen_is_found_by_its_name() {
        for event in WebhookEvent::ALL {
            assert_eq!(named(name(*event)).is_some(), *event != WebhookEvent::Ping, "{event:?}");
        }
        assert_eq!(named("balance.*"), None);
    }
}
