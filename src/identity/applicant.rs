//! What becomes of a registration, after the answer: a cabinet, or a letter to whoever has the address already.

use chrono::{DateTime, Utc};
use entity::enums::{AuditEventKind, Locale};
use entity::ids::UserId;
use entity::{agreement_acceptance, user};
use serde::{Deserialize, Serialize};

use super::audit::Act;
use super::event::{CreateCabinet, DeleteUnconfirmed, SendConfirmation};
use super::{Identity, store};
use crate::kernel::{EmailAddress, Failure, Fault};
use crate::platform::db::{Tx, is_duplicate};

/// Another registration of the address came between.
struct AlreadyThere;

/// An unconfirmed person as they registered. With a new address the cabinet gets this id, with a known one the decoy
/// keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Applicant {
    pub id: UserId,
    pub email: String,
    pub password_hash: String,
    pub locale: Locale,
    pub registered_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Whose letter is the first of that day.
impl From<Applicant> for user::Model {
    fn from(applicant: Applicant) -> Self {
        let Applicant { id, email, password_hash, locale, registered_at, expires_at } = applicant;
        Self {
            id,
            email,
            password_hash,
            full_name: None,
            phone: None,
            locale,
            created_at: registered_at,
            email_confirmed_at: None,
            confirmation_expires_at: Some(expires_at),
            confirmation_sent_at: Some(registered_at),
            credentials_version: 0,
            password_contested: false,
            confirmation_letters: 1,
            confirmation_letters_since: Some(registered_at),
        }
    }
}

impl Identity {
    /// May be done twice.
    pub async fn create_cabinet(&self, job: &CreateCabinet) -> Result<(), Fault> {
        let created = match self.insert_or_write(job).await {
            // The row that was there first is found the next time.
            Err(Failure::Refused(AlreadyThere)) => self.insert_or_write(job).await,
            first => first,
        };
        match created {
            Ok(true) => self.drop_decoy(job.applicant.id).await,
            Ok(false) => Ok(()),
            Err(Failure::Refused(AlreadyThere)) => {
                Err(Fault::internal("others keep taking the address and leaving it"))
            }
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    /// Whether there is a cabinet of this registration.
    async fn insert_or_write(&self, job: &CreateCabinet) -> Result<bool, Failure<AlreadyThere>> {
        let CreateCabinet { applicant, origin, .. } = job;
        let (user_id, email) = (applicant.id, &EmailAddress::stored(applicant.email.clone()));
        let inserted = self.db.transaction(|tx| async move {
            if let Some(known) = store::find_by_email(&*tx, email).await? {
                if known.id != user_id {
                    self.write_to_known_in(&tx, &known, applicant.registered_at).await?;
                }
                return Ok(known.id == user_id);
            }
            match store::insert_user_in(&tx, applicant.clone().into()).await {
                Ok(()) => {}
                Err(error) if is_duplicate(&error) => return Err(Failure::Refused(AlreadyThere)),
                Err(error) => return Err(error.into()),
            }
            store::insert_acceptances_in(&tx, self.acceptances_of(job)?).await?;
            self.audit.append_in(&tx, user_id, origin.clone(), Act::new(AuditEventKind::Registered)).await?;
            self.outbox.enqueue_in(&tx, &SendConfirmation { user_id }).await?;
            self.outbox.enqueue_at_in(&tx, &DeleteUnconfirmed { user_id }, applicant.expires_at).await?;
            Ok(true)
        });
        inserted.await
    }

    /// Of the texts that were shown, whatever is in force by now.
    fn acceptances_of(&self, job: &CreateCabinet) -> Result<Vec<agreement_acceptance::Model>, Fault> {
        let accepted = job.accepted.iter().map(|(kind, version)| {
            Ok(agreement_acceptance::Model {
                id: self.entropy.id(&self.clock)?,
                user_id: job.applicant.id,
                kind: *kind,
                version: version.clone(),
                accepted_at: job.applicant.registered_at,
                address: job.address.to_string(),
            })
        });
        accepted.collect()
    }

    async fn write_to_known_in(&self, tx: &Tx, known: &user::Model, asked_at: DateTime<Utc>) -> Result<(), Fault> {
        if known.email_confirmed_at.is_none() {
            // One of them is perhaps a stranger who typed another's address: which, the mailbox's owner will say.
            store::update_contested_in(tx, known.id).await?;
        }
        self.remind_in(tx, known, asked_at).await
    }
}
