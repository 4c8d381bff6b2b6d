//! A new cabinet. Whoever asks learns nothing about addresses that are known already.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::{AuditEventKind, Locale};
use entity::ids::UserId;
use entity::user;

use super::agreement;
use super::applicant::Applicant;
use super::audit::{Act, Origin};
use super::captcha::CaptchaAction;
use super::error::RegistrationRefusal;
use super::event::CreateCabinet;
use super::{Identity, store};
use crate::kernel::{Actor, EmailAddress, Failure, Fault};

#[derive(Clone, Debug)]
pub struct Registration {
    pub email: EmailAddress,
    pub password: String,
    pub captcha: Option<String>,
    /// Ids as in `Query.agreements`.
    pub accepted_agreements: Vec<String>,
    pub locale: Option<Locale>,
}

/// The same for a new address and for a known one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub email: EmailAddress,
    pub confirmation_expires_at: DateTime<Utc>,
}

type Result<T> = std::result::Result<T, Failure<RegistrationRefusal>>;

impl Identity {
    /// What follows for a new address and for a known one is decided by a job (`applicant`): the answer is the same, and so
    /// is the work before it.
    pub async fn register(&self, actor: &Actor, registration: Registration) -> Result<Registered> {
        let Registration { email, password, captcha, accepted_agreements, locale } = registration;
        if !self.config.identity.allows_mail_domain(email.domain()) {
            return Err(Failure::Refused(RegistrationRefusal::DomainNotAllowed));
        }
        let agreements = agreement::all_accepted(&accepted_agreements)
            .ok_or(Failure::Refused(RegistrationRefusal::AgreementsNotAccepted))?;
        self.policy
            .check(&password, &email)
            .map_err(|refusal| Failure::Refused(RegistrationRefusal::Password(refusal)))?;
        let _place = self.hasher.enter()?;
        if !self.captcha.accept(CaptchaAction::Register, actor.address, captcha.as_deref()).await? {
            return Err(Failure::Refused(RegistrationRefusal::Captcha));
        }
        // Hashed in any case: a known address takes as long as a new one.
        let password_hash = self.hasher.hash(password.clone()).await?;
        let decoy_key = self.decoy_key(&email, password).await?;
        let now = self.clock.now();
        let expires_at = now + self.config.identity.confirmation;
        let applicant = Applicant {
            id: self.entropy.id(&self.clock)?,
            email: email.to_string(),
            password_hash,
            locale: locale.unwrap_or(actor.locale),
            registered_at: now,
            expires_at,
        };
        // Before the job, which takes it away: a crash must not leave a known address without.
        self.keep_decoy(&applicant, &decoy_key).await?;
        let accepted = agreements.iter().map(|agreement| (agreement.kind, agreement.version.to_owned())).collect();
        let job = &CreateCabinet { applicant, accepted, address: actor.address, origin: actor.into() };
        let due_at = now + self.discretion()?;
        let enqueued = self.db.transaction(|tx| async move {
            self.outbox.enqueue_at_in(&tx, job, due_at).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        enqueued.await.map_err(Fault::from)?;
        Ok(Registered { email, confirmation_expires_at: expires_at })
    }

    /// A cabinet whose address needs no confirmation, for people whom an operator enters; none when the address is known.
    pub async fn create_confirmed(
        &self,
        email: &EmailAddress,
        password: String,
        locale: Locale,
    ) -> std::result::Result<Option<UserId>, Fault> {
        if store::find_by_email(self.db.read(), email).await?.is_some() {
            return Ok(None);
        }
        let now = self.clock.now();
        let applicant = Applicant {
            id: self.entropy.id(&self.clock)?,
            email: email.to_string(),
            password_hash: self.hasher.hash(password).await?,
            locale,
            registered_at: now,
            expires_at: now,
        };
        let user = user::Model {
            email_confirmed_at: Some(now),
            confirmation_expires_at: None,
            confirmation_sent_at: None,
            confirmation_letters: 0,
            confirmation_letters_since: None,
            ..applicant.into()
        };
        let row = &user;
        let inserted = self.db.transaction(|tx| async move {
            store::insert_user_in(&tx, row.clone()).await?;
            self.audit.append_in(&tx, row.id, Origin::inside(), Act::new(AuditEventKind::Registered)).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        inserted.await?;
        Ok(Some(user.id))
    }
}
