//! What was accepted: a row for each version, never changed.

use std::net::IpAddr;

use entity::agreement_acceptance;
use entity::ids::UserId;

use super::{Agreement, IN_FORCE, pending};
use crate::identity::error::AcceptanceRefusal;
use crate::identity::{Identity, store};
use crate::kernel::{Actor, Failure, Fault, Person};

impl Identity {
    /// Documents in force that the person has not accepted in this version; none while the address is unconfirmed, where
    /// they were accepted a moment ago or the person is a decoy.
    pub async fn pending_agreements(&self, person: &Person) -> Result<Vec<&'static Agreement>, Fault> {
        if !person.confirmed {
            return Ok(Vec::new());
        }
        let accepted = store::list_acceptances(self.db.read(), person.user_id).await?;
        Ok(pending(IN_FORCE, &accepted))
    }

    /// Everything that the person has accepted so far, oldest first; nothing while the address is unconfirmed: decoys have
    /// accepted nothing, and must not be told apart.
    pub async fn agreement_acceptances(&self, person: &Person) -> Result<Vec<agreement_acceptance::Model>, Fault> {
        if !person.confirmed {
            return Ok(Vec::new());
        }
        store::list_acceptances(self.db.read(), person.user_id).await
    }

    /// Stores the acceptance of those that are pending; what was accepted before stays as it was.
    pub async fn accept_agreements(
        &self,
        actor: &Actor,
        person: &Person,
        ids: &[String],
    ) -> Result<(), Failure<AcceptanceRefusal>> {
        if !person.confirmed {
            return Err(Failure::Refused(AcceptanceRefusal::NotConfirmed));
        }
        if ids.is_empty() {
            return Err(Failure::Refused(AcceptanceRefusal::Empty));
        }
        let known: Vec<_> = IN_FORCE.iter().map(Agreement::id).collect();
        if let Some(index) = ids.iter().position(|id| !known.contains(id)) {
            return Err(Failure::Refused(AcceptanceRefusal::NotInForce { index }));
        }
        let user_id = person.user_id;
        self.db
            .transaction(|tx| async move {
                // One after the other: a second click adds no second row.
                store::lock_user_in(&tx, user_id).await?;
                let accepted = store::list_acceptances(&*tx, user_id).await?;
                let wanted = pending(IN_FORCE, &accepted).into_iter().filter(|agreement| ids.contains(&agreement.id()));
                let wanted: Vec<_> = wanted.collect();
                if !wanted.is_empty() {
                    let rows = self.acceptances(user_id, &wanted, actor.address)?;
                    store::insert_acceptances_in(&tx, rows).await?;
                }
                Ok(())
            })
            .await
    }

    pub(in crate::identity) fn acceptances(
        &self,
        user_id: UserId,
        agreements: &[&Agreement],
        address: IpAddr,
    ) -> Result<Vec<agreement_acceptance::Model>, Fault> {
        let accepted = |agreement: &&Agreement| {
            Ok(agreement_acceptance::Model {
                id: self.entropy.id(&self.clock)?,
                user_id,
                kind: agreement.kind,
                version: agreement.version.to_owned(),
                accepted_at: self.clock.now(),
                address: address.to_string(),
            })
        };
        agreements.iter().map(accepted).collect()
    }
}
