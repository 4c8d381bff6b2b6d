//! The ledger of an account: append-only, numbered without gaps, each entry with the balance after it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::enums::LedgerEntryKind;
use entity::exact::Money;
use entity::ids::{LedgerEntryId, PaymentId, PersonalAccountId};
use entity::{ledger_entry, personal_account};

use super::{Billing, store};
use crate::accounts::AccountKey;
use crate::kernel::{Fault, Page, Slice};
use crate::platform::db::Tx;

/// Key that a ledger is ordered by, newest first: the version.
pub type LedgerKey = i64;

/// A change that is not part of a statement.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    pub kind: LedgerEntryKind,
    /// Signed: positive raises what is owed.
    pub amount: Money,
    pub occurred_at: DateTime<Utc>,
    pub payment_id: Option<PaymentId>,
    /// How much more is paid here and not yet seen in a statement of the provider.
    pub in_transit: Money,
}

impl Billing {
    /// The one way by which a single change enters a ledger: locks the account, raises its version by one, appends.
    pub async fn append_in(
        &self,
        tx: &Tx,
        account: PersonalAccountId,
        change: Change,
    ) -> Result<ledger_entry::Model, Fault> {
        let account = store::lock_account_in(tx, account).await?;
        let entry = ledger_entry::Model {
            id: self.entropy.id(&self.clock)?,
            personal_account_id: account.id,
            version: account.version + 1,
            occurred_at: change.occurred_at,
            recorded_at: self.clock.now(),
            kind: change.kind,
            amount: change.amount,
            balance_after: account.balance + change.amount,
            period: None,
            statement_id: None,
            payment_id: change.payment_id,
            reverses_id: None,
        };
        store::insert_entry_in(tx, entry.clone()).await?;
        store::update_balance_in(tx, &entry, account.in_transit + change.in_transit).await?;
        Ok(entry)
    }

    /// The account under lock, as a payment of the current debt needs it.
    pub async fn lock_account_in(&self, tx: &Tx, id: PersonalAccountId) -> Result<personal_account::Model, Fault> {
        Ok(store::lock_account_in(tx, id).await?)
    }

    /// Newest first; history needs FULL access.
    pub async fn list_entries(
        &self,
        account: AccountKey,
        page: Page<LedgerKey>,
    ) -> Result<Slice<ledger_entry::Model>, Fault> {
        if !account.is_full() {
            return Ok(Slice { items: Vec::new(), has_previous: false, has_next: false });
        }
        let rows = store::page_entries(self.db.read(), account.id(), account.since(), &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// Entries that others of the same accounts point at.
    pub async fn find_entries(
        &self,
        wanted: &[(AccountKey, LedgerEntryId)],
    ) -> Result<HashMap<(AccountKey, LedgerEntryId), ledger_entry::Model>, Fault> {
        let ids: Vec<_> = wanted.iter().map(|(_, id)| *id).collect();
        let found = store::find_entries(self.db.read(), &ids).await?;
        let shown = |&(account, id): &(AccountKey, LedgerEntryId)| {
            let own = found.iter().find(|entry| entry.id == id && entry.personal_account_id == account.id());
            let own = own.filter(|entry| account.since().shows_moment(entry.occurred_at));
            Some(((account, id), own?.clone()))
        };
        Ok(wanted.iter().filter_map(shown).collect())
    }

    /// Those of the entries that are taken back, each with the entry that does so.
    pub async fn find_taken_back(&self, ids: &[LedgerEntryId]) -> Result<Vec<(LedgerEntryId, LedgerEntryId)>, Fault> {
        store::list_taken_back(self.db.read(), ids).await
    }

    /// Entries for those that need no access: what is made of them is shown only to who may see it.
    pub async fn entry_rows(&self, ids: &[LedgerEntryId]) -> Result<Vec<ledger_entry::Model>, Fault> {
        store::find_entries(self.db.read(), ids).await
    }

    /// Entries that follow each account's version, oldest first, at most so many: what a subscriber missed.
    pub async fn entries_after(
        &self,
        positions: &[(AccountKey, i64)],
        most: u64,
    ) -> Result<Vec<ledger_entry::Model>, Fault> {
        let position = |(account, version): &(AccountKey, i64)| (account.id(), *version, account.since());
        let positions: Vec<_> = positions.iter().map(position).collect();
        store::list_entries_after(self.db.read(), &positions, most).await
    }

    /// Accounts whose balance is not the sum of their ledger; an empty answer is a healthy one.
    pub async fn unbalanced_accounts(&self, most: u64) -> Result<Vec<PersonalAccountId>, Fault> {
        store::list_unbalanced(self.db.read(), self.db.engine(), most).await
    }
}
