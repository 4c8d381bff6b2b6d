//! What a provider's own program is given of payments: money that came and that went back, in an order that is final.

use entity::enums::{JournalKind, OutboundKind};
use entity::exact::Money;
use entity::ids::{JournalTransactionId, PaymentId, ProviderId};
use entity::{journal_transaction, payment};

use super::{Payments, store};
use crate::kernel::{Fault, Page, Slice};

/// Money that came for a provider, or went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    pub position: i64,
    pub row: journal_transaction::Model,
    /// Above zero: what was paid, or what was given back.
    pub amount: Money,
    pub payment: payment::Model,
    pub account_number: String,
}

impl Payments {
    /// Money of the journal that came for the provider or went back. Whoever goes on behind a row misses none. A constant
    /// number of statements.
    pub async fn movements(&self, provider: ProviderId, page: Page<i64>) -> Result<Slice<Movement>, Fault> {
        self.accounts.place_outbound(provider, OutboundKind::Movement).await?;
        let db = self.db.read();
        let placed = store::page_outbound(db, provider, &page).await?;
        let ids: Vec<JournalTransactionId> = placed.iter().map(|(_, id)| *id).collect();
        let rows = store::find_transactions(db, &ids).await?;
        let payment_ids: Vec<PaymentId> = rows.iter().filter_map(|row| row.payment_id).collect();
        let payments = store::find_payments(db, &payment_ids).await?;
        let refunds = self.list_refunds(&payment_ids).await?;
        let accounts: Vec<_> = payments.iter().map(|payment| payment.personal_account_id).collect();
        let numbers = self.accounts.numbers_of(&accounts).await?;
        let movements = placed.into_iter().map(|(position, id)| {
            let row = rows.iter().find(|row| row.id == id)?.clone();
            let payment = payments.iter().find(|payment| Some(payment.id) == row.payment_id)?.clone();
            let amount = match row.kind {
                JournalKind::Refund => refunds.iter().find(|refund| refund.id.0.to_string() == row.reference)?.amount,
                JournalKind::Payment | JournalKind::Commission | JournalKind::Payout => payment.amount,
            };
            let account_number = numbers.get(&payment.personal_account_id)?.clone();
            Some(Movement { position, row, amount, payment, account_number })
        });
        let movements: Option<Vec<_>> = movements.collect();
        Ok(Slice::of(&page, movements.ok_or_else(|| Fault::internal("money of the journal without its payment"))?))
    }
}
