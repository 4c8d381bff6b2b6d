//! Apps, and what people let them do.

use entity::enums::GrantTokenKind;
use entity::ids::{AppId, AttachmentId, ClientCallId, ClientGrantId, UserId};
use entity::{app, client_grant, client_grant_account, client_grant_call, client_grant_token};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{day, kept, moment, text, uuid};

pub async fn consent(tx: &Tx) -> Result<(), DbErr> {
    let app = app::Model {
        id: AppId(uuid()),
        name: text("Учёт"),
        redirect_uris: text("https://app.example/back\nhttp://127.0.0.1/back"),
        scopes: text("BALANCE,PAY"),
        public: false,
        secret_hash: Some(text("new")),
        old_secret_hash: Some(text("old")),
        old_secret_ends_at: Some(moment()),
        created_at: moment(),
        revoked_at: None,
    };
    kept(tx, app).await?;
    let grant = client_grant::Model {
        id: ClientGrantId(uuid()),
        user_id: UserId(uuid()),
        app_id: AppId(uuid()),
        scopes: text("BALANCE"),
        data_from: Some(day()),
        granted_at: moment(),
        expires_at: moment(),
        used_at: Some(moment()),
        revoked_at: None,
    };
    kept(tx, grant).await?;
    let account =
        client_grant_account::Model { client_grant_id: ClientGrantId(uuid()), attachment_id: AttachmentId(uuid()) };
    kept(tx, account).await?;
    let token = client_grant_token::Model {
        token_hash: text("hash"),
        client_grant_id: ClientGrantId(uuid()),
        kind: GrantTokenKind::Code,
        scopes: text("BALANCE"),
        issued_at: moment(),
        expires_at: moment(),
        spent_at: Some(moment()),
        redirect_uri: Some(text("https://app.example/back")),
        challenge: Some(text("challenge")),
    };
    kept(tx, token).await?;
    let call = client_grant_call::Model {
        id: ClientCallId(uuid()),
        client_grant_id: ClientGrantId(uuid()),
        called_at: moment(),
        operations: text("viewer"),
        address: text("::1"),
    };
    kept(tx, call).await
}
