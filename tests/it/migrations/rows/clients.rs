//! Providers' programs.

use entity::enums::{ApiClientEventKind, ChangeKind, UploadState};
use entity::ids::{
    ApiClientEventId, ApiClientId, ApiClientSecretId, ImportBatchId, PersonalAccountId, ProviderId, UploadId,
};
use entity::{
    api_client, api_client_event, api_client_secret, api_client_token, change, change_feed, import_batch, upload,
    upload_chunk, upload_file,
};
use kabinet::platform::db::Tx;
use sea_orm::{DbErr, EntityTrait};

use super::{kept, moment, text, uuid};

pub async fn clients(tx: &Tx) -> Result<(), DbErr> {
    let client = api_client::Model {
        id: ApiClientId(uuid()),
        provider_id: ProviderId(uuid()),
        name: text("Биллинг"),
        scopes: text("BALANCES,PAYMENTS"),
        created_at: moment(),
        token_at: Some(moment()),
        revoked_at: None,
        registration_key: Some(text("billing-2026")),
    };
    kept(tx, client).await?;
    let secret = api_client_secret::Model {
        id: ApiClientSecretId(uuid()),
        api_client_id: ApiClientId(uuid()),
        secret_hash: text("hash"),
        created_at: moment(),
        ends_at: Some(moment()),
    };
    kept(tx, secret).await?;
    let token = api_client_token::Model {
        token_hash: text("hash"),
        api_client_id: ApiClientId(uuid()),
        secret_id: ApiClientSecretId(uuid()),
        scopes: text("BALANCES"),
        issued_at: moment(),
        expires_at: moment(),
    };
    kept(tx, token).await?;
    let event = api_client_event::Model {
        id: ApiClientEventId(uuid()),
        api_client_id: ApiClientId(uuid()),
        occurred_at: moment(),
        kind: ApiClientEventKind::Added,
        details: text("BALANCES"),
    };
    kept(tx, event).await?;
    let batch = import_batch::Model {
        id: ImportBatchId(uuid()),
        provider_id: ProviderId(uuid()),
        operation: text("importStatements"),
        key: text("2026-06-1"),
        fingerprint: text("hash"),
        answers: text("[\"N\"]"),
        created_at: moment(),
    };
    kept(tx, batch).await?;
    let upload = upload::Model {
        id: UploadId(uuid()),
        provider_id: ProviderId(uuid()),
        api_client_id: ApiClientId(uuid()),
        manifest: text("format = 1"),
        dry_run: true,
        state: UploadState::Running,
        created_at: moment(),
        arrived_at: Some(moment()),
        run: 2,
        leased_until: Some(moment()),
        steps_total: 20,
        steps_done: 10,
        report: None,
        finished_at: None,
        undoes: Some(UploadId(uuid())),
    };
    kept(tx, upload).await?;
    let name = text("accounts.csv");
    kept(tx, upload_file::Model { upload_id: UploadId(uuid()), name: name.clone(), received: 7, complete: true })
        .await?;
    kept(tx, upload_chunk::Model { upload_id: UploadId(uuid()), name, position: 0, content: vec![0, 255] }).await?;
    // The feed is there from its step on, and other rows of this test are news.
    change_feed::Entity::delete_many().exec(&**tx).await?;
    change::Entity::delete_many().exec(&**tx).await?;
    kept(tx, change_feed::Model { id: 1, position: i64::MAX }).await?;
    let change = change::Model {
        id: 7,
        kind: ChangeKind::Payment,
        provider_id: ProviderId(uuid()),
        personal_account_id: PersonalAccountId(uuid()),
        subject_id: uuid(),
        status: Some(text("SUCCEEDED")),
        position: Some(1),
        ordered_at: Some(moment()),
    };
    kept(tx, change).await
}
