//! A new cabinet. Whoever asks learns nothing about addresses that are known already.

use chrono::{DateTime, Utc};
use entity::enums::{AuditEventKind, Locale};
use entity::ids::UserId;
use entity::{agreement_acceptance, user};

use super::agreement;
use super::audit::{Act, Origin};
use super::captcha::CaptchaAction;
use super::error::RegistrationRefusal;
use super::event::{DeleteUnconfirmed, SendConfirmation};
use super::{Identity, store};
use crate::kernel::{Actor, EmailAddress, Failure, Fault};
use crate::platform::db::{Tx, is_duplicate};

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
        self.hasher.expect_room()?;
        if !self.captcha.accept(CaptchaAction::Register, actor.address, captcha.as_deref()).await? {
            return Err(Failure::Refused(RegistrationRefusal::Captcha));
        }
        // Hashed in any case: a known address takes as long as a new one.
        let password_hash = self.hasher.hash(password.clone()).await?;
        let decoy_key = self.decoy_key(&email, password).await?;
        let now = self.clock.now();
        let expires_at = now + self.config.identity.confirmation;
        let (id, locale) = (self.entropy.id(&self.clock)?, locale.unwrap_or(actor.locale));
        let user = unconfirmed(id, email.to_string(), password_hash, locale, now, expires_at);
        let decoy = self.keep_decoy(&user, &decoy_key).await?;
        let acceptances = self.acceptances(user.id, &agreements, actor.address)?;
        let mut inserted = self.insert_or_write(&actor.into(), &user, &acceptances).await?;
        if inserted.is_none() {
            inserted = self.insert_or_write(&actor.into(), &user, &acceptances).await?;
        }
        if inserted == Some(true) {
            self.drop_decoy(decoy).await?;
        }
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
        let user = user::Model {
            id: self.entropy.id(&self.clock)?,
            email: email.to_string(),
            password_hash: self.hasher.hash(password).await?,
            full_name: None,
            phone: None,
            locale,
            created_at: now,
            email_confirmed_at: Some(now),
            confirmation_expires_at: None,
            confirmation_sent_at: None,
            credentials_version: 0,
            password_contested: false,
            confirmation_letters: 0,
            confirmation_letters_since: None,
        };
        let row = &user;
        let inserted = self.db.transaction(|tx| async move {
            store::insert_user_in(&tx, row.clone()).await?;
            self.audit.append_in(&tx, row.id, Origin::inside(), Act::new(AuditEventKind::Registered)).await?;
            Ok::<_, Failure<std::convert::Infallible>>(())
        });
        inserted.await?;
        Ok(Some(user.id))
    }

    /// Whether there is a new cabinet; none when another registration of the address came between: to be tried again.
    async fn insert_or_write(
        &self,
        origin: &Origin,
        user: &user::Model,
        acceptances: &[agreement_acceptance::Model],
    ) -> Result<Option<bool>> {
        let email = &EmailAddress::stored(user.email.clone());
        let inserted = self.db.transaction(|tx| async move {
            if let Some(known) = store::find_by_email(&*tx, email).await? {
                self.write_to_known_in(&tx, &known).await?;
                return Ok(false);
            }
            match store::insert_user_in(&tx, user.clone()).await {
                Ok(()) => {}
                Err(error) if is_duplicate(&error) => return Err(Failure::Refused(AlreadyThere)),
                Err(error) => return Err(error.into()),
            }
            store::insert_acceptances_in(&tx, acceptances.to_vec()).await?;
            self.audit.append_in(&tx, user.id, origin.clone(), Act::new(AuditEventKind::Registered)).await?;
            self.outbox.enqueue_in(&tx, &SendConfirmation { user_id: user.id }).await?;
            let deletion = DeleteUnconfirmed { user_id: user.id };
            let due_at = user.confirmation_expires_at.unwrap_or(user.created_at);
            self.outbox.enqueue_at_in(&tx, &deletion, due_at).await?;
            Ok(true)
        });
        match inserted.await {
            Ok(inserted) => Ok(Some(inserted)),
            // The row that was there first is found the next time.
            Err(Failure::Refused(AlreadyThere)) => Ok(None),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    async fn write_to_known_in(&self, tx: &Tx, known: &user::Model) -> std::result::Result<(), Fault> {
        if known.email_confirmed_at.is_none() {
            // One of them is perhaps a stranger who typed another's address: which, the mailbox's owner will say.
            store::update_contested_in(tx, known.id).await?;
        }
        self.remind_in(tx, known).await
    }
}

struct AlreadyThere;

/// Whose letter is the first of that day.
pub(super) fn unconfirmed(
    id: UserId,
    email: String,
    password_hash: String,
    locale: Locale,
    registered_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> user::Model {
    user::Model {
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
