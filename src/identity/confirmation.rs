//! Confirms that the mailbox is the person's, by a link that works once and until a date that is shown.

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::AuditEventKind;
use entity::ids::UserId;
use entity::user;
use serde::{Deserialize, Serialize};

use super::audit::{Act, Origin};
use super::error::{ConfirmationRefusal, ResendRefusal};
use super::event::SendConfirmation;
use super::{Identity, store};
use crate::kernel::{EmailAddress, Failure, Fault, Person};
use crate::platform::db::Tx;
use crate::platform::keyvalue::{Entry, Key, Space};

const SPACE: Space = Space("confirmation");
/// Letters that an unconfirmed person has asked for.
const ASKED_FOR: Space = Space("resend");
const STEPS: Space = Space("resend-step");
const BETWEEN_LETTERS: TimeDelta = TimeDelta::minutes(1);
const LETTERS_A_DAY: i32 = 5;

/// What the confirmation letter says.
#[derive(Clone, Debug)]
pub struct ConfirmationLink {
    pub user: user::Model,
    pub token: String,
    pub expires_at: DateTime<Utc>,
}

/// How many letters there were, in the day that began at `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Letters {
    sent_at: Option<DateTime<Utc>>,
    count: i32,
    since: Option<DateTime<Utc>>,
}

impl Letters {
    fn one_more(self, now: DateTime<Utc>) -> Result<Self, ResendRefusal> {
        let day = self.since.filter(|since| now - *since < TimeDelta::days(1));
        let (count, since) = day.map_or((0, now), |since| (self.count, since));
        let after_minute = self.sent_at.map(|sent| sent + BETWEEN_LETTERS);
        let after_day = (count >= LETTERS_A_DAY).then(|| since + TimeDelta::days(1));
        match after_minute.max(after_day).filter(|next| *next > now) {
            Some(next) => Err(ResendRefusal::TooSoon { seconds: (next - now).num_seconds().max(1) }),
            None => Ok(Self { sent_at: Some(now), count: count.saturating_add(1), since: Some(since) }),
        }
    }
}

impl Identity {
    /// With a password it becomes the cabinet's: whoever opens the letter may not be who registered (ADR 0016).
    ///
    /// The database decides which of many uses of a link is the one, so a lost key store never confirms twice.
    pub async fn confirm_email(
        &self,
        origin: impl Into<Origin>,
        token: &str,
        password: Option<String>,
    ) -> Result<user::Model, Failure<ConfirmationRefusal>> {
        let refused = || Failure::Refused(ConfirmationRefusal::BadToken);
        let key = Key::of_secret(token);
        let user_id =
            self.keys.get(SPACE, &key).await?.and_then(|entry| entry.owner).map(UserId).ok_or_else(refused)?;
        let user = self.find_user(user_id).await?.ok_or_else(refused)?;
        match &password {
            Some(password) => {
                let checked = self.policy.check(password, &EmailAddress::stored(user.email));
                checked.map_err(|refusal| Failure::Refused(ConfirmationRefusal::Password(refusal)))?;
            }
            None if user.password_contested => return Err(Failure::Refused(ConfirmationRefusal::PasswordNeeded)),
            None => {}
        }
        // One of many uses goes on: the others hash nothing.
        let entry = self.keys.take(SPACE, &key).await?.ok_or_else(refused)?;
        match self.confirm(origin.into(), user_id, password).await {
            Err(Failure::Fault(fault)) => {
                self.keys.put(SPACE, &key, &entry).await?;
                Err(fault.into())
            }
            done => done,
        }
    }

    async fn confirm(
        &self,
        origin: Origin,
        user_id: UserId,
        password: Option<String>,
    ) -> Result<user::Model, Failure<ConfirmationRefusal>> {
        let hash = match password {
            Some(password) => Some(self.hasher.hash(password).await?),
            None => None,
        };
        let (now, hash, origin) = (self.clock.now(), &hash, &origin);
        let user = self.db.transaction(|tx| async move {
            if !store::confirm_in(&tx, user_id, hash.clone(), now).await? {
                return Err(Failure::Refused(ConfirmationRefusal::BadToken));
            }
            self.audit.append_in(&tx, user_id, origin.clone(), Act::new(AuditEventKind::EmailConfirmed)).await?;
            store::find_user(&*tx, user_id).await?.ok_or(Failure::Refused(ConfirmationRefusal::BadToken))
        });
        let user = user.await?;
        self.keys.delete_of(SPACE, user_id.0).await?;
        // Whoever signed in before had not shown that the mailbox is theirs.
        self.sessions.end_all(user_id).await?;
        self.brakes.forget_places(user_id.0).await?;
        Ok(user)
    }

    /// Enqueues the letter again for a signed-in, unconfirmed person.
    ///
    /// What is refused depends on the person's own requests alone. The mailbox's limit counts those of others too, and so
    /// would tell of them.
    pub async fn resend_confirmation(&self, person: &Person) -> Result<user::Model, Failure<ResendRefusal>> {
        let user = self.find_person(person).await?.ok_or_else(|| Fault::internal("a session without a person"))?;
        if user.email_confirmed_at.is_some() {
            return Err(Failure::Refused(ResendRefusal::AlreadyConfirmed(user.id)));
        }
        self.take_letter(&user).await?;
        self.write_to_owner(&user.email).await?;
        Ok(user)
    }

    /// The first letter is that of the registration.
    async fn take_letter(&self, user: &user::Model) -> Result<(), Failure<ResendRefusal>> {
        let (now, key) = (self.clock.now(), Key::of_hash(&user.id.0.to_string()));
        let letters = match self.keys.get(ASKED_FOR, &key).await? {
            Some(entry) => serde_json::from_str::<Letters>(&entry.value).map_err(Fault::internal)?,
            None => Letters { sent_at: Some(user.created_at), count: 1, since: Some(user.created_at) },
        };
        let before = serde_json::to_string(&letters).map_err(Fault::internal)?;
        let letters = letters.one_more(now).map_err(Failure::Refused)?;
        // One of many requests at once goes on.
        let step = Key::of_secret(&format!("{} {before}", user.id.0));
        let taken = Entry { owner: None, value: String::new(), expires_at: now + BETWEEN_LETTERS };
        if !self.keys.add(STEPS, &step, &taken).await? {
            return Err(Failure::Refused(ResendRefusal::TooSoon { seconds: BETWEEN_LETTERS.num_seconds() }));
        }
        let value = serde_json::to_string(&letters).map_err(Fault::internal)?;
        let entry = Entry { owner: None, value, expires_at: now + TimeDelta::days(1) };
        Ok(self.keys.put(ASKED_FOR, &key, &entry).await?)
    }

    /// One letter a minute and five a day, whoever asks for it.
    pub(super) async fn send_link_again_in(
        &self,
        tx: &Tx,
        user_id: UserId,
        asked_at: DateTime<Utc>,
    ) -> Result<Result<(), ResendRefusal>, Fault> {
        let user = store::lock_user_in(tx, user_id).await?;
        let user = user.ok_or_else(|| Fault::internal("no such person"))?;
        if user.email_confirmed_at.is_some() {
            return Ok(Err(ResendRefusal::AlreadyConfirmed(user_id)));
        }
        let letters = Letters {
            sent_at: user.confirmation_sent_at,
            count: user.confirmation_letters,
            since: user.confirmation_letters_since,
        };
        let letters = match letters.one_more(asked_at) {
            Ok(letters) => letters,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let since = letters.since.unwrap_or(asked_at);
        store::update_confirmation_sent_in(tx, user_id, asked_at, letters.count, since).await?;
        self.outbox.enqueue_in(tx, &SendConfirmation { user_id }).await?;
        Ok(Ok(()))
    }

    pub(super) async fn forget_confirmation_links(&self, user_id: UserId) -> Result<(), Fault> {
        self.keys.delete_of(SPACE, user_id.0).await
    }

    /// Makes a link for the letter; none when there is nothing left to confirm.
    pub async fn confirmation_link(&self, user_id: UserId) -> Result<Option<ConfirmationLink>, Fault> {
        let Some(user) = self.find_user(user_id).await? else { return Ok(None) };
        let Some(expires_at) = user.confirmation_expires_at.filter(|expires| *expires > self.clock.now()) else {
            return Ok(None);
        };
        let token = self.entropy.token()?;
        let entry = Entry { owner: Some(user_id.0), value: String::new(), expires_at };
        self.keys.put(SPACE, &Key::of_secret(&token), &entry).await?;
        Ok(Some(ConfirmationLink { user, token, expires_at }))
    }
}
