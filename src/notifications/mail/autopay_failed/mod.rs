use chrono::{DateTime, Utc};
use entity::enums::Locale;
use entity::exact::Money;
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// An autopay came to nothing.
#[derive(Clone, Debug)]
pub struct AutopayFailed {
    pub provider: String,
    /// Of the personal account.
    pub number: String,
    pub amount: Money,
    /// The acquirer's reason, or ours.
    pub reason: String,
    /// When it is tried again; none: no more.
    pub again_at: Option<DateTime<Utc>>,
}

impl AutopayFailed {
    pub(super) fn sample() -> Self {
        Self {
            provider: "Межрегионгаз Воронеж".to_owned(),
            number: "3600000001".to_owned(),
            amount: Money(195_685),
            reason: "insufficient_funds".to_owned(),
            again_at: Some(sample_time()),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        context! {
            provider => self.provider.as_str(),
            number => self.number.as_str(),
            amount => reader.roubles(self.amount),
            reason => explained(&self.reason, reader.locale),
            again_at => self.again_at.map(|at| reader.day_and_time(at)),
        }
    }
}

fn explained(reason: &str, locale: Locale) -> &'static str {
    let (ru, en) = match reason {
        "insufficient_funds" => ("на карте не хватило денег", "there was not enough money on the card"),
        "card_expired" => ("срок карты истёк: сохраните другую", "the card has expired: save another"),
        "permission_revoked" => {
            ("банк больше не разрешает списания с этой карты", "the bank does not let this card be charged any more")
        }
        "above_ceiling" => ("долг больше Вашего предела", "more is owed than your ceiling"),
        "forbidden" => ("банк не разрешает платить без Вас", "the bank does not let payments be made without you"),
        "being_paid" => (
            "другой платёж по этому счёту до сих пор не закончен",
            "another payment of this account has still not come to its end",
        ),
        "ended_by_operator" => (
            "банк так и не ответил, и платёж закрыт; если деньги списаны, напишите нам",
            "the bank never answered, and the payment was closed; if money was taken, write to us",
        ),
        "not_told" => ("мы не смогли предупредить Вас письмом", "we could not tell you by a letter before"),
        _ => ("банк отказал", "the bank refused"),
    };
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}
