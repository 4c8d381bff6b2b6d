//! Accounts that are paid by themselves: with what the payer has let be kept, never above a ceiling, announced by a letter
//! before, paused and taken back at any time.

pub mod event;
pub mod rules;
mod run;
mod store;

use entity::enums::{AuditEventKind, AutopayTrigger};
use entity::exact::Money;
use entity::ids::{AutopayId, AutopayRunId, PersonalAccountId, SavedMethodId, UserId};
use entity::{autopay, payment, saved_method};
use serde::Serialize;

use super::Payments;
use super::acquirer::SavedMethodSeen;
use crate::accounts::error::AccessRefusal;
use crate::identity::audit::{Act, Origin};
use crate::kernel::{Failure, Fault, Page, Person, Slice};
use crate::platform::db::Tx;
use crate::platform::idempotency::{self, KeyRefusal, Keyed};

pub use run::{AutopayNews, RunRow};
pub(super) use store::find_method;

pub type Autopay = autopay::Model;
pub type SavedMethod = saved_method::Model;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AutopayRefusal {
    NotConfirmed,
    AccountNotFound,
    /// The account is shared to be looked at only.
    NotShared,
    MethodNotFound,
    NotFound,
    /// The person has not said that they agree.
    NoConsent,
    CeilingOutOfRange {
        least: Money,
        most: Money,
    },
    KeyMalformed,
    Key(KeyRefusal),
}

#[derive(Clone, Debug, Serialize)]
pub struct Wish {
    pub personal_account_id: PersonalAccountId,
    pub saved_method_id: SavedMethodId,
    pub acts_on: AutopayTrigger,
    pub ceiling: Money,
    pub consent: bool,
}

type Result<T> = std::result::Result<T, Failure<AutopayRefusal>>;

impl Payments {
    /// Sets the autopay of an account, or changes it; a pause ends by it. The flag: the key was used before.
    pub async fn set_autopay(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        wish: Wish,
        key: &str,
    ) -> Result<(Autopay, bool)> {
        let refused = |refusal| Err(Failure::Refused(refusal));
        if key.is_empty() || key.len() > idempotency::LONGEST_KEY {
            return refused(AutopayRefusal::KeyMalformed);
        }
        if !wish.consent {
            return refused(AutopayRefusal::NoConsent);
        }
        let (least, most) = (self.config.payments.minimum, self.config.payments.maximum);
        if wish.ceiling < least || wish.ceiling > most {
            return refused(AutopayRefusal::CeilingOutOfRange { least, most });
        }
        let access = self.accounts.access(person, wish.personal_account_id).await;
        let access = access.map_err(|failure| {
            failure.map(|refusal| match refusal {
                AccessRefusal::NotConfirmed => AutopayRefusal::NotConfirmed,
                AccessRefusal::NotFound => AutopayRefusal::AccountNotFound,
            })
        })?;
        if !access.may_pay() {
            return refused(AutopayRefusal::NotShared);
        }
        let keyed = &Keyed::new(person.user_id, "setAutopay", key, &wish)?;
        let (id, origin, wish, now) = (self.entropy.id(&self.clock)?, &origin.into(), &wish, self.clock.now());
        let account = access.id();
        let set = self.db.transaction(|tx| async move {
            let first: Option<AutopayId> = idempotency::first_outcome_in(&tx, keyed, now)
                .await
                .map_err(|failure| failure.map(AutopayRefusal::Key))?;
            if let Some(first) = first {
                let first = store::find(&*tx, first).await?.ok_or(Failure::Refused(AutopayRefusal::NotFound))?;
                return Ok((first, true));
            }
            let method = store::find_method_in(&tx, wish.saved_method_id).await?;
            if method.is_none_or(|method| method.user_id != person.user_id) {
                return Err(Failure::Refused(AutopayRefusal::MethodNotFound));
            }
            let known = store::of_account_in(&tx, person.user_id, account).await?;
            let newest = store::newest_statement(&*tx, account).await?.map(|bill| bill.period);
            let row = autopay::Model {
                id: known.as_ref().map_or(id, |known| known.id),
                user_id: person.user_id,
                personal_account_id: account,
                saved_method_id: wish.saved_method_id,
                acts_on: wish.acts_on,
                ceiling: wish.ceiling,
                consented_at: now,
                // A change does not make it pass over what has come since.
                after_period: known.as_ref().map_or(newest, |known| known.after_period),
                paused_at: None,
                pause_reason: None,
            };
            store::put_in(&tx, row.clone(), known.is_some()).await?;
            let act = Act::new(AuditEventKind::AutopaySet).about(account).with("ceiling", &wish.ceiling);
            self.audit.append_in(&tx, person.user_id, origin.clone(), act).await?;
            idempotency::record_in(&tx, keyed, &row.id).await?;
            Ok((row, false))
        });
        set.await
    }

    /// Pauses it, or lets it go on. The flag: it was so already.
    pub async fn pause_autopay(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        id: Option<AutopayId>,
        paused: bool,
    ) -> Result<(Autopay, bool)> {
        let (origin, now) = (&origin.into(), self.clock.now());
        let changed = self.db.transaction(|tx| async move {
            let mut row = own_in(&tx, person, id).await?;
            if row.paused_at.is_some() == paused {
                return Ok((row, true));
            }
            (row.paused_at, row.pause_reason) = (paused.then_some(now), None);
            store::put_in(&tx, row.clone(), true).await?;
            let act = Act::new(AuditEventKind::AutopayPaused).about(row.personal_account_id).with("paused", &paused);
            self.audit.append_in(&tx, person.user_id, origin.clone(), act).await?;
            Ok((row, false))
        });
        changed.await
    }

    /// Takes it back; nothing is paid by it any more. One that is not there is refused.
    pub async fn remove_autopay(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        id: Option<AutopayId>,
    ) -> Result<PersonalAccountId> {
        let origin = &origin.into();
        let removed = self.db.transaction(|tx| async move {
            let row = own_in(&tx, person, id).await?;
            store::delete_in(&tx, &[row.id]).await?;
            let act = Act::new(AuditEventKind::AutopayRemoved).about(row.personal_account_id);
            self.audit.append_in(&tx, person.user_id, origin.clone(), act).await?;
            Ok(row.personal_account_id)
        });
        removed.await
    }

    /// Forgets what may be charged, with the autopays that charge it.
    pub async fn remove_method(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        id: Option<SavedMethodId>,
    ) -> Result<()> {
        let origin = &origin.into();
        let removed = self.db.transaction(|tx| async move {
            let Some(id) = id else { return Err(Failure::Refused(AutopayRefusal::MethodNotFound)) };
            let method = store::find_method_in(&tx, id).await?.filter(|method| method.user_id == person.user_id);
            let method = method.ok_or(Failure::Refused(AutopayRefusal::MethodNotFound))?;
            store::delete_of_method_in(&tx, method.id).await?;
            let act = Act::new(AuditEventKind::MethodRemoved).about(method.id);
            self.audit.append_in(&tx, person.user_id, origin.clone(), act).await?;
            Ok(())
        });
        removed.await
    }

    /// Oldest first.
    pub async fn saved_methods(&self, user: UserId) -> std::result::Result<Vec<SavedMethod>, Fault> {
        store::methods_of(self.db.read(), user).await
    }

    /// Oldest first.
    pub async fn autopays(&self, user: UserId) -> std::result::Result<Vec<Autopay>, Fault> {
        store::of_user(self.db.read(), user).await
    }

    pub async fn autopays_of_accounts(
        &self,
        user: UserId,
        accounts: &[PersonalAccountId],
    ) -> std::result::Result<Vec<Autopay>, Fault> {
        store::of_accounts(self.db.read(), user, accounts).await
    }

    /// Months of the person's autopays, newest first.
    pub async fn list_runs(&self, user: UserId, page: Page<AutopayRunId>) -> std::result::Result<Slice<RunRow>, Fault> {
        let rows = store::page_runs(self.db.read(), user, &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// Of a person who is erased nothing is charged any more; how many means of paying were forgotten.
    pub async fn forget_methods_in(&self, tx: &Tx, user: UserId) -> std::result::Result<u64, Fault> {
        store::delete_of_user_in(tx, user).await
    }

    pub(super) async fn keep_method_in(
        &self,
        tx: &Tx,
        payment: &payment::Model,
        seen: &SavedMethodSeen,
    ) -> std::result::Result<(), Fault> {
        let row = saved_method::Model {
            id: self.entropy.id(&self.clock)?,
            user_id: payment.user_id,
            acquirer: payment.acquirer.clone(),
            acquirer_method_id: seen.id.clone(),
            kind: seen.kind.clone(),
            title: seen.title.clone(),
            saved_at: self.clock.now(),
        };
        Ok(store::insert_method_in(tx, row).await?)
    }
}

async fn own_in(tx: &Tx, person: &Person, id: Option<AutopayId>) -> Result<Autopay> {
    let Some(id) = id.filter(|_| person.confirmed) else { return Err(Failure::Refused(AutopayRefusal::NotFound)) };
    let found = store::lock_in(tx, id).await?.filter(|row| row.user_id == person.user_id);
    found.ok_or(Failure::Refused(AutopayRefusal::NotFound))
}
