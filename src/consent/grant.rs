//! Leave: given by the person with a proof, shown to them, taken back.

use std::convert::Infallible;

use chrono::{DateTime, Days, Months, NaiveDate, TimeDelta, Utc};
use entity::enums::{AuditEventKind, GrantTokenKind};
use entity::exact::YearMonth;
use entity::ids::{ClientGrantId, PersonalAccountId, UserId};
use entity::{app, client_grant, client_grant_token};

use super::calls::KEEP as KEEP_CALLS;
use super::error::ApprovalRefusal;
use super::event::SendClientAccessGranted;
use super::request::Request;
use super::{CODE_PREFIX, Consents, MOST_GRANTS, store};
use crate::accounts::{AccountAccess, Accounts};
use crate::identity::Identity;
use crate::identity::audit::{Act, Origin};
use crate::identity::step_up::StepUp;
use crate::kernel::{Actor, Failure, Fault, Person};
use crate::platform::db::Tx;
use crate::platform::keyvalue::Key;
use crate::platform::wakeups::Wake;

/// A code is taken to the token endpoint at once, by a program.
const CODE_LIFE: TimeDelta = TimeDelta::seconds(60);

/// So long it is found out that a code is used again.
const KEEP_CODES: TimeDelta = TimeDelta::days(30);

/// How far back an app may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// From the first day of the month so many months ago.
    Months(u32),
    All,
}

impl Past {
    /// The choices of the page, by the words of its form.
    pub const CHOICES: [(&'static str, Self); 4] =
        [("3", Self::Months(3)), ("12", Self::Months(12)), ("36", Self::Months(36)), ("all", Self::All)];

    pub fn from_word(word: &str) -> Option<Self> {
        Self::CHOICES.into_iter().find(|(known, _)| *known == word).map(|(_, past)| past)
    }

    fn first_day(self, today: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Months(months) => Some(YearMonth::of(today - Months::new(months)).first_day()),
            Self::All => None,
        }
    }
}

/// For how many days leave may be given: the choices of the page.
pub const DAYS: [u64; 3] = [30, 90, 365];

/// What the person chose.
#[derive(Clone, Debug)]
pub struct Leave {
    pub accounts: Vec<PersonalAccountId>,
    pub past: Past,
    /// One of [`DAYS`].
    pub days: u64,
}

/// A grant with its app and the accounts that it still reaches.
#[derive(Clone, Debug)]
pub struct Granted {
    pub grant: client_grant::Model,
    pub app: app::Model,
    pub accounts: Vec<PersonalAccountId>,
}

impl Consents {
    /// Lets the app in. The code is shown here, once; it is for the app.
    pub async fn approve(
        &self,
        (identity, accounts): (&Identity, &Accounts),
        (actor, person): (&Actor, &Person),
        request: &Request,
        leave: &Leave,
        step_up: &StepUp,
    ) -> Result<String, Failure<ApprovalRefusal>> {
        let refused = |refusal| Err(Failure::Refused(refusal));
        // An app lets no other in.
        if !person.confirmed || person.scopes.is_some() {
            return refused(ApprovalRefusal::NotConfirmed);
        }
        let mut wanted = leave.accounts.clone();
        wanted.sort();
        wanted.dedup();
        let reached = accounts.access_to(person, &wanted).await;
        let reached = reached.map_err(|failure| failure.map(|_| ApprovalRefusal::NotConfirmed))?;
        if wanted.is_empty() || reached.len() != wanted.len() || !DAYS.contains(&leave.days) {
            return refused(ApprovalRefusal::Accounts);
        }
        // A full list is told before a code of the second factor is spent.
        if store::count_grants(self.db.read(), person.user_id, self.clock.now()).await? >= MOST_GRANTS {
            return refused(ApprovalRefusal::TooMany);
        }
        let stepped = identity.step_up(actor, person, step_up).await;
        stepped.map_err(|failure| failure.map(ApprovalRefusal::StepUp))?;
        let now = self.clock.now();
        let grant = client_grant::Model {
            id: self.entropy.id(&self.clock)?,
            user_id: person.user_id,
            app_id: request.app.id,
            scopes: request.scopes.words(),
            data_from: leave.past.first_day(now.date_naive()),
            granted_at: now,
            expires_at: now + Days::new(leave.days),
            used_at: None,
            revoked_at: None,
        };
        let code = format!("{CODE_PREFIX}{}", self.entropy.token()?);
        self.store_grant(actor, &grant, &reached, &code_of(&grant, &code, request)).await?;
        Ok(code)
    }

    async fn store_grant(
        &self,
        actor: &Actor,
        grant: &client_grant::Model,
        reached: &[AccountAccess],
        code: &client_grant_token::Model,
    ) -> Result<(), Failure<ApprovalRefusal>> {
        let (user_id, now) = (grant.user_id, grant.granted_at);
        let letter = &SendClientAccessGranted { user_id, client_grant_id: grant.id, address: actor.address };
        let act = Act::new(AuditEventKind::ClientAccessGranted).about(grant.id).about(grant.app_id);
        let act = &act.with("scopes", &grant.scopes).with("accounts", &reached.len());
        let attachments: &Vec<_> = &reached.iter().map(AccountAccess::list_key).collect();
        let stored = self.db.transaction(|tx| async move {
            // The audit locks the person: of many at once each counts those before it.
            self.audit.append_in(&tx, user_id, actor, act.clone()).await?;
            if store::count_grants(&*tx, user_id, now).await? >= MOST_GRANTS {
                return Err(Failure::Refused(ApprovalRefusal::TooMany));
            }
            store::insert_grant_in(&tx, grant, attachments).await?;
            store::insert_token_in(&tx, code.clone()).await?;
            self.outbox.enqueue_in(&tx, letter).await?;
            Ok(())
        });
        stored.await
    }

    /// Those that still open something, newest first. Two statements.
    pub async fn list(&self, person: &Person) -> Result<Vec<Granted>, Fault> {
        let found = store::list_grants(self.db.read(), person.user_id, self.clock.now()).await?;
        self.with_accounts(found).await
    }

    /// Every grant that there was, oldest first.
    pub async fn list_all(&self, user_id: UserId) -> Result<Vec<Granted>, Fault> {
        let found = store::list_every_grant(self.db.read(), user_id).await?;
        self.with_accounts(found).await
    }

    /// Of a job.
    pub async fn grant_of_job(&self, id: ClientGrantId) -> Result<Option<Granted>, Fault> {
        let found = store::find_grant(self.db.read(), id).await?;
        Ok(self.with_accounts(found.into_iter().collect()).await?.pop())
    }

    async fn with_accounts(&self, found: Vec<(client_grant::Model, app::Model)>) -> Result<Vec<Granted>, Fault> {
        let ids: Vec<_> = found.iter().map(|(grant, _)| grant.id).collect();
        let accounts = store::list_accounts(self.db.read(), &ids).await?;
        let granted = found.into_iter().map(|(grant, app)| {
            let own = accounts.iter().filter(|(id, _)| *id == grant.id).map(|(_, account)| *account);
            Granted { accounts: own.collect(), grant, app }
        });
        Ok(granted.collect())
    }

    /// False when it is none of the person's. What is open by it ends.
    pub async fn revoke(&self, actor: &Actor, person: &Person, id: ClientGrantId) -> Result<bool, Fault> {
        let origin = &Origin::from(actor);
        let revoked = self.db.transaction(|tx| async move {
            let grant = store::lock_grant_in(&tx, id).await?.filter(|grant| grant.user_id == person.user_id);
            let Some(grant) = grant.filter(|grant| grant.revoked_at.is_none()) else { return Ok(false) };
            self.revoke_in(&tx, &grant, origin, "person").await?;
            Ok::<_, Failure<Infallible>>(true)
        });
        let revoked = revoked.await?;
        if revoked {
            self.wake(person.user_id);
        }
        Ok(revoked)
    }

    pub(super) async fn revoke_in(
        &self,
        tx: &Tx,
        grant: &client_grant::Model,
        origin: &Origin,
        by: &str,
    ) -> Result<(), Fault> {
        store::revoke_grant_in(tx, grant.id, self.clock.now()).await?;
        let act = Act::new(AuditEventKind::ClientAccessRevoked).about(grant.id).about(grant.app_id);
        self.audit.append_in(tx, grant.user_id, origin.clone(), act.with("by", &by)).await?;
        Ok(())
    }

    /// Connections of the person and of what acts for them look again whether they are still let in.
    pub(super) fn wake(&self, user_id: UserId) {
        self.wakeups.wake(Wake::SessionsEnded(user_id.0));
    }

    /// For the deletion of a cabinet; how many there were.
    pub async fn delete_of_in(&self, tx: &Tx, user_id: UserId) -> Result<u64, Fault> {
        store::delete_grants_in(tx, user_id).await
    }

    /// Deletes tokens that open nothing any more, and old calls.
    pub async fn purge(&self) -> Result<(), Fault> {
        let now: DateTime<Utc> = self.clock.now();
        let purged = self.db.transaction(|tx| async move {
            store::delete_expired_in(&tx, now, now - KEEP_CODES).await?;
            store::delete_calls_before_in(&tx, now - KEEP_CALLS).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(purged.await?)
    }
}

fn code_of(grant: &client_grant::Model, code: &str, request: &Request) -> client_grant_token::Model {
    client_grant_token::Model {
        token_hash: Key::of_secret(code).as_str().to_owned(),
        client_grant_id: grant.id,
        kind: GrantTokenKind::Code,
        scopes: grant.scopes.clone(),
        issued_at: grant.granted_at,
        expires_at: grant.granted_at + CODE_LIFE,
        spent_at: None,
        redirect_uri: Some(request.redirect_uri.clone()),
        challenge: Some(request.challenge.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_begins_with_a_month() {
        let first = |past: &str, today: &str| {
            let day = Past::from_word(past).unwrap().first_day(today.parse().unwrap());
            day.map(|day| day.to_string())
        };
        assert_eq!(first("3", "2026-06-20").as_deref(), Some("2026-03-01"));
        assert_eq!(first("3", "2026-05-31").as_deref(), Some("2026-02-01"));
        assert_eq!(first("12", "2026-01-01").as_deref(), Some("2025-01-01"));
        assert_eq!(first("36", "2026-06-20").as_deref(), Some("2023-06-01"));
        assert_eq!(first("all", "2026-06-20"), None);
        assert_eq!(Past::from_word("4"), None);
    }
}
