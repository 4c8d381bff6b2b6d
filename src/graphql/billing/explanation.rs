//! Why a sum is what it is, in the reader's language.

use async_graphql::{Context, Object, SimpleObject};
use entity::enums::{ChargeBasis as Basis, LedgerEntryKind as Kind, Locale};
use entity::{ledger_entry, statement_line};

use super::super::accounts::Money;
use super::super::context::Find;
use super::super::enums::{ChargeBasis, Unit};
use super::super::error::TopError;
use super::super::scalars::Decimal;
use crate::billing::comparison::{Comparison, Sum};

/// One service of a statement: amount = volume × coefficient × price, rounded once, half up.
#[derive(Clone, Debug)]
pub struct StatementLine(pub statement_line::Model);

/// One service of a statement: amount = volume × coefficient × price, rounded once, half up.
#[Object]
impl StatementLine {
    /// Name of the service.
    async fn service(&self) -> &str {
        &self.0.service_name
    }

    /// The provider's code of the service.
    async fn service_code(&self) -> &str {
        &self.0.service_code
    }

    /// How much was charged for.
    async fn volume(&self) -> Decimal {
        self.0.volume.into()
    }

    /// Of what.
    async fn unit(&self) -> Unit {
        self.0.unit.into()
    }

    /// For one unit, roubles.
    async fn price(&self) -> Decimal {
        self.0.price.into()
    }

    /// Temperature coefficient.
    async fn coefficient(&self) -> Decimal {
        self.0.coefficient.into()
    }

    /// What is charged.
    async fn amount(&self) -> Money {
        self.0.amount.into()
    }

    /// What the volume was reckoned from.
    async fn basis(&self) -> ChargeBasis {
        self.0.basis.into()
    }

    /// How the volume came about, in the provider's words, or else the calculation.
    async fn explanation(&self) -> String {
        self.0.explanation.clone().unwrap_or_else(|| self.product())
    }

    /// `29.52 × 1 × 7.328 = 216.32`.
    async fn calculation(&self) -> String {
        self.product()
    }

    /// The rule that the basis comes from, in the reader's language.
    async fn rule(&self, ctx: &Context<'_>) -> Result<&str, TopError> {
        Ok(rule(self.0.basis, ctx.actor()?.locale))
    }
}

impl StatementLine {
    fn product(&self) -> String {
        let statement_line::Model { volume, coefficient, price, amount, .. } = &self.0;
        format!("{volume} × {coefficient} × {price} = {amount}")
    }
}

const fn choose<'a>(locale: Locale, (ru, en): (&'a str, &'a str)) -> &'a str {
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}

const fn rule(basis: Basis, locale: Locale) -> &'static str {
    choose(
        locale,
        match basis {
            Basis::Meter => (
                "По показаниям прибора учёта: разность с предыдущими, умноженная на коэффициент.",
                "By the meter: the difference to the reading before, times the coefficient.",
            ),
            Basis::Average => (
                "Показаний не было: средний расход за последние 12 месяцев, не дольше трёх месяцев подряд (п. 31 Правил, \
                 ПП РФ от 21.07.2008 № 549).",
                "There was no reading: the average of the last 12 months, for three months in a row at most (Rules of \
                 21.07.2008, № 549, p. 31).",
            ),
            Basis::Norm => (
                "По нормативу потребления: прибора нет, он не поверен, или показаний не было дольше трёх месяцев (пп. 31 и 32 \
                 Правил, ПП РФ от 21.07.2008 № 549).",
                "By the norm: there is no verified meter, or no reading came for more than three months (Rules of 21.07.2008, \
                 № 549, p. 31 and 32).",
            ),
        },
    )
}

/// All lines of a service in a statement.
#[derive(Clone, Debug, SimpleObject)]
pub struct ServiceSum {
    /// How much was charged for, with the coefficient.
    pub volume: Decimal,
    /// What was charged.
    pub amount: Money,
    /// What the volume was reckoned from.
    pub basis: ChargeBasis,
}

impl From<Sum> for ServiceSum {
    fn from(sum: Sum) -> Self {
        Self { volume: sum.volume.into(), amount: sum.amount.into(), basis: sum.basis.into() }
    }
}

/// A service of a statement beside the same service of the statement before. Sums are signed: above zero is more.
#[derive(Clone, Debug, SimpleObject)]
pub struct ServiceComparison {
    /// Name of the service.
    pub service: String,
    /// The provider's code of the service.
    pub service_code: String,
    /// Null where it is no longer charged.
    pub now: Option<ServiceSum>,
    /// Null where it was not charged before.
    pub before: Option<ServiceSum>,
    /// How much more is charged: `byVolume` and `byPrice` together.
    pub difference: Money,
    /// Because more was charged for, at the price of the statement before.
    pub by_volume: Money,
    /// Because the price is another.
    pub by_price: Money,
}

impl From<Comparison> for ServiceComparison {
    fn from(compared: Comparison) -> Self {
        Self {
            service: compared.service_name,
            service_code: compared.service_code,
            now: compared.now.map(Into::into),
            before: compared.before.map(Into::into),
            difference: compared.difference.into(),
            by_volume: compared.by_volume.into(),
            by_price: compared.by_price.into(),
        }
    }
}

/// Why an entry is in the ledger.
#[derive(Clone, Debug, SimpleObject)]
pub struct EntryExplanation {
    /// In the reader's language.
    pub text: String,
    /// The lines that a charge is the sum of; empty for all else.
    pub lines: Vec<StatementLine>,
}

/// What happened, for people.
pub fn entry_text(entry: &ledger_entry::Model, locale: Locale) -> String {
    let here = entry.payment_id.is_some();
    let words = match entry.kind {
        Kind::Opening => {
            ("Сальдо на начало по данным поставщика", "Balance at the beginning, as the provider states it")
        }
        Kind::Charge => ("Начислено: сумма строк квитанции", "Charged: the sum of the statement's lines"),
        Kind::Payment if here => ("Оплата через личный кабинет", "Paid here"),
        Kind::Payment => ("Оплата в другом месте, учтённая поставщиком", "Paid elsewhere, as the provider states it"),
        Kind::Refund if here => ("Возврат оплаты через личный кабинет", "A payment made here was given back"),
        Kind::Refund => ("Возврат от поставщика", "Given back by the provider"),
        Kind::Adjustment => {
            ("Перерасчёт прошлых месяцев по данным поставщика", "Earlier months recalculated by the provider")
        }
        Kind::Reversal => (
            "Сторно: поставщик исправил квитанцию, прежняя запись отменена",
            "Taken back: the provider has corrected its statement",
        ),
        Kind::Penalty => (
            "Пени за позднюю оплату (ч. 14 ст. 155 ЖК РФ)",
            "For paying late (Housing Code of Russia, article 155, part 14)",
        ),
    };
    let text = choose(locale, words);
    match (entry.period, locale) {
        (Some(period), Locale::Ru) => format!("{text}, {:02}.{}", period.0 % 100, period.0 / 100),
        (Some(period), Locale::En) => format!("{text}, {period}"),
        (None, _) => text.to_owned(),
    }
}
