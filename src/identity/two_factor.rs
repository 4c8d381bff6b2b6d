//! The second factor: codes of an authenticator app, and recovery codes for who has lost it.
//!
//! All of it is in the database, so that no lost key store lets anybody past it (ADR 0018).

mod recovery;
pub(super) mod store;
mod totp;

use std::convert::Infallible;

use chrono::{DateTime, TimeDelta, Utc};
use entity::enums::AuditEventKind;
use entity::ids::UserId;
use entity::two_factor;

use self::recovery::Code;
pub use self::totp::Enrolment;
use super::Identity;
use super::audit::Act;
use super::error::{StepUpRefusal, TwoFactorRefusal};
use super::event::{SendTwoFactorChanged, TwoFactorAct};
use super::step_up::StepUp;
use crate::kernel::{Actor, Failure, Fault, Person};

/// How long a secret that was shown waits for its first code.
const TO_CONFIRM: TimeDelta = TimeDelta::minutes(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoFactorStatus {
    /// None: not set up.
    pub confirmed_at: Option<DateTime<Utc>>,
    pub recovery_codes_left: u64,
}

/// A factor that waits for its first code.
#[derive(Clone)]
pub struct BegunTwoFactor {
    pub enrolment: Enrolment,
    pub expires_at: DateTime<Utc>,
}

/// What a code that may be right uses up.
enum Spend {
    Step(i64),
    RecoveryCode(String),
}

type Result<T> = std::result::Result<T, Failure<TwoFactorRefusal>>;

impl Identity {
    pub async fn two_factor_status(&self, user_id: UserId) -> std::result::Result<TwoFactorStatus, Fault> {
        let Some(factor) = self.confirmed_factor(user_id).await? else {
            return Ok(TwoFactorStatus { confirmed_at: None, recovery_codes_left: 0 });
        };
        let recovery_codes_left = store::count_recovery_codes(self.db.read(), user_id).await?;
        Ok(TwoFactorStatus { confirmed_at: factor.confirmed_at, recovery_codes_left })
    }

    /// Makes a secret, which counts from its first code on. One that was begun before is forgotten.
    pub async fn begin_two_factor(&self, actor: &Actor, person: &Person, proof: &StepUp) -> Result<BegunTwoFactor> {
        must_be_confirmed(person)?;
        let user_id = person.user_id;
        if self.confirmed_factor(user_id).await?.is_some() {
            return Err(Failure::Refused(TwoFactorRefusal::AlreadyEnabled));
        }
        self.prove(actor, person, proof).await?;
        let user = self.find_user(user_id).await?.ok_or_else(|| Fault::internal("a session without a person"))?;
        let secret = self.entropy.bytes()?;
        let begun_at = self.clock.now();
        let factor = &two_factor::Model {
            user_id,
            secret: self.seal.close(&secret, user_id.0.as_bytes(), &self.entropy)?,
            begun_at,
            confirmed_at: None,
            last_step: None,
        };
        let begun = self.db.transaction(|tx| async move {
            if store::begin_in(&tx, factor.clone()).await? {
                return Ok(());
            }
            Err(Failure::Refused(TwoFactorRefusal::AlreadyEnabled))
        });
        begun.await?;
        let enrolment = totp::enrolment(secret, self.config.http.public_host(), &user.email)?;
        Ok(BegunTwoFactor { enrolment, expires_at: begun_at + TO_CONFIRM })
    }

    /// By the first code of the app. Returns the recovery codes, which are shown this once.
    pub async fn confirm_two_factor(&self, actor: &Actor, person: &Person, code: &str) -> Result<Vec<String>> {
        must_be_confirmed(person)?;
        let user_id = person.user_id;
        let not_begun = || Failure::Refused(TwoFactorRefusal::NotBegun);
        let factor = store::find(self.db.read(), user_id).await?.ok_or_else(not_begun)?;
        if factor.confirmed_at.is_some() {
            return Err(Failure::Refused(TwoFactorRefusal::AlreadyEnabled));
        }
        let now = self.clock.now();
        if factor.begun_at + TO_CONFIRM <= now {
            return Err(not_begun());
        }
        // Whoever finds an open cabinet with a factor half set up must not guess it into force.
        let tried =
            self.take_proof_try(actor, user_id).await.map_err(|failure| failure.map(TwoFactorRefusal::Proof))?;
        let step = match Code::read(code) {
            Some(Code::Totp(digits)) => self.step_of(&factor, &digits)?,
            _ => None,
        };
        let step = step.ok_or(Failure::Refused(TwoFactorRefusal::Proof(StepUpRefusal::TwoFactorRejected)))?;
        self.proof_tries.give_back(&tried).await?;
        let (shown, hashes) = recovery::new_codes(&self.entropy)?;
        let (factor, hashes) = (&factor, &hashes);
        let letter =
            &SendTwoFactorChanged { user_id, act: TwoFactorAct::Enabled, changed_at: now, address: actor.address };
        let confirmed = self.db.transaction(|tx| async move {
            if !store::confirm_in(&tx, factor, step, now).await? {
                return Err(Failure::Refused(TwoFactorRefusal::NotBegun));
            }
            store::replace_recovery_codes_in(&tx, user_id, hashes).await?;
            self.audit.append_in(&tx, user_id, actor, Act::new(AuditEventKind::SecondFactorEnabled)).await?;
            Ok(self.outbox.enqueue_in(&tx, letter).await?)
        });
        confirmed.await?;
        Ok(shown)
    }

    pub async fn disable_two_factor(&self, actor: &Actor, person: &Person, proof: &StepUp) -> Result<()> {
        self.change_factor(actor, person, proof, None).await
    }

    /// The old ones are void. The new ones are shown this once.
    pub async fn regenerate_recovery_codes(
        &self,
        actor: &Actor,
        person: &Person,
        proof: &StepUp,
    ) -> Result<Vec<String>> {
        let (shown, hashes) = recovery::new_codes(&self.entropy)?;
        self.change_factor(actor, person, proof, Some(hashes)).await?;
        Ok(shown)
    }

    /// Gives a factor that is set up other recovery codes, or none and ends it.
    async fn change_factor(
        &self,
        actor: &Actor,
        person: &Person,
        proof: &StepUp,
        codes: Option<Vec<String>>,
    ) -> Result<()> {
        must_be_confirmed(person)?;
        let user_id = person.user_id;
        // Before the proof: a code is not spent on nothing.
        if self.confirmed_factor(user_id).await?.is_none() {
            return Err(Failure::Refused(TwoFactorRefusal::NotEnabled));
        }
        self.prove(actor, person, proof).await?;
        let (act, kind) = match codes {
            Some(_) => (TwoFactorAct::RecoveryCodesReplaced, AuditEventKind::RecoveryCodesReplaced),
            None => (TwoFactorAct::Disabled, AuditEventKind::SecondFactorDisabled),
        };
        let letter = &SendTwoFactorChanged { user_id, act, changed_at: self.clock.now(), address: actor.address };
        let codes = &codes;
        let changed = self.db.transaction(|tx| async move {
            if store::lock_confirmed_in(&tx, user_id).await?.is_none() {
                return Err(Failure::Refused(TwoFactorRefusal::NotEnabled));
            }
            match codes {
                Some(hashes) => store::replace_recovery_codes_in(&tx, user_id, hashes).await?,
                None => store::delete_in(&tx, user_id).await?,
            }
            self.audit.append_in(&tx, user_id, actor, Act::new(kind)).await?;
            Ok(self.outbox.enqueue_in(&tx, letter).await?)
        });
        changed.await
    }

    async fn prove(&self, actor: &Actor, person: &Person, proof: &StepUp) -> Result<()> {
        self.step_up(actor, person, proof).await.map_err(|failure| failure.map(TwoFactorRefusal::Proof))
    }

    pub(super) async fn confirmed_factor(
        &self,
        user_id: UserId,
    ) -> std::result::Result<Option<two_factor::Model>, Fault> {
        Ok(store::find(self.db.read(), user_id).await?.filter(|factor| factor.confirmed_at.is_some()))
    }

    /// Of many uses of one code, at once or one after the other, exactly one is true.
    pub(super) async fn spend_code(&self, factor: &two_factor::Model, code: &str) -> std::result::Result<bool, Fault> {
        let wanted = match Code::read(code) {
            Some(Code::Totp(digits)) => self.step_of(factor, &digits)?.map(Spend::Step),
            Some(Code::Recovery(hash)) => Some(Spend::RecoveryCode(hash)),
            None => None,
        };
        let Some(wanted) = &wanted else { return Ok(false) };
        let spent = self.db.transaction(|tx| async move {
            let spent = match wanted {
                Spend::Step(step) => store::use_step_in(&tx, factor, *step).await?,
                Spend::RecoveryCode(hash) => store::use_recovery_code_in(&tx, factor.user_id, hash.clone()).await?,
            };
            Ok::<_, Failure<Infallible>>(spent)
        });
        Ok(spent.await?)
    }

    fn step_of(&self, factor: &two_factor::Model, code: &str) -> std::result::Result<Option<i64>, Fault> {
        let opened = self.seal.open(&factor.secret, factor.user_id.0.as_bytes())?;
        let secret = opened.try_into().map_err(|_| Fault::internal("a second factor's secret has another length"))?;
        totp::step_of(secret, code, self.clock.now())
    }
}

fn must_be_confirmed(person: &Person) -> Result<()> {
    if person.confirmed { Ok(()) } else { Err(Failure::Refused(TwoFactorRefusal::NotConfirmed)) }
}
