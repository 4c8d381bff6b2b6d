//! Providers and accounts.

use entity::enums::AccessLevel;
use entity::exact::{Money, Quantity};
use entity::ids::{AttachmentId, PersonalAccountId, ProviderId, UserId};
use entity::{attachment, personal_account, provider};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{kept, moment, text, uuid};

pub async fn accounts(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let provider = provider::Model {
        id: ProviderId(id),
        code: text("teplo"),
        name: text("Тепло"),
        search_name: text("тепло"),
        region: None,
        account_number_pattern: text("^[0-9]{10}$"),
        account_number_sample: text("0123456789"),
        account_number_hint_ru: text("10 цифр"),
        account_number_hint_en: text("10 digits"),
        access_proofs: text("PIN"),
        reading_window_first_day: Some(15),
        reading_window_last_day: Some(25),
        support_email: None,
        time_zone_minutes: -180,
        usual_monthly_maximum: Some(Quantity(1)),
        inn: Some(text("7700000000")),
        kpp: None,
        bank_name: None,
        bic: None,
        bank_account: None,
        correspondent_account: None,
    };
    kept(tx, provider).await?;
    let account = personal_account::Model {
        id: PersonalAccountId(id),
        provider_id: ProviderId(id),
        number: text("0000000001"),
        holder_name: None,
        address: Some(text("ул. Мира, 1")),
        pin: Some(text("0042")),
        attachable: true,
        residents: Some(3),
        heated_area: Some(Quantity(541_000)),
        balance: Money(-1),
        in_transit: Money(i64::MAX),
        version: 1,
        balance_as_of: moment(),
    };
    kept(tx, account).await?;
    let attachment = attachment::Model {
        id: AttachmentId(id),
        user_id: UserId(id),
        personal_account_id: PersonalAccountId(id),
        access: AccessLevel::Full,
        nickname: Some(text("Дача")),
        attached_at: moment(),
        proved_at: None,
        attached_version: 0,
    };
    kept(tx, attachment).await
}
