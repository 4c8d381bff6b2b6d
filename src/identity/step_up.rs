//! The proof that is asked again before a risky act: whoever finds an open cabinet must not get further with it.

use chrono::TimeDelta;
use entity::ids::UserId;
use entity::user;

use super::Identity;
use super::error::StepUpRefusal;
use crate::kernel::{Actor, Failure, Fault, Person};
use crate::platform::throttle::Place;

/// Proofs that may be wrong, whatever the act they are asked for.
pub(super) const TRIES: u32 = 5;
pub(super) const TRIES_PER: TimeDelta = TimeDelta::minutes(15);

/// What the person gives again.
#[derive(Clone, Default)]
pub struct StepUp {
    /// The password that holds now; always asked.
    pub password: Option<String>,
    /// Asked when a second factor is set up.
    pub two_factor_code: Option<String>,
}

impl Identity {
    /// Asks for the current password, and for a code when a second factor is set up. A right proof costs no try.
    ///
    /// It spends the code, so it is the last check before the act.
    pub async fn step_up(&self, actor: &Actor, person: &Person, proof: &StepUp) -> Result<(), Failure<StepUpRefusal>> {
        let user = self.find_person(person).await?;
        let user = user.ok_or_else(|| Fault::internal("a session without a person"))?;
        let tried = self.check_password(actor, &user, proof.password.clone()).await?;
        if let Some(factor) = self.confirmed_factor(user.id).await? {
            let Some(code) = &proof.two_factor_code else {
                // No guess at a code.
                self.proof_tries.give_back(&tried).await?;
                return Err(Failure::Refused(StepUpRefusal::TwoFactorRequired));
            };
            if !self.spend_code(&factor, code).await? {
                return Err(Failure::Refused(StepUpRefusal::TwoFactorRejected));
            }
        }
        Ok(self.proof_tries.give_back(&tried).await?)
    }

    /// For an act that has read the person itself, and goes on with what it read.
    pub(super) async fn prove_password(
        &self,
        actor: &Actor,
        user: &user::Model,
        password: String,
    ) -> Result<(), Failure<StepUpRefusal>> {
        let tried = self.check_password(actor, user, Some(password)).await?;
        Ok(self.proof_tries.give_back(&tried).await?)
    }

    /// The try is to be given back when the rest of the proof is right as well.
    async fn check_password(
        &self,
        actor: &Actor,
        user: &user::Model,
        password: Option<String>,
    ) -> Result<Place, Failure<StepUpRefusal>> {
        let password = password.ok_or(Failure::Refused(StepUpRefusal::WrongPassword))?;
        let tried = self.take_proof_try(actor, user.id).await?;
        if self.hasher.verify(password, Some(user.password_hash.clone())).await?.matches {
            return Ok(tried);
        }
        Err(Failure::Refused(StepUpRefusal::WrongPassword))
    }

    pub(super) async fn take_proof_try(&self, actor: &Actor, user_id: UserId) -> Result<Place, Failure<StepUpRefusal>> {
        let tried = self.proof_tries.take_place(&user_id.0.to_string()).await?;
        tried.ok_or_else(|| {
            tracing::warn!(user = %user_id.0, address = %actor.address, "too many proofs were wrong");
            Failure::Refused(StepUpRefusal::TooManyTries { seconds: TRIES_PER.num_seconds() })
        })
    }
}
