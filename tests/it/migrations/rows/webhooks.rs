//! What providers' servers are told, and where.

use entity::enums::{WebhookEvent, WebhookKeyKind, WebhookMessageState, WebhookState, WebhookStop};
use entity::ids::{ProviderId, WebhookAttemptId, WebhookEndpointId, WebhookKeyId, WebhookMessageId};
use entity::{webhook_attempt, webhook_endpoint, webhook_key, webhook_message};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{kept, moment, text, uuid};

pub async fn webhooks(tx: &Tx) -> Result<(), DbErr> {
    let endpoint = webhook_endpoint::Model {
        id: WebhookEndpointId(uuid()),
        provider_id: ProviderId(uuid()),
        url: text("https://billing.example/hook"),
        events: text("BALANCE_CHANGED,PAYMENT_STATUS_CHANGED"),
        state: WebhookState::Disabled,
        stop: Some(WebhookStop::Gone),
        created_at: moment(),
        rests_until: Some(moment()),
        took_at: None,
    };
    kept(tx, endpoint).await?;
    let key = webhook_key::Model {
        id: WebhookKeyId(uuid()),
        webhook_endpoint_id: WebhookEndpointId(uuid()),
        kind: WebhookKeyKind::Ed25519,
        sealed: text("sealed"),
        public_key: Some(text("whpk_AAAA")),
        created_at: moment(),
        expires_at: Some(moment()),
    };
    kept(tx, key).await?;
    let message = webhook_message::Model {
        id: WebhookMessageId(uuid()),
        webhook_endpoint_id: WebhookEndpointId(uuid()),
        source: text("job/0"),
        event: WebhookEvent::ReadingStatusChanged,
        payload: text("{}"),
        state: WebhookMessageState::Dropped,
        attempts: 11,
        created_at: moment(),
        due_at: moment(),
        leased_until: Some(moment()),
        ended_at: Some(moment()),
    };
    kept(tx, message).await?;
    let attempt = webhook_attempt::Model {
        id: WebhookAttemptId(uuid()),
        webhook_message_id: WebhookMessageId(uuid()),
        made_at: moment(),
        status: Some(503),
        milliseconds: i32::MAX,
        answer: text("…"),
    };
    kept(tx, attempt).await
}
