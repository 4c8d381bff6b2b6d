//! What is kept of acts and of deletions.

use entity::enums::{AuditEventKind, ErasureReason};
use entity::ids::{AccessTokenId, AuditEventId, DataExportId, ErasureId, UserId};
use entity::{
    access_token, audit_circumstance, audit_event, cabinet_deletion, data_export, data_export_chunk, erasure,
};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{kept, moment, text, uuid};

pub async fn audit(tx: &Tx) -> Result<(), DbErr> {
    let event = audit_event::Model {
        id: AuditEventId(uuid()),
        user_id: UserId(uuid()),
        sequence: 1,
        kind: AuditEventKind::Registered,
        occurred_at: moment(),
        circumstances_hash: text("a"),
        previous_hash: text("b"),
        hash: text("c"),
    };
    kept(tx, event).await?;
    let circumstances = audit_circumstance::Model {
        event_id: AuditEventId(uuid()),
        salt: text("salt"),
        address: Some(text("::1")),
        device: None,
        request_id: Some(text("r-1")),
        details: text("{}"),
    };
    kept(tx, circumstances).await
}

pub async fn rights(tx: &Tx) -> Result<(), DbErr> {
    let deletion = cabinet_deletion::Model { user_id: UserId(uuid()), requested_at: moment(), due_at: moment() };
    kept(tx, deletion).await?;
    let record = erasure::Model {
        id: ErasureId(uuid()),
        user_id: UserId(uuid()),
        reason: ErasureReason::Requested,
        erased_at: moment(),
        address_hash: text("hash"),
        counts: text("{}"),
    };
    kept(tx, record).await?;
    let token = access_token::Model {
        id: AccessTokenId(uuid()),
        user_id: UserId(uuid()),
        name: text("Дача"),
        token_hash: text("hash"),
        scopes: text("BALANCE,PAY"),
        created_at: moment(),
        expires_at: moment(),
        used_at: Some(moment()),
    };
    kept(tx, token).await?;
    let export = data_export::Model {
        id: DataExportId(uuid()),
        user_id: UserId(uuid()),
        requested_at: moment(),
        run: 1,
        records: i64::MAX,
        size: Some(i64::MAX),
        ready_at: Some(moment()),
        expires_at: Some(moment()),
    };
    kept(tx, export).await?;
    let chunk =
        data_export_chunk::Model { data_export_id: DataExportId(uuid()), position: 0, content: vec![0, 255, 80, 75] };
    kept(tx, chunk).await
}
