//! Lets another person see an account, or see and pay: by leave of somebody with FULL access of their own, who may take it
//! back at any time. Whoever is named takes it themselves: nobody finds strangers' accounts in their cabinet. Nothing tells
//! whether the address has a cabinet.

use std::collections::BTreeMap;
use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::{AccessLevel, AuditEventKind};
use entity::ids::{AccountShareId, PersonalAccountId, UserId};
use entity::{account_share, attachment, personal_account};

use super::access::AccountAccess;
use super::error::SharingRefusal;
use super::event::{EndAccountShare, SendAccountShared, Way};
use super::{Accounts, store};
use crate::identity::audit::{Act, Origin};
use crate::kernel::{EmailAddress, Failure, Fault, Person};
use crate::platform::db::is_duplicate;

/// Of one account by one person.
const MOST_SHARES: u64 = 10;
/// Of one person.
pub const SHARES_AN_HOUR: u32 = 20;

type Result<T> = std::result::Result<T, Failure<SharingRefusal>>;

fn refuse<T>(refusal: SharingRefusal) -> Result<T> {
    Err(Failure::Refused(refusal))
}

/// What is to be shared, with whom, how far and until when.
#[derive(Clone, Debug)]
pub struct NewShare {
    pub email: EmailAddress,
    pub may_pay: bool,
    pub ends_at: Option<DateTime<Utc>>,
}

/// A share that waits to be taken, with its account.
#[derive(Clone, Debug)]
pub struct Offer {
    pub share: account_share::Model,
    pub account: personal_account::Model,
}

impl Accounts {
    /// Offers an account to the person with the address. `own_email` is that of who shares.
    pub async fn share(
        &self,
        origin: impl Into<Origin>,
        access: &AccountAccess,
        own_email: &str,
        wanted: NewShare,
    ) -> Result<account_share::Model> {
        if !access.is_full() || access.share().is_some() {
            return refuse(SharingRefusal::NotOwn);
        }
        if wanted.email.as_str() == own_email {
            return refuse(SharingRefusal::OwnAddress);
        }
        let now = self.clock.now();
        if wanted.ends_at.is_some_and(|ends_at| ends_at <= now) {
            return refuse(SharingRefusal::Ended);
        }
        if !self.shares_of_person.take(&access.user_id().0.to_string()).await? {
            return refuse(SharingRefusal::TooOften);
        }
        let share = account_share::Model {
            id: self.entropy.id(&self.clock)?,
            personal_account_id: access.id(),
            owner_id: access.user_id(),
            email: wanted.email.as_str().to_owned(),
            may_pay: wanted.may_pay,
            ends_at: wanted.ends_at,
            shared_at: now,
            taken_by: None,
            taken_at: None,
        };
        let (share, origin) = (&share, &origin.into());
        let shared = self.db.transaction(|tx| async move {
            // Detached since it was looked at: nothing is left to share.
            if !store::lock_own_full_in(&tx, share.owner_id, share.personal_account_id).await? {
                return refuse(SharingRefusal::NotOwn);
            }
            if store::count_shares_in(&tx, share.owner_id, share.personal_account_id).await? >= MOST_SHARES {
                return refuse(SharingRefusal::TooMany);
            }
            match store::insert_share_in(&tx, share.clone()).await {
                Ok(()) => {}
                Err(error) if is_duplicate(&error) => return refuse(SharingRefusal::AlreadyShared),
                Err(error) => return Err(error.into()),
            }
            let act = Act::new(AuditEventKind::AccountShared).about(share.personal_account_id).about(share.id);
            self.audit.append_in(&tx, share.owner_id, origin.clone(), act).await?;
            self.outbox.enqueue_in(&tx, &SendAccountShared { account_share_id: share.id }).await?;
            if let Some(ends_at) = share.ends_at {
                let end = EndAccountShare { account_share_id: share.id };
                self.outbox.enqueue_at_in(&tx, &end, ends_at).await?;
            }
            Ok(share.clone())
        });
        shared.await
    }

    /// What the person shares of the accounts.
    pub async fn list_shares(
        &self,
        person: &Person,
        accounts: &[PersonalAccountId],
    ) -> std::result::Result<Vec<account_share::Model>, Fault> {
        store::list_shares(self.db.read(), person.user_id, accounts).await
    }

    /// What waits for the person with this address to be taken.
    pub async fn list_offers(&self, person: &Person, email: &str) -> std::result::Result<Vec<Offer>, Fault> {
        if !person.confirmed {
            return Ok(Vec::new());
        }
        let offered = store::list_offers(self.db.read(), email, self.clock.now()).await?;
        Ok(offered.into_iter().map(|(share, account)| Offer { share, account }).collect())
    }

    /// Attaches what is offered.
    pub async fn take_share(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        email: &str,
        id: AccountShareId,
    ) -> Result<AccountAccess> {
        if !person.confirmed {
            return refuse(SharingRefusal::NotConfirmed);
        }
        let now = self.clock.now();
        let attachment_id = self.entropy.id(&self.clock)?;
        let (user_id, origin) = (person.user_id, &origin.into());
        let taken = self.db.transaction(|tx| async move {
            // In the order in which a detachment locks: who gave it, then the share.
            let Some(offered) = store::find_share(&*tx, id).await? else {
                return refuse(SharingRefusal::ShareNotFound);
            };
            let still_given = store::lock_own_full_in(&tx, offered.owner_id, offered.personal_account_id).await?;
            let share = store::lock_share_in(&tx, id).await?.filter(|_| still_given);
            let open = |share: &account_share::Model| {
                share.email == email && share.taken_by.is_none() && share.ends_at.is_none_or(|ends_at| ends_at > now)
            };
            let Some(share) = share.filter(open) else { return refuse(SharingRefusal::ShareNotFound) };
            let account = store::lock_account_in(&tx, share.personal_account_id).await?;
            let row = attachment::Model {
                id: attachment_id,
                user_id,
                personal_account_id: account.id,
                access: AccessLevel::Full,
                nickname: None,
                attached_at: now,
                proved_at: None,
                attached_version: account.version,
                share_id: Some(share.id),
                may_pay: share.may_pay,
                ends_at: share.ends_at,
            };
            match store::insert_attachment_in(&tx, row.clone()).await {
                Ok(()) => {}
                Err(error) if is_duplicate(&error) => return refuse(SharingRefusal::AlreadyAttached),
                Err(error) => return Err(error.into()),
            }
            store::take_share_in(&tx, share.id, user_id, now).await?;
            let act = Act::new(AuditEventKind::AccountShareTaken).about(account.id).about(share.id);
            self.audit.append_in(&tx, user_id, origin.clone(), act).await?;
            self.tell_holders_in(&tx, account.id, user_id, Way::Share).await?;
            Ok(Self::shown(account, row))
        });
        let taken = taken.await?;
        self.wake([user_id]);
        Ok(taken)
    }

    /// Ends a share: by who gave it, or by who it is for. What was taken is taken back at once.
    pub async fn end_share(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        email: &str,
        id: AccountShareId,
    ) -> Result<()> {
        if !person.confirmed {
            return refuse(SharingRefusal::NotConfirmed);
        }
        let (user_id, origin) = (person.user_id, &origin.into());
        let ended = self.db.transaction(|tx| async move {
            let share = store::lock_share_in(&tx, id).await?;
            let concerned = |share: &account_share::Model| {
                share.owner_id == user_id
                    || share.taken_by == Some(user_id)
                    || (share.taken_by.is_none() && share.email == email)
            };
            let Some(share) = share.filter(concerned) else { return refuse(SharingRefusal::ShareNotFound) };
            store::delete_shares_in(&tx, &[share.id]).await?;
            let act = Act::new(AuditEventKind::AccountShareEnded).about(share.personal_account_id).about(share.id);
            self.audit.append_in(&tx, user_id, origin.clone(), act).await?;
            Ok(share.taken_by)
        });
        self.wake(ended.await?);
        Ok(())
    }

    /// Deletes a share whose end has come.
    pub async fn end_expired_share(&self, id: AccountShareId) -> std::result::Result<(), Fault> {
        let now = self.clock.now();
        let ended = self.db.transaction(|tx| async move {
            let share = store::lock_share_in(&tx, id).await?;
            let Some(share) = share.filter(|share| share.ends_at.is_some_and(|ends_at| ends_at <= now)) else {
                return Ok(None);
            };
            store::delete_shares_in(&tx, &[id]).await?;
            Ok::<_, Failure<Infallible>>(share.taken_by)
        });
        self.wake(ended.await?);
        Ok(())
    }

    /// Of a job: for whom it is, and who shares what.
    pub async fn share_of_job(&self, id: AccountShareId) -> std::result::Result<Option<account_share::Model>, Fault> {
        store::find_share(self.db.read(), id).await
    }

    /// Who gave which share, in one statement.
    pub async fn sharers(
        &self,
        ids: &[AccountShareId],
    ) -> std::result::Result<BTreeMap<AccountShareId, UserId>, Fault> {
        let shares = store::find_shares(self.db.read(), ids).await?;
        Ok(shares.into_iter().map(|share| (share.id, share.owner_id)).collect())
    }
}
