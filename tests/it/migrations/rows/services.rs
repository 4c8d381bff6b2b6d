//! Services, meters and readings.

use entity::enums::{OutboundKind, ReadingSource, ReadingStatus, ServiceChangeKind, Unit};
use entity::exact::{Coefficient, Price, Quantity};
use entity::ids::{
    AccountServiceId, MeterId, MeterReadingId, PersonalAccountId, ProviderId, ServiceChangeId, TariffId, UserId,
};
use entity::{account_service, meter, meter_reading, meter_replacement, reading_status_change, service_change, tariff};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{day, handed_out, kept, moment, text, uuid};

pub async fn services(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let service = account_service::Model {
        id: AccountServiceId(id),
        personal_account_id: PersonalAccountId(id),
        code: text("hot-water"),
        name: text("ГВС"),
        unit: Unit::CubicMetre,
        tariff_group: text("population"),
        contract_number: None,
        norm: Some(Quantity(32_000)),
        starts_on: day(),
        ends_on: None,
    };
    kept(tx, service).await?;
    let change = service_change::Model {
        id: ServiceChangeId(id),
        personal_account_id: PersonalAccountId(id),
        service_code: text("hot-water"),
        changed_on: day(),
        kind: ServiceChangeKind::Residents,
        before: Some(text("2")),
        after: None,
        description: text("…"),
    };
    kept(tx, change).await?;
    let tariff = tariff::Model {
        id: TariffId(id),
        provider_id: ProviderId(id),
        service_code: text("hot-water"),
        service_name: text("ГВС"),
        tariff_group: text("population"),
        price: Price(732_812),
        unit: Unit::Gigacalorie,
        starts_on: day(),
        ends_on: Some(day()),
        order_reference: None,
    };
    kept(tx, tariff).await?;
    let meter = meter::Model {
        id: MeterId(id),
        personal_account_id: PersonalAccountId(id),
        service_code: text("hot-water"),
        name: text("Кухня"),
        serial_number: text("007"),
        model: None,
        unit: Unit::KilowattHour,
        registers: text("DAY,NIGHT"),
        integer_digits: 5,
        fraction_digits: 3,
        coefficient: Coefficient(1_000_001),
        installed_on: Some(day()),
        verification_due_on: None,
        removed_on: None,
        seal_number: Some(text("0042")),
        sealed_on: Some(day()),
        seal_broken_on: None,
        last_reading_id: Some(MeterReadingId(id)),
    };
    kept(tx, meter).await?;
    let reading = meter_reading::Model {
        id: MeterReadingId(id),
        meter_id: MeterId(id),
        personal_account_id: PersonalAccountId(id),
        taken_on: day(),
        submitted_at: moment(),
        source: ReadingSource::Cabinet,
        status: ReadingStatus::Submitted,
        submitted_by: Some(UserId(id)),
        payment_id: None,
        value_single: None,
        value_day: Some(Quantity(12)),
        value_night: Some(Quantity(0)),
        value_peak: None,
        consumption: Some(Quantity(9_999)),
        history_withheld: false,
        warnings: text("OUTSIDE_WINDOW"),
    };
    kept(tx, reading).await?;
    handed_out(tx, OutboundKind::Reading).await?;
    let replacement = meter_replacement::Model {
        old_meter_id: MeterId(id),
        new_meter_id: MeterId(id),
        personal_account_id: PersonalAccountId(id),
        replaced_on: day(),
        closing_reading_id: MeterReadingId(id),
        opening_reading_id: MeterReadingId(id),
    };
    kept(tx, replacement).await?;
    let change = reading_status_change::Model {
        meter_reading_id: MeterReadingId(id),
        position: 2,
        status: ReadingStatus::Rejected,
        changed_at: moment(),
        reason: Some(text("Пломба сорвана")),
    };
    kept(tx, change).await
}
