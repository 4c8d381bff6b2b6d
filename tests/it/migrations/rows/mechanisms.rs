//! What the mechanisms keep.

use entity::ids::{ImportFileId, OutboxJobId, UserId};
use entity::{idempotency_key, import_file, key_value, outbox_job};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{kept, moment, text, uuid};

pub async fn mechanisms(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let key = idempotency_key::Model {
        user_id: UserId(id),
        operation: text("startPayment"),
        key: text("один"),
        fingerprint: text("ff"),
        outcome: text("\"1\""),
        created_at: moment(),
    };
    kept(tx, key).await?;
    let job = outbox_job::Model {
        id: OutboxJobId(id),
        kind: text("settle_payment"),
        payload: text("{}"),
        created_at: moment(),
        due_at: moment(),
        attempts: 3,
        leased_until: Some(moment()),
        dead_at: None,
        last_error: Some(text("…")),
    };
    kept(tx, job).await?;
    let value = key_value::Model {
        space: text("session"),
        key: text("00ff"),
        owner: Some(id),
        value: text("{}"),
        expires_at: moment(),
    };
    kept(tx, value).await?;
    let file = import_file::Model {
        id: ImportFileId(id),
        provider_code: text("teplo"),
        name: text("accounts.csv"),
        kind: text("accounts"),
        sha256: text("00"),
        rows_total: i64::MAX,
        rows_done: 0,
        started_at: moment(),
        finished_at: None,
        exported_at: Some(moment()),
    };
    kept(tx, file).await
}
