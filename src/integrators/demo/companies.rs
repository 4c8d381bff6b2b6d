//! The companies of the demo data: the nine of the instruction that kabinet was specified from, and three of other trades.

use chrono::NaiveDate;

use crate::integrators::register::settings::{AccountNumber, Bank, Due, ReadingWindow, Readings};
use crate::integrators::register::{DatedSettings, Encoding, ProviderSettings, Separator};
use entity::enums::{AccessProofKind, LateReadings, Locale};

use super::utilities::Utility;

#[derive(Clone, Copy, Debug)]
pub struct Company {
    pub code: &'static str,
    pub name: &'static str,
    pub region: &'static str,
    pub towns: &'static [&'static str],
    pub utility: Utility,
    /// First digits of its account numbers.
    pub number_prefix: &'static str,
    /// Digits of an account number in all.
    pub number_digits: usize,
    /// Offset from UTC, minutes east.
    pub time_zone_minutes: i16,
    /// Its share of all accounts.
    pub per_mille: u64,
    /// Its prices against the usual ones.
    pub price_per_mille: i64,
    /// How its billing writes files.
    pub encoding: Encoding,
    pub separator: Separator,
}

const fn gas(
    (code, name, region): (&'static str, &'static str, &'static str),
    towns: &'static [&'static str],
    number_prefix: &'static str,
    time_zone_minutes: i16,
    price_per_mille: i64,
) -> Company {
    Company {
        code,
        name,
        region,
        towns,
        utility: Utility::Gas,
        number_prefix,
        number_digits: 10,
        time_zone_minutes,
        per_mille: 80,
        price_per_mille,
        encoding: Encoding::Utf8,
        separator: Separator::Semicolon,
    }
}

const VORONEZH: &[&str] = &["г. Воронеж", "г. Воронеж", "г. Лиски", "г. Россошь", "г. Семилуки", "с. Новая Усмань"];
const KIROV: &[&str] = &["г. Киров", "г. Кирово-Чепецк", "г. Слободской", "пгт Оричи"];

/// The order is that of their shares' remainder: the first takes what is left over.
pub const COMPANIES: &[Company] = &[
    Company {
        per_mille: 120,
        ..gas(("voronezh", "Межрегионгаз Воронеж", "Воронежская обл."), VORONEZH, "36", 180, 1000)
    },
    gas(
        ("zhigulevsk", "Межрегионгаз Жигулевск", "Самарская обл."),
        &["г. Жигулевск", "г. Тольятти", "с. Зольное", "с. Ширяево"],
        "63",
        240,
        1012,
    ),
    gas(
        ("ivanovo", "Межрегионгаз Иваново", "Ивановская обл."),
        &["г. Иваново", "г. Кохма", "г. Шуя", "г. Кинешма"],
        "37",
        180,
        1021,
    ),
    gas(
        ("izhevsk", "Межрегионгаз Ижевск", "Удмуртская Респ."),
        &["г. Ижевск", "г. Сарапул", "г. Воткинск", "с. Завьялово"],
        "18",
        240,
        968,
    ),
    gas(
        ("yoshkar-ola", "Межрегионгаз Йошкар-Ола", "Респ. Марий Эл"),
        &["г. Йошкар-Ола", "г. Волжск", "п. Медведево"],
        "12",
        180,
        991,
    ),
    gas(
        ("kaluga", "Межрегионгаз Калуга", "Калужская обл."),
        &["г. Калуга", "г. Обнинск", "г. Малоярославец", "д. Кабицыно"],
        "40",
        180,
        1034,
    ),
    gas(
        ("krasnodar", "Межрегионгаз Краснодар", "Краснодарский край"),
        &["г. Краснодар", "г. Анапа", "г. Армавир", "ст-ца Динская"],
        "23",
        180,
        1049,
    ),
    // The one whose billing is old: Windows-1251 and commas.
    Company {
        encoding: Encoding::Windows1251,
        separator: Separator::Comma,
        ..gas(
            ("kemerovo", "Межрегионгаз Кемерово", "Кемеровская обл."),
            &["г. Кемерово", "г. Новокузнецк", "г. Юрга"],
            "42",
            420,
            1077,
        )
    },
    gas(("kirov", "Межрегионгаз Киров", "Кировская обл."), KIROV, "43", 180, 1005),
    Company {
        utility: Utility::Power,
        number_prefix: "00",
        number_digits: 9,
        per_mille: 110,
        ..gas(("svet-voronezh", "Светэнерго Воронеж", "Воронежская обл."), VORONEZH, "00", 180, 1000)
    },
    Company {
        utility: Utility::Water,
        number_prefix: "4301",
        number_digits: 12,
        per_mille: 80,
        ..gas(("vodokanal-kirov", "Горводоканал Киров", "Кировская обл."), KIROV, "43", 180, 1000)
    },
    Company {
        utility: Utility::Heat,
        number_prefix: "7",
        number_digits: 8,
        per_mille: 50,
        ..gas(("teplo-ivanovo", "Теплосеть Иваново", "Ивановская обл."), &["г. Иваново", "г. Кохма"], "7", 180, 1000)
    },
];

impl Company {
    /// How many of `accounts` are its own.
    pub fn share(&self, accounts: u64) -> u64 {
        let part = |company: &Self| accounts * company.per_mille / 1000;
        let first = COMPANIES.first().is_some_and(|first| first.code == self.code);
        if first { accounts - COMPANIES.iter().skip(1).map(part).sum::<u64>() } else { part(self) }
    }

    /// With the day on which the law moved the due date (domain fact of the made-up companies as of the real ones).
    pub fn dated_settings(&self) -> DatedSettings {
        let mut due = toml::Table::new();
        due.insert("day".into(), 15.into());
        let mut change = toml::Table::new();
        change.insert("valid_from".into(), "2026-03-01".into());
        change.insert("due".into(), due.into());
        DatedSettings { first: self.settings(), changes: vec![change] }
    }

    pub fn settings(&self) -> ProviderSettings {
        let digits = self.number_digits;
        let rest = digits - self.number_prefix.len();
        ProviderSettings {
            valid_from: NaiveDate::from_ymd_opt(2020, 1, 1),
            code: self.code.into(),
            name: self.name.into(),
            region: Some(self.region.into()),
            support_email: Some(format!("support@{}.example", self.code)),
            time_zone_minutes: self.time_zone_minutes,
            usual_monthly_maximum: Some(self.utility.usual_monthly_maximum().to_string()),
            access_proofs: AccessProofKind::ALL.to_vec(),
            account_number: AccountNumber {
                pattern: format!("[0-9]{{{digits}}}"),
                sample: format!("{}{:0rest$}", self.number_prefix, 42),
                hint_ru: format!("Лицевой счет напечатан вверху квитанции: {digits} цифр без пробелов."),
                hint_en: format!(
                    "The account number is printed at the top of the receipt: {digits} digits, no spaces."
                ),
                name_ru: "Лицевой счёт".into(),
                name_en: "Personal account".into(),
            },
            languages: Locale::ALL.to_vec(),
            reading_window: (self.utility != Utility::Heat).then_some(ReadingWindow {
                first_day: 20,
                last_day: 25,
                late: LateReadings::NextBill,
            }),
            readings: Readings::default(),
            due: Due { day: 10, ..Due::default() },
            bank: Some(self.bank()),
        }
    }

    /// Made-up details of the right shape.
    fn bank(&self) -> Bank {
        let place = COMPANIES.iter().position(|company| company.code == self.code).unwrap_or_default();
        Bank {
            payee: None,
            inn: format!("77{place:02}000{place:03}"),
            kpp: Some(format!("77{place:02}01001")),
            name: "Учебный банк (АО)".into(),
            bic: "044525000".into(),
            account: format!("40702810{place:012}"),
            correspondent_account: "30101810000000000000".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_make_the_whole() {
        assert_eq!(COMPANIES.iter().map(|company| company.per_mille).sum::<u64>(), 1000);
        for accounts in [0, 1, 20, 999, 1_000_000] {
            assert_eq!(COMPANIES.iter().map(|company| company.share(accounts)).sum::<u64>(), accounts);
        }
    }

    #[test]
    fn the_settings_of_every_company_can_be_imported() {
        for company in COMPANIES {
            let settings = company.dated_settings();
            let text = settings.to_toml().unwrap_or_default();
            assert_eq!(DatedSettings::parse(&text), Ok(settings));
        }
    }
}
