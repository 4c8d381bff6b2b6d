//! Signs a person in with address and password.

mod brakes;
mod failure;

use std::convert::Infallible;

use chrono::TimeDelta;
use entity::enums::AuditEventKind;
use entity::user;

pub(super) use self::brakes::Brakes;
use self::brakes::Try;
use super::audit::Act;
use super::captcha::CaptchaAction;
use super::error::SignInRefusal;
use super::event::SendNewDevice;
use super::session::NewSession;
use super::{Identity, store};
use crate::kernel::{Actor, EmailAddress, Failure, Fault};

/// What a person shows to be signed in.
#[derive(Clone)]
pub struct Proofs {
    pub password: String,
    pub captcha: Option<String>,
    /// Of the second factor.
    pub code: Option<String>,
}

impl Identity {
    /// An unknown address takes as long as a wrong password: both are verified against a hash, and then looked for among
    /// the decoys. Only the password of a confirmed cabinet spares the second hashing.
    ///
    /// The captcha is looked at before the password and whoever it belongs to, and only when so many tries were wrong that one
    /// is asked for; the code of the second factor after the password.
    pub async fn sign_in(
        &self,
        actor: &Actor,
        email: &EmailAddress,
        proofs: Proofs,
        remember: bool,
    ) -> Result<(NewSession, user::Model), Failure<SignInRefusal>> {
        let _place = self.hasher.enter()?;
        let tried = self.brakes.press(actor, email).await?.map_err(too_many)?;
        let signed_in = Box::pin(self.sign_in_tried(actor, email, &tried, proofs, remember)).await;
        if let Err(Failure::Fault(_)) = &signed_in {
            // Nothing was learnt of the password: the try costs nothing.
            self.brakes.give_back(email, &tried).await?;
        }
        signed_in
    }

    async fn sign_in_tried(
        &self,
        actor: &Actor,
        email: &EmailAddress,
        tried: &Try,
        proofs: Proofs,
        remember: bool,
    ) -> Result<(NewSession, user::Model), Failure<SignInRefusal>> {
        let Proofs { password, captcha, code } = proofs;
        if tried.asks_captcha {
            self.check_captcha(actor, email, tried, captcha.as_deref()).await?;
        }
        let user = store::find_by_email(self.db.read(), email).await?;
        let known_hash = user.as_ref().map(|user| user.password_hash.clone());
        let verified = self.hasher.verify(password.clone(), known_hash).await?;
        let known = user.as_ref().map(|user| user.id);
        let user = user.filter(|_| verified.matches);
        let confirmed = user.as_ref().is_some_and(|user| user.email_confirmed_at.is_some());
        let decoy = if confirmed { None } else { self.find_decoy(email, password).await? };
        let Some(user) = user else {
            if let Some(decoy) = decoy {
                let begun = self.sessions.start(actor, &decoy, remember).await?;
                self.brakes.give_back(email, tried).await?;
                return Ok((begun, decoy));
            }
            self.leave_failure(actor, email, known).await?;
            return Err(Failure::Refused(SignInRefusal::BadCredentials));
        };
        self.check_second_factor(actor, email, tried, &user, code.as_deref()).await?;
        if let Some(stronger) = verified.stronger_hash {
            let (id, version, stronger) = (user.id, user.credentials_version, &stronger);
            let updated = self.db.transaction(|tx| async move {
                store::update_hash_in(&tx, id, version, stronger.clone()).await?;
                Ok::<_, Failure<Infallible>>(())
            });
            updated.await.map_err(Fault::from)?;
        }
        let begun = self.sessions.start(actor, &user, remember).await?;
        self.refuse_if_outdated(&begun, &user).await?;
        self.write_down(actor, &begun).await?;
        if confirmed {
            if self.brakes.is_news(tried, &user).await? {
                // Before the place is known: a crash in between costs a second letter, not the first.
                self.tell_of_new_device(actor, &user).await?;
            }
            self.brakes.succeeded(email, tried, user.id.0).await?;
        } else {
            self.brakes.give_back(email, tried).await?;
        }
        Ok((begun, user))
    }

    /// A session that is not in the log does not begin: nobody has seen its token yet.
    async fn write_down(&self, actor: &Actor, begun: &NewSession) -> Result<(), Fault> {
        let act = Act::new(AuditEventKind::SignedIn).about(begun.session.id);
        let written = self.audit.append(begun.session.user_id, actor, act).await;
        if written.is_err() {
            self.sessions.end_token(&begun.token).await?;
        }
        written
    }

    /// Without one nothing was learnt of the password: the try costs nothing.
    async fn check_captcha(
        &self,
        actor: &Actor,
        email: &EmailAddress,
        tried: &Try,
        captcha: Option<&str>,
    ) -> Result<(), Failure<SignInRefusal>> {
        if self.captcha.accept(CaptchaAction::SignIn, actor.address, captcha).await? {
            return Ok(());
        }
        self.brakes.give_back(email, tried).await?;
        Err(Failure::Refused(match captcha {
            None => SignInRefusal::CaptchaRequired,
            Some(_) => SignInRefusal::CaptchaRejected,
        }))
    }

    /// A wrong code has cost the try, as a wrong password would have.
    async fn check_second_factor(
        &self,
        actor: &Actor,
        email: &EmailAddress,
        tried: &Try,
        user: &user::Model,
        code: Option<&str>,
    ) -> Result<(), Failure<SignInRefusal>> {
        let Some(factor) = self.confirmed_factor(user.id).await? else { return Ok(()) };
        let Some(code) = code else {
            self.brakes.give_back(email, tried).await?;
            return Err(Failure::Refused(SignInRefusal::TwoFactorRequired));
        };
        self.brakes.press_code(user.id).await?.map_err(too_many)?;
        if !self.spend_code(&factor, code).await? {
            self.leave_failure(actor, email, Some(user.id)).await?;
            return Err(Failure::Refused(SignInRefusal::TwoFactorRejected));
        }
        Ok(self.brakes.release_code(user.id).await?)
    }

    async fn tell_of_new_device(&self, actor: &Actor, user: &user::Model) -> Result<(), Fault> {
        let (signed_in_at, address, device) = (self.clock.now(), actor.address, actor.device.clone());
        let letter = &SendNewDevice { user_id: user.id, signed_in_at, address, device };
        let enqueued = self.db.transaction(|tx| async move {
            self.outbox.enqueue_in(&tx, letter).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(enqueued.await?)
    }

    /// Looked at after the session is stored: a password that is changed later ends the session itself, one that was
    /// changed while the old one was being verified would have missed it.
    async fn refuse_if_outdated(&self, begun: &NewSession, user: &user::Model) -> Result<(), Failure<SignInRefusal>> {
        let now = self.find_user(user.id).await?;
        if now.is_some_and(|now| now.credentials_version == user.credentials_version) {
            return Ok(());
        }
        self.sessions.end_token(&begun.token).await?;
        Err(Failure::Refused(SignInRefusal::BadCredentials))
    }
}

fn too_many(wait: TimeDelta) -> Failure<SignInRefusal> {
    // Rounded up: who comes back then finds the door open.
    let seconds = wait.num_milliseconds().saturating_add(999) / 1000;
    Failure::Refused(SignInRefusal::TooManyTries { seconds })
}
