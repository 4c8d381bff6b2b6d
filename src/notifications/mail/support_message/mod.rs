use entity::enums::{Locale, PaymentStatus, SupportTopic};
use entity::exact::{Money, YearMonth};
use minijinja::{Value, context};

use super::reader::Reader;

/// A person's message to the support service, with what it is about.
#[derive(Clone, Debug)]
pub struct SupportMessage {
    pub request: String,
    pub topic: SupportTopic,
    /// In the thread, from 1.
    pub position: i32,
    pub text: String,
    pub email: String,
    pub name: Option<String>,
    /// Number and provider.
    pub account: Option<(String, String)>,
    /// Name and serial number.
    pub meter: Option<(String, String)>,
    /// Month and closing.
    pub statement: Option<(YearMonth, Money)>,
    /// Id, status, amount.
    pub payment: Option<(String, PaymentStatus, Money)>,
}

impl SupportMessage {
    pub(super) fn sample() -> Self {
        Self {
            request: "request_01h2xcejqtf2nbrexx3vqjhp41".to_owned(),
            topic: SupportTopic::Bill,
            position: 1,
            text: "Почему в мае начислено вдвое больше?".to_owned(),
            email: "anna@example.com".to_owned(),
            name: Some("Анна Иванова".to_owned()),
            account: Some(("3600000001".to_owned(), "Межрегионгаз Воронеж".to_owned())),
            meter: Some(("Кухня".to_owned(), "0123456".to_owned())),
            statement: Some((YearMonth(202_605), Money(195_685))),
            payment: Some(("payment_01h2xcejqtf2nbrexx3vqjhp41".to_owned(), PaymentStatus::Succeeded, Money(195_685))),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let (account, meter) = (self.account.as_ref(), self.meter.as_ref());
        context! {
            request => self.request.as_str(),
            topic => topic(self.topic, reader.locale),
            position => self.position,
            message => self.text.as_str(),
            email => self.email.as_str(),
            name => self.name.as_deref(),
            number => account.map(|(number, _)| number.as_str()),
            provider => account.map(|(_, provider)| provider.as_str()),
            meter => meter.map(|(name, serial)| format!("{name}, {serial}")),
            statement => self.statement.map(|(period, closing)| format!("{period}, {}", reader.roubles(closing))),
            payment => self.payment.as_ref().map(|(id, status, amount)| {
                format!("{id}, {}, {}", status.word(), reader.roubles(*amount))
            }),
        }
    }
}

const fn topic(topic: SupportTopic, locale: Locale) -> &'static str {
    let (ru, en) = match topic {
        SupportTopic::Bill => ("начисления", "bills"),
        SupportTopic::Reading => ("счётчики и показания", "meters and readings"),
        SupportTopic::Payment => ("оплата", "payments"),
        SupportTopic::Access => ("вход и подключение счёта", "signing in, attaching accounts"),
        SupportTopic::Other => ("другое", "something else"),
    };
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}
