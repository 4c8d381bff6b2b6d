//! The proof that is asked again before a risky act: whoever finds an open cabinet must not get further with it.

use chrono::TimeDelta;
use entity::user;

use super::Identity;
use super::error::StepUpRefusal;
use crate::kernel::{Actor, Failure, Fault, Person};

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
    /// Asks for the current password. A right proof costs no try.
    ///
    /// The last check before the act.
    pub async fn step_up(&self, actor: &Actor, person: &Person, proof: &StepUp) -> Result<(), Failure<StepUpRefusal>> {
        let user = self.find_person(person).await?;
        let user = user.ok_or_else(|| Fault::internal("a session without a person"))?;
        self.prove_password(actor, &user, proof.password.clone()).await
    }

    /// For an act that has read the person itself, and goes on with what it read.
    pub(super) async fn prove_password(
        &self,
        actor: &Actor,
        user: &user::Model,
        password: Option<String>,
    ) -> Result<(), Failure<StepUpRefusal>> {
        let password = password.ok_or(Failure::Refused(StepUpRefusal::WrongPassword))?;
        let Some(tried) = self.proof_tries.take_place(&user.id.0.to_string()).await? else {
            tracing::warn!(user = %user.id.0, address = %actor.address, "too many proofs were wrong");
            return Err(Failure::Refused(StepUpRefusal::TooManyTries { seconds: TRIES_PER.num_seconds() }));
        };
        if !self.hasher.verify(password, Some(user.password_hash.clone())).await?.matches {
            return Err(Failure::Refused(StepUpRefusal::WrongPassword));
        }
        Ok(self.proof_tries.give_back(&tried).await?)
    }
}
