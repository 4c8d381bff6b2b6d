//! Two lists beside each other. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::DifferenceKind;
use entity::exact::Money;
use entity::ids::{DifferenceId, PaymentId};
use entity::reconciliation_difference;

use crate::payments::acquirer::{Registered, RegisteredKind};

/// A payment whose money stands here, or a refund of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub payment_id: PaymentId,
    /// The acquirer's.
    pub name: Option<String>,
    /// With the commission.
    pub due: Money,
    /// We heard of it on the day that is compared.
    pub is_of_the_day: bool,
    pub refund: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Ours {
    pub payments: Vec<Standing>,
    pub refunds: Vec<Standing>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub kind: DifferenceKind,
    pub subject: String,
    pub payment_id: Option<PaymentId>,
    pub ours: Option<Money>,
    pub theirs: Option<Money>,
}

impl Standing {
    fn differs(&self, kind: DifferenceKind, theirs: Option<Money>) -> Difference {
        let subject = self.name.clone().unwrap_or_else(|| self.payment_id.0.to_string());
        Difference { kind, subject, payment_id: Some(self.payment_id), ours: Some(self.due), theirs }
    }

    pub fn missing_there(&self) -> Difference {
        let kind = if self.refund { DifferenceKind::RefundMissingThere } else { DifferenceKind::MissingThere };
        self.differs(kind, None)
    }

    pub fn of_another_sum(&self, theirs: Money) -> Difference {
        self.differs(DifferenceKind::Amount, Some(theirs))
    }
}

impl Difference {
    pub fn row(
        &self,
        id: DifferenceId,
        acquirer: &str,
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> reconciliation_difference::Model {
        reconciliation_difference::Model {
            id,
            acquirer: acquirer.to_owned(),
            day,
            kind: self.kind,
            subject: self.subject.clone(),
            payment_id: self.payment_id,
            ours: self.ours,
            theirs: self.theirs,
            owner: None,
            opened_at: now,
            closed_at: None,
            resolution: None,
        }
    }
}

/// What is on the acquirer's list of the day and is not so here. `ours` has everything here that the list names.
pub fn compare(theirs: &[Registered], ours: &Ours) -> Vec<Difference> {
    let by_name = |rows: &'_ [Standing]| -> BTreeMap<String, Standing> {
        rows.iter().filter_map(|row| Some((row.name.clone()?, row.clone()))).collect()
    };
    let (payments, refunds) = (by_name(&ours.payments), by_name(&ours.refunds));
    let mut found = Vec::new();
    for row in theirs {
        let (known, kind) = match row.kind {
            RegisteredKind::Payment => (payments.get(&row.id), DifferenceKind::MissingHere),
            RegisteredKind::Refund => (refunds.get(&row.id), DifferenceKind::RefundMissingHere),
        };
        match known {
            None => found.push(Difference {
                kind,
                subject: row.id.clone(),
                payment_id: payments.get(&row.payment).map(|payment| payment.payment_id),
                ours: None,
                theirs: Some(row.amount),
            }),
            Some(known) if known.due != row.amount => found.push(known.of_another_sum(row.amount)),
            Some(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(number: u128, name: &str, due: i64, refund: bool) -> Standing {
        let payment_id = PaymentId(uuid::Uuid::from_u128(number));
        Standing { payment_id, name: Some(name.to_owned()), due: Money(due), is_of_the_day: true, refund }
    }

    fn theirs(kind: RegisteredKind, id: &str, payment: &str, amount: i64) -> Registered {
        let at = "2026-06-20T09:00:00Z".parse().unwrap();
        Registered { kind, id: id.to_owned(), payment: payment.to_owned(), amount: Money(amount), at }
    }

    #[test]
    fn every_row_of_the_acquirer_is_found_here_with_its_sum_or_differs() {
        use RegisteredKind::{Payment, Refund};
        let known = Ours {
            payments: vec![ours(1, "a", 100, false), ours(2, "b", 200, false)],
            refunds: vec![ours(1, "r", 50, true)],
        };
        let list = [
            theirs(Payment, "a", "a", 100),
            theirs(Payment, "b", "b", 201),
            theirs(Payment, "c", "c", 300),
            theirs(Refund, "r", "a", 50),
            theirs(Refund, "s", "a", 10),
        ];
        let found = compare(&list, &known);
        let told: Vec<_> = found.iter().map(|one| (one.kind, one.subject.as_str(), one.ours, one.theirs)).collect();
        assert_eq!(
            told,
            [
                (DifferenceKind::Amount, "b", Some(Money(200)), Some(Money(201))),
                (DifferenceKind::MissingHere, "c", None, Some(Money(300))),
                (DifferenceKind::RefundMissingHere, "s", None, Some(Money(10))),
            ]
        );
        assert_eq!(found[2].payment_id, Some(PaymentId(uuid::Uuid::from_u128(1))), "the refund of a payment of ours");
    }
}
