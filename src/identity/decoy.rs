//! Whoever registers a known address gets what a new one gives, except the cabinet: an unconfirmed person who is in the
//! key store alone (ADR 0025).

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::ids::UserId;
use entity::user;

use super::applicant::Applicant;
use super::event::RemindOwner;
use super::{Identity, store};
use crate::kernel::{EmailAddress, Failure, Fault, Person};
use crate::platform::db::Tx;
use crate::platform::keyvalue::{Entry, Key, Space};
use crate::platform::secret::fingerprint;

/// By address and password: whose registration it was.
const REGISTRATIONS: Space = Space("decoy");
/// By id: the decoys themselves.
const DECOYS: Space = Space("decoy-user");
/// Letters a day to the owner of a confirmed address that unconfirmed people ask for.
pub(super) const LETTERS_A_DAY: u32 = 5;

impl Identity {
    /// Kept before it is known whether the address is.
    ///
    /// The first registration with a password counts, as it does for a cabinet.
    pub(super) async fn keep_decoy(&self, applicant: &Applicant, key: &Key) -> Result<(), Fault> {
        let Applicant { id, expires_at, .. } = *applicant;
        let entry = Entry { owner: None, value: serde_json::to_string(applicant)?, expires_at };
        self.keys.put(DECOYS, &key_of(id), &entry).await?;
        let registration = Entry { owner: None, value: serde_json::to_string(&id)?, expires_at };
        // Where there was one already, the new decoy is found by nobody and goes with its date. Taking it away would take
        // time, and so tell that the password is somebody's.
        self.keys.add(REGISTRATIONS, key, &registration).await?;
        Ok(())
    }

    /// The registration made a cabinet, whose person has the decoy's id and sessions. Its key stays: with the same password
    /// nobody else can register.
    pub(super) async fn drop_decoy(&self, id: UserId) -> Result<(), Fault> {
        self.keys.delete(DECOYS, &key_of(id)).await
    }

    /// Costs as much as verifying a password. One hashing finds the one among any number of decoys of an address.
    pub(super) async fn decoy_key(&self, email: &EmailAddress, password: String) -> Result<Key, Fault> {
        let salt = fingerprint(&format!("decoy {email}"));
        let hash = self.hasher.hash_salted(password, salt.get(..32).unwrap_or(&salt).to_owned()).await?;
        Ok(Key::of_secret(&format!("{email} {hash}")))
    }

    /// The decoy whom the password belongs to.
    pub(super) async fn find_decoy(
        &self,
        email: &EmailAddress,
        password: String,
    ) -> Result<Option<user::Model>, Fault> {
        let key = self.decoy_key(email, password).await?;
        let Some(registration) = self.keys.get(REGISTRATIONS, &key).await? else { return Ok(None) };
        self.decoy(serde_json::from_str(&registration.value)?).await
    }

    /// Who asks: a person with a cabinet, or a decoy.
    pub async fn find_person(&self, person: &Person) -> Result<Option<user::Model>, Fault> {
        match self.find_user(person.user_id).await? {
            None if !person.confirmed => self.decoy(person.user_id).await,
            user => Ok(user),
        }
    }

    async fn decoy(&self, id: UserId) -> Result<Option<user::Model>, Fault> {
        let Some(entry) = self.keys.get(DECOYS, &key_of(id)).await? else { return Ok(None) };
        Ok(Some(serde_json::from_str::<Applicant>(&entry.value)?.into()))
    }

    /// Leaves it to a job to write to the mailbox's owner what one more registration would, within the owner's limits:
    /// nobody is told whether.
    pub(super) async fn write_to_owner(&self, email: &str) -> Result<(), Fault> {
        let granted = self.decoy_letters.take(email).await?;
        let asked_at = self.clock.now();
        let job = &RemindOwner { email: email.to_owned(), granted, asked_at };
        let due_at = asked_at + self.discretion()?;
        let enqueued = self.db.transaction(|tx| async move {
            self.outbox.enqueue_at_in(&tx, job, due_at).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(enqueued.await?)
    }

    pub async fn remind_owner(&self, job: RemindOwner) -> Result<(), Fault> {
        let RemindOwner { email, granted, asked_at } = job;
        let email = &EmailAddress::stored(email);
        let written = self.db.transaction(|tx| async move {
            match store::find_by_email(&*tx, email).await? {
                Some(owner) if owner.email_confirmed_at.is_none() || granted => {
                    self.remind_in(&tx, &owner, asked_at).await?;
                }
                _ => {}
            }
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(written.await?)
    }

    /// For an unconfirmed owner within the pause the letter that was sent last serves.
    pub(super) async fn remind_in(&self, tx: &Tx, owner: &user::Model, asked_at: DateTime<Utc>) -> Result<(), Fault> {
        let user_id = owner.id;
        if owner.email_confirmed_at.is_some() {
            return self.outbox.enqueue_in(tx, &super::event::SendAlreadyRegistered { user_id }).await;
        }
        self.send_link_again_in(tx, user_id, asked_at).await.map(|_| ())
    }
}

fn key_of(id: UserId) -> Key {
    Key::of_hash(&id.0.to_string())
}
