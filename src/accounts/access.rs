//! The one place that decides who may see what of an account.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use entity::enums::AccessLevel;
use entity::ids::{AccountShareId, AttachmentId, PersonalAccountId, ProviderId, UserId};
use entity::{attachment, personal_account};
use uuid::Uuid;

use super::error::AccessRefusal;
use super::model::{Balance, masked_address};
use super::store::Reach;
use super::{Accounts, store};
use crate::kernel::{ApiClient, Failure, Fault, Page, Person, Since, Slice};

/// Shows that a person may see an account, and how much of it. Cannot be made outside this module.
#[derive(Clone, Debug)]
pub struct AccountAccess {
    account: personal_account::Model,
    attachment: attachment::Model,
    since: Since,
}

/// Names an account to which access was shown: what other slices take instead of a bare id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountKey {
    id: PersonalAccountId,
    level: AccessLevel,
    since: Since,
}

/// Somebody else's account, by their leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    pub id: AccountShareId,
    pub may_pay: bool,
    pub ends_at: Option<DateTime<Utc>>,
}

impl AccountKey {
    pub fn id(self) -> PersonalAccountId {
        self.id
    }

    /// Whether history, lines and names may be shown.
    pub fn is_full(self) -> bool {
        self.level == AccessLevel::Full
    }

    /// From when on anything is shown.
    pub fn since(self) -> Since {
        self.since
    }
}

impl AccountAccess {
    /// Of an account that the program's provider bills; none of anybody else's. It stands for no attachment, and for no
    /// person.
    pub fn of_client(client: &ApiClient, account: personal_account::Model) -> Option<Self> {
        let nobody = Uuid::nil();
        let attachment = attachment::Model {
            id: AttachmentId(nobody),
            user_id: UserId(nobody),
            personal_account_id: account.id,
            access: AccessLevel::Full,
            nickname: None,
            attached_at: account.balance_as_of,
            proved_at: None,
            attached_version: 0,
            share_id: None,
            may_pay: false,
            ends_at: None,
        };
        (account.provider_id == client.provider_id).then_some(Self { account, attachment, since: Since::default() })
    }

    /// The same account, by another name.
    pub(super) fn renamed(self, attachment: attachment::Model) -> Self {
        Self { attachment: attachment::Model { nickname: attachment.nickname, ..self.attachment }, ..self }
    }

    pub fn key(&self) -> AccountKey {
        AccountKey { id: self.account.id, level: self.attachment.access, since: self.since }
    }

    pub fn id(&self) -> PersonalAccountId {
        self.account.id
    }

    pub fn user_id(&self) -> UserId {
        self.attachment.user_id
    }

    /// Who live there, as the provider knows it; none with LIMITED access.
    pub fn residents(&self) -> Option<i16> {
        self.account.residents.filter(|_| self.is_full())
    }

    /// Shows the account as it has become; another account changes nothing.
    pub fn refresh(&mut self, account: &personal_account::Model) {
        if account.id == self.account.id && account.version >= self.account.version {
            self.account = account.clone();
        }
    }

    pub fn level(&self) -> AccessLevel {
        self.attachment.access
    }

    pub fn is_full(&self) -> bool {
        self.attachment.access == AccessLevel::Full
    }

    /// The leave that another person gave; none of an account of one's own.
    pub fn share(&self) -> Option<Shared> {
        let attachment::Model { share_id, may_pay, ends_at, .. } = self.attachment;
        share_id.map(|id| Shared { id, may_pay, ends_at })
    }

    /// Whether the person may pay and send readings; who was only let look may not.
    pub fn may_pay(&self) -> bool {
        self.attachment.may_pay
    }

    pub fn provider_id(&self) -> ProviderId {
        self.account.provider_id
    }

    pub fn number(&self) -> &str {
        &self.account.number
    }

    pub fn nickname(&self) -> Option<&str> {
        self.attachment.nickname.as_deref()
    }

    pub fn balance(&self) -> Balance {
        Balance::of_account(&self.account)
    }

    pub fn holder_name(&self) -> Option<&str> {
        self.account.holder_name.as_deref().filter(|_| self.is_full())
    }

    /// Whole with FULL access, masked with LIMITED.
    pub fn address(&self) -> Option<String> {
        let address = self.account.address.as_deref()?;
        Some(if self.is_full() { address.to_owned() } else { masked_address(address) })
    }

    /// The ledger's version when this person attached the account.
    pub fn attached_version(&self) -> i64 {
        self.attachment.attached_version
    }

    /// Key that a list of accounts is ordered by.
    pub fn list_key(&self) -> AttachmentId {
        self.attachment.id
    }
}

type Result<T> = std::result::Result<T, Failure<AccessRefusal>>;

impl Accounts {
    pub async fn access(&self, person: &Person, id: PersonalAccountId) -> Result<AccountAccess> {
        let found = self.access_to(person, &[id]).await?;
        found.into_iter().next().ok_or(Failure::Refused(AccessRefusal::NotFound))
    }

    /// Accesses to those of the accounts that the person may see; the others are left out.
    pub async fn access_to(&self, person: &Person, ids: &[PersonalAccountId]) -> Result<Vec<AccountAccess>> {
        confirmed(person)?;
        let rows = store::list_attached(self.db.read(), self.reach(person), ids).await?;
        Ok(rows.into_iter().map(|row| seen(person, row)).collect())
    }

    /// Every account that the person may see.
    pub async fn all_access(&self, person: &Person) -> Result<Vec<AccountAccess>> {
        confirmed(person)?;
        let rows = store::list_all_attached(self.db.read(), self.reach(person)).await?;
        Ok(rows.into_iter().map(|row| seen(person, row)).collect())
    }

    /// The person's own account with a number; none of anybody else's.
    pub async fn own_account(
        &self,
        person: &Person,
        provider: ProviderId,
        number: &str,
    ) -> std::result::Result<Option<AccountAccess>, Fault> {
        let found = store::find_attached_number(self.db.read(), self.reach(person), (provider, number)).await?;
        Ok(found.filter(|_| person.confirmed).map(|row| seen(person, row)))
    }

    /// Those of the accounts that a provider bills: what an integrator may speak of.
    pub async fn accounts_of(
        &self,
        provider: ProviderId,
        ids: &[PersonalAccountId],
    ) -> std::result::Result<HashSet<PersonalAccountId>, Fault> {
        store::list_of_provider(self.db.read(), provider, ids).await
    }

    /// Accounts as they are, for whoever shows access by other means.
    pub async fn rows(&self, ids: &[PersonalAccountId]) -> std::result::Result<Vec<personal_account::Model>, Fault> {
        store::find_accounts(self.db.read(), ids).await
    }

    /// The accounts of a program's provider, oldest first.
    pub async fn list_of_client(
        &self,
        client: &ApiClient,
        page: Page<PersonalAccountId>,
    ) -> std::result::Result<Slice<AccountAccess>, Fault> {
        let rows = store::page_of_provider(self.db.read(), client.provider_id, &page).await?;
        let slice = Slice::of(&page, rows);
        let (has_previous, has_next) = (slice.has_previous, slice.has_next);
        let items = slice.items.into_iter().filter_map(|account| AccountAccess::of_client(client, account)).collect();
        Ok(Slice { items, has_previous, has_next })
    }

    pub async fn list_access(
        &self,
        person: &Person,
        page: Page<AttachmentId>,
    ) -> std::result::Result<Slice<AccountAccess>, Fault> {
        if !person.confirmed {
            return Ok(Slice { items: Vec::new(), has_previous: false, has_next: false });
        }
        let rows = store::page_attached(self.db.read(), self.reach(person), &page).await?;
        Ok(Slice::of(&page, rows).map(|row| seen(person, row)))
    }

    /// To the person themselves, who has just attached it or proved to be at home there: no app does that.
    pub(super) fn shown(account: personal_account::Model, attachment: attachment::Model) -> AccountAccess {
        AccountAccess { account, attachment, since: Since::default() }
    }

    fn reach<'a>(&self, person: &'a Person) -> Reach<'a> {
        Reach { user: person.user_id, now: self.clock.now(), only: person.only() }
    }
}

fn seen(person: &Person, (attachment, account): (attachment::Model, personal_account::Model)) -> AccountAccess {
    AccountAccess { account, attachment, since: person.since() }
}

fn confirmed(person: &Person) -> Result<()> {
    if person.confirmed { Ok(()) } else { Err(Failure::Refused(AccessRefusal::NotConfirmed)) }
}
