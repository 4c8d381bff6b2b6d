//! Whoever registers a known address gets what a new one gives, except the cabinet: an unconfirmed person who is in the
//! key store alone (ADR 0025).

use chrono::{DateTime, Utc};
use entity::enums::Locale;
use entity::ids::UserId;
use entity::user;
use serde::{Deserialize, Serialize};

use super::registration::unconfirmed;
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

/// No row of a table ever names its id.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Decoy {
    id: UserId,
    email: String,
    password_hash: String,
    locale: Locale,
    registered_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<Decoy> for user::Model {
    fn from(decoy: Decoy) -> Self {
        let Decoy { id, email, password_hash, locale, registered_at, expires_at } = decoy;
        unconfirmed(id, email, password_hash, locale, registered_at, expires_at)
    }
}

impl Identity {
    /// Kept before it is known whether the address is: a crash must not leave a known address without.
    ///
    /// The first registration with a password counts, as it does for a cabinet.
    pub(super) async fn keep_decoy(&self, of: &user::Model, key: &Key) -> Result<UserId, Fault> {
        let expires_at = of.confirmation_expires_at.unwrap_or(of.created_at);
        let decoy = Decoy {
            id: self.entropy.id(&self.clock)?,
            email: of.email.clone(),
            password_hash: of.password_hash.clone(),
            locale: of.locale,
            registered_at: of.created_at,
            expires_at,
        };
        let entry = Entry { owner: None, value: serde_json::to_string(&decoy)?, expires_at };
        self.keys.put(DECOYS, &key_of(decoy.id), &entry).await?;
        let registration = Entry { owner: None, value: serde_json::to_string(&decoy.id)?, expires_at };
        if !self.keys.add(REGISTRATIONS, key, &registration).await? {
            self.drop_decoy(decoy.id).await?;
        }
        Ok(decoy.id)
    }

    /// The registration made a cabinet. Its key stays: with the same password nobody else can register.
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
        Ok(Some(serde_json::from_str::<Decoy>(&entry.value)?.into()))
    }

    /// Writes to the mailbox's owner what one more registration would, within the owner's limits: nobody is told whether.
    pub(super) async fn write_to_owner(&self, email: &str) -> Result<(), Fault> {
        let granted = self.decoy_letters.take(email).await?;
        let email = &EmailAddress::stored(email.to_owned());
        let written = self.db.transaction(|tx| async move {
            match store::find_by_email(&*tx, email).await? {
                Some(owner) if owner.email_confirmed_at.is_none() || granted => self.remind_in(&tx, &owner).await?,
                _ => {}
            }
            Ok::<_, Failure<std::convert::Infallible>>(())
        });
        Ok(written.await?)
    }

    /// For an unconfirmed owner within the pause the letter that was sent last serves.
    pub(super) async fn remind_in(&self, tx: &Tx, owner: &user::Model) -> Result<(), Fault> {
        let user_id = owner.id;
        if owner.email_confirmed_at.is_some() {
            return self.outbox.enqueue_in(tx, &super::event::SendAlreadyRegistered { user_id }).await;
        }
        self.send_link_again_in(tx, user_id).await.map(|_| ())
    }
}

fn key_of(id: UserId) -> Key {
    Key::of_hash(&id.0.to_string())
}
