//! Sessions ended by their person, and written down.

use entity::enums::AuditEventKind;
use entity::ids::SessionId;

use super::Identity;
use super::audit::Act;
use crate::kernel::{Actor, Fault, Person};

impl Identity {
    /// Ends the session that asks.
    pub async fn sign_out(&self, actor: &Actor, person: &Person) -> Result<(), Fault> {
        self.sessions.end(person).await?;
        self.audit.append(person.user_id, actor, Act::new(AuditEventKind::SignedOut)).await
    }

    /// Ends one of the person's sessions; false when it is none of theirs.
    pub async fn revoke_session(&self, actor: &Actor, person: &Person, id: SessionId) -> Result<bool, Fault> {
        let ended = self.sessions.end_one(person, id).await?;
        if ended {
            self.audit.append(person.user_id, actor, Act::new(AuditEventKind::SessionRevoked).about(id)).await?;
        }
        Ok(ended)
    }

    /// Ends every session of the person but the one that asks.
    pub async fn revoke_other_sessions(&self, actor: &Actor, person: &Person) -> Result<(), Fault> {
        self.sessions.end_others(person).await?;
        self.audit.append(person.user_id, actor, Act::new(AuditEventKind::SessionsRevoked)).await
    }

    /// Ends every session of the person, the one that asks as well.
    pub async fn revoke_all_sessions(&self, actor: &Actor, person: &Person) -> Result<(), Fault> {
        self.sessions.end_all(person.user_id).await?;
        self.audit.append(person.user_id, actor, Act::new(AuditEventKind::SessionsRevoked)).await
    }
}
