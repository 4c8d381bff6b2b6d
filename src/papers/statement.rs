//! A month's statement as PDF.

use entity::enums::Locale;
use entity::exact::Money;
use entity::ids::StatementId;
use entity::{statement, statement_line};

use super::words::{basis, choose, day, language, month, unit};
use super::{PDF, Paper, Papers};
use crate::billing::payment_qr::{Bill, Payee, modules};
use crate::kernel::{Fault, Person};
use crate::platform::pdf::{About, Column, Sheet, Style};

/// What is printed, owned so that it can go to another thread.
struct Printed {
    locale: Locale,
    provider: String,
    number_name: String,
    number: String,
    holder: Option<String>,
    address: Option<String>,
    statement: statement::Model,
    lines: Vec<statement_line::Model>,
    payee: Option<Payee>,
}

impl Papers {
    pub(super) async fn statement(
        &self,
        person: &Person,
        id: StatementId,
        locale: Locale,
    ) -> Result<Option<Paper>, Fault> {
        let Some(statement) = self.billing.find_statements_by_id(&[id]).await?.into_iter().next() else {
            return Ok(None);
        };
        let Some(access) = self.full_access(person, statement.personal_account_id).await? else { return Ok(None) };
        let missing = || Fault::internal("an account without a provider");
        let provider = self.accounts.find_provider(access.provider_id()).await?.ok_or_else(missing)?;
        // Where to pay today, whenever the statement was made.
        let terms = provider.terms_on(self.accounts.today_at(&provider));
        let printed = Printed {
            locale,
            provider: provider.row.name.clone(),
            number_name: choose(locale, &terms.account_number_name_ru, &terms.account_number_name_en).to_owned(),
            number: access.number().to_owned(),
            holder: access.holder_name().map(str::to_owned),
            address: access.address(),
            lines: self.billing.list_lines(&[statement.id]).await?,
            payee: Payee::of(terms, &provider.row.name),
            statement,
        };
        let period = printed.statement.period;
        let about = About {
            title: format!("{} {}", choose(locale, "Квитанция за", "Statement for"), month(locale, period)),
            author: printed.provider.clone(),
            language: language(locale),
            made_at: self.clock.now(),
        };
        let bytes = self.press.make(about, move |sheet| printed.lay_out(sheet)).await?;
        Ok(Some(Paper { name: format!("statement-{}-{period}.pdf", ascii(access.number())), content_type: PDF, bytes }))
    }
}

/// What a file name may hold.
pub fn ascii(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

const fn left(from: u16, width: u16) -> Column {
    Column { from, width, right: false }
}

const fn right(from: u16, width: u16) -> Column {
    Column { from, width, right: true }
}

/// Service, volume, price, coefficient, amount.
const COLUMNS: [Column; 5] = [left(0, 190), right(195, 95), right(295, 75), right(375, 55), right(435, 76)];
const TOTALS: [Column; 2] = [left(0, 400), right(405, 106)];

impl Printed {
    fn lay_out(&self, sheet: &mut Sheet) {
        let locale = self.locale;
        let say = |ru, en| choose(locale, ru, en);
        let period = month(locale, self.statement.period);
        sheet.text(Style::TITLE, &format!("{} {period}", say("Квитанция за", "Statement for")));
        sheet.text(Style::STRONG, &self.provider);
        sheet.text(Style::TEXT, &format!("{}: {}", self.number_name, self.number));
        for line in [&self.holder, &self.address].into_iter().flatten() {
            sheet.text(Style::TEXT, line);
        }
        let due = day(locale, self.statement.due_on);
        sheet.text(Style::TEXT, &format!("{}: {due}", say("Оплатить до (включительно)", "Pay by")));
        sheet.rule();
        self.lay_out_lines(sheet);
        sheet.rule();
        self.lay_out_totals(sheet);
        sheet.space(10);
        self.lay_out_payee(sheet);
    }

    fn lay_out_lines(&self, sheet: &mut Sheet) {
        let locale = self.locale;
        let heads = [
            choose(locale, "Услуга", "Service"),
            choose(locale, "Объём", "Volume"),
            choose(locale, "Цена, руб.", "Price, RUB"),
            choose(locale, "Коэфф.", "Coeff."),
            choose(locale, "Сумма, руб.", "Amount, RUB"),
        ];
        sheet.row(Style::STRONG, &zip(heads));
        for line in &self.lines {
            let volume = format!("{} {}", line.volume, unit(locale, line.unit));
            let (price, coefficient) = (line.price.to_string(), line.coefficient.to_string());
            let amount = line.amount.to_string();
            sheet.row(Style::TEXT, &zip([&line.service_name, &volume, &price, &coefficient, &amount]));
            let explanation = line.explanation.as_deref().unwrap_or_default();
            sheet.text(Style::SMALL, &format!("{}. {explanation}", basis(locale, line.basis)));
        }
    }

    fn lay_out_totals(&self, sheet: &mut Sheet) {
        let (of, locale) = (&self.statement, self.locale);
        for (ru, en, sum) in [
            ("Долг (+) или переплата (−) на начало месяца", "Owed (+) or paid ahead (−) at the beginning", of.opening),
            ("Начислено", "Accrued", of.accrued),
            ("Перерасчёт", "Recalculated", of.recalculated),
            ("Пени", "Penalty", of.penalty),
            ("Оплачено", "Paid", of.paid),
        ] {
            totals(sheet, Style::TEXT, choose(locale, ru, en), sum);
        }
        let to_pay = of.closing.max(Money::ZERO);
        totals(sheet, Style::HEADING, choose(locale, "К оплате", "To pay"), to_pay);
        if of.closing.is_negative() {
            totals(sheet, Style::TEXT, choose(locale, "Переплата", "Paid ahead"), -of.closing);
        }
    }

    fn lay_out_payee(&self, sheet: &mut Sheet) {
        let Some(payee) = &self.payee else { return };
        let locale = self.locale;
        sheet.text(Style::HEADING, choose(locale, "Получатель", "Payee"));
        lay_out_payee(sheet, locale, payee);
        let owed = Some(self.statement.closing).filter(|sum| *sum > Money::ZERO);
        let bill = Bill::new(payee.clone(), &self.number, owed, Some(self.statement.period));
        let Some(rows) = modules(&bill) else { return };
        sheet.space(6);
        sheet.code(&rows, 2);
        let note = choose(
            locale,
            "Код для оплаты в приложении банка (ГОСТ Р 56042-2014). Перед оплатой сверьте получателя.",
            "Code for a bank's app (GOST R 56042-2014). Compare the payee before you pay.",
        );
        sheet.text(Style::SMALL, note);
    }
}

pub fn lay_out_payee(sheet: &mut Sheet, locale: Locale, payee: &Payee) {
    sheet.text(Style::TEXT, &payee.name);
    let kpp = payee.kpp.as_ref().map(|kpp| format!(", КПП {kpp}")).unwrap_or_default();
    sheet.text(Style::TEXT, &format!("ИНН {}{kpp}", payee.inn));
    sheet.text(Style::TEXT, &format!("{}, БИК {}", payee.bank_name, payee.bic));
    let (account, correspondent) = (choose(locale, "р/с", "account"), choose(locale, "к/с", "corr. account"));
    sheet.text(Style::TEXT, &format!("{account} {}, {correspondent} {}", payee.account, payee.correspondent_account));
}

fn zip(texts: [&str; 5]) -> Vec<(Column, &str)> {
    COLUMNS.into_iter().zip(texts).collect()
}

fn totals(sheet: &mut Sheet, style: Style, name: &str, sum: Money) {
    let [names, sums] = TOTALS;
    sheet.row(style, &[(names, name), (sums, &sum.to_string())]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::enums::{ChargeBasis, Unit};
    use entity::exact::{Coefficient, Price, Quantity, YearMonth};
    use entity::ids::PersonalAccountId;
    use uuid::Uuid;

    fn printed(locale: Locale) -> Printed {
        let statement = statement::Model {
            id: StatementId(Uuid::nil()),
            personal_account_id: PersonalAccountId(Uuid::nil()),
            period: YearMonth(202_605),
            opening: Money(100),
            accrued: Money(21_632),
            recalculated: Money(-32),
            penalty: Money(0),
            paid: Money(100),
            closing: Money(21_600),
            due_on: "2026-06-15".parse().unwrap(),
            issued_at: "2026-06-01T03:00:00Z".parse().unwrap(),
            corrected_at: None,
            brought_by: None,
            withdrawn_at: None,
            issue_of: None,
        };
        let line = statement_line::Model {
            statement_id: statement.id,
            position: 1,
            service_code: "gas".into(),
            service_name: "Газ природный".into(),
            volume: "29.52".parse::<Quantity>().unwrap(),
            unit: Unit::CubicMetre,
            price: "7.328".parse::<Price>().unwrap(),
            coefficient: Coefficient::ONE,
            amount: Money(21_632),
            basis: ChargeBasis::Average,
            explanation: Some("Показаний не было".into()),
        };
        let payee = Payee {
            name: "ООО «Газ»".into(),
            inn: "7700000000".into(),
            kpp: None,
            bank_name: "Учебный банк".into(),
            bic: "044525000".into(),
            account: "40702810000000000001".into(),
            correspondent_account: "30101810000000000000".into(),
        };
        Printed {
            locale,
            provider: "Газ".into(),
            number_name: "Лицевой счёт".into(),
            number: "0042".into(),
            holder: Some("Анна".into()),
            address: None,
            statement,
            lines: vec![line],
            payee: Some(payee),
        }
    }

    #[test]
    fn a_statement_says_everything_that_is_to_be_known() {
        let mut sheet = Sheet::new().unwrap();
        printed(Locale::Ru).lay_out(&mut sheet);
        let texts = sheet.texts();
        for wanted in [
            "Квитанция за 05.2026",
            "Лицевой счёт: 0042",
            "Анна",
            "Оплатить до (включительно): 15.06.2026",
            "Газ природный",
            "29.52 м³",
            "7.328",
            "216.32",
            "по среднему расходу. Показаний не было",
            "216.00",
            "-0.32",
            "ИНН 7700000000",
            "р/с 40702810000000000001, к/с 30101810000000000000",
        ] {
            assert!(texts.contains(&wanted), "{wanted} in {texts:?}");
        }
        assert_eq!(sheet.pages().len(), 1);
        let mut english = Sheet::new().unwrap();
        printed(Locale::En).lay_out(&mut english);
        assert!(english.texts().contains(&"Statement for 2026-05"));
    }

    #[test]
    fn a_name_of_a_file_holds_nothing_odd() {
        assert_eq!(ascii("12/3 \"Ё\"\r\n"), "12-3------");
    }
}
