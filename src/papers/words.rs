//! The words on documents, in Russian and English.

use chrono::NaiveDate;
use entity::enums::{ChargeBasis, Locale, Unit};
use entity::exact::YearMonth;

pub const fn choose<'a>(locale: Locale, ru: &'a str, en: &'a str) -> &'a str {
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}

pub const fn language(locale: Locale) -> &'static str {
    choose(locale, "ru", "en")
}

/// `31.05.2026`, or `2026-05-31`.
pub fn day(locale: Locale, day: NaiveDate) -> String {
    day.format(choose(locale, "%d.%m.%Y", "%Y-%m-%d")).to_string()
}

/// `05.2026`, or `2026-05`.
pub fn month(locale: Locale, period: YearMonth) -> String {
    match locale {
        Locale::Ru => format!("{:02}.{}", period.0 % 100, period.0 / 100),
        Locale::En => period.to_string(),
    }
}

pub const fn unit(locale: Locale, unit: Unit) -> &'static str {
    match unit {
        Unit::CubicMetre => choose(locale, "м³", "m³"),
        Unit::KilowattHour => choose(locale, "кВт·ч", "kWh"),
        Unit::Gigacalorie => choose(locale, "Гкал", "Gcal"),
        Unit::Month => choose(locale, "мес.", "month"),
        Unit::SquareMetre => choose(locale, "м²", "m²"),
    }
}

pub const fn basis(locale: Locale, basis: ChargeBasis) -> &'static str {
    match basis {
        ChargeBasis::Meter => choose(locale, "по прибору учёта", "by the meter"),
        ChargeBasis::Average => choose(locale, "по среднему расходу", "by the average"),
        ChargeBasis::Norm => choose(locale, "по нормативу", "by the norm"),
    }
}
