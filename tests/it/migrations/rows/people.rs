//! People, and how they sign in.

use entity::enums::{AgreementKind, EmailChangeLinkPurpose, Locale};
use entity::ids::{AgreementAcceptanceId, EmailChangeId, UserId};
use entity::{agreement_acceptance, email_change, email_change_link, recovery_code, two_factor, user};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{kept, moment, text, uuid};

pub async fn people(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let user = user::Model {
        id: UserId(id),
        email: text("anna@example.com"),
        password_hash: text("$argon2id$"),
        full_name: Some(text("Анна Ёлкина")),
        phone: None,
        locale: Locale::Ru,
        created_at: moment(),
        email_confirmed_at: Some(moment()),
        confirmation_expires_at: None,
        confirmation_sent_at: Some(moment()),
        credentials_version: 0,
        password_contested: false,
        confirmation_letters: 1,
        confirmation_letters_since: None,
    };
    kept(tx, user).await?;
    let acceptance = agreement_acceptance::Model {
        id: AgreementAcceptanceId(id),
        user_id: UserId(id),
        kind: AgreementKind::PersonalDataConsent,
        version: text("2026-11-01"),
        accepted_at: moment(),
        address: text("::1"),
    };
    kept(tx, acceptance).await?;
    let factor = two_factor::Model {
        user_id: UserId(id),
        secret: text("sealed"),
        begun_at: moment(),
        confirmed_at: Some(moment()),
        last_step: Some(i64::MAX),
    };
    kept(tx, factor).await?;
    kept(tx, recovery_code::Model { user_id: UserId(id), code_hash: text("0f") }).await?;
    let change = email_change::Model {
        id: EmailChangeId(id),
        user_id: UserId(id),
        old_email: text("anna@example.com"),
        new_email: text("anna@example.org"),
        credentials_version: 3,
        requested_at: moment(),
        expires_at: moment(),
        confirmed_by_old_at: Some(moment()),
        confirmed_by_new_at: None,
        completed_at: None,
    };
    kept(tx, change).await?;
    let link = email_change_link::Model {
        token_hash: text("00ff"),
        email_change_id: EmailChangeId(id),
        purpose: EmailChangeLinkPurpose::ConfirmByNew,
    };
    kept(tx, link).await
}
