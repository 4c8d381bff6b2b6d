//! Providers and accounts.

use entity::enums::{AccessLevel, ExpiredVerification, LateReadings, ZeroConsumption};
use entity::exact::{Money, Quantity};
use entity::ids::{AccountShareId, AttachmentId, PersonalAccountId, ProviderId, UserId};
use entity::{account_share, attachment, personal_account, provider, provider_terms};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{day, kept, moment, text, uuid};

pub async fn accounts(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let provider = provider::Model {
        id: ProviderId(id),
        code: text("teplo"),
        name: text("Тепло"),
        search_name: text("тепло"),
        region: None,
    };
    kept(tx, provider).await?;
    kept(tx, terms(ProviderId(id))).await?;
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
        share_id: None,
        may_pay: true,
        ends_at: None,
    };
    kept(tx, attachment).await?;
    let share = account_share::Model {
        id: AccountShareId(id),
        personal_account_id: PersonalAccountId(id),
        owner_id: UserId(id),
        email: text("boris@example.com"),
        may_pay: false,
        ends_at: Some(moment()),
        shared_at: moment(),
        taken_by: Some(UserId(id)),
        taken_at: None,
    };
    kept(tx, share).await
}

fn terms(provider_id: ProviderId) -> provider_terms::Model {
    provider_terms::Model {
        provider_id,
        valid_from: day(),
        account_number_pattern: text("^[0-9]{10}$"),
        account_number_sample: text("0123456789"),
        account_number_hint_ru: text("10 цифр"),
        account_number_hint_en: text("10 digits"),
        account_number_name_ru: text("Лицевой счёт"),
        account_number_name_en: text("Account"),
        access_proofs: text("PIN"),
        reading_window_first_day: Some(15),
        reading_window_last_day: Some(25),
        late_readings: LateReadings::Refused,
        usual_monthly_maximum: Some(Quantity(1)),
        zero_consumption: ZeroConsumption::Confirm,
        rollover_allowed: false,
        most_fraction_digits: Some(0),
        expired_verification: ExpiredVerification::Counted,
        due_day: 28,
        key_rate: Some(950),
        penalty_steps: Some(text("31=1/300")),
        support_email: None,
        time_zone_minutes: -180,
        languages: text("RU"),
        payee_name: None,
        inn: Some(text("7700000000")),
        kpp: None,
        bank_name: None,
        bic: None,
        bank_account: None,
        correspondent_account: None,
    }
}
