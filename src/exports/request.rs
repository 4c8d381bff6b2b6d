//! Asking for an archive, and what became of it.

use chrono::{DateTime, TimeDelta, Utc};
use entity::data_export;
use entity::enums::AuditEventKind;
use entity::ids::UserId;

use super::error::ExportRefusal;
use super::event::{ArchiveData, DeleteExport};
use super::{Exports, store};
use crate::identity::audit::{Act, Origin};
use crate::identity::step_up::StepUp;
use crate::kernel::{Actor, Failure, Fault, Person};
use crate::platform::db::Tx;

/// What is not made by then has failed: its job was put aside long before.
const PATIENCE: TimeDelta = TimeDelta::days(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportState {
    /// Waits or is being made.
    Pending,
    Ready,
    Failed,
}

/// Where an archive is at a moment.
pub fn state(export: &data_export::Model, now: DateTime<Utc>) -> ExportState {
    match export.ready_at {
        Some(_) => ExportState::Ready,
        None if now < export.requested_at + PATIENCE => ExportState::Pending,
        None => ExportState::Failed,
    }
}

type Result<T> = std::result::Result<T, Failure<ExportRefusal>>;

impl Exports {
    /// Asks for the proof again, since it is all at once; one at a time, and `exports.a_day` in 24 hours.
    pub async fn request_export(&self, actor: &Actor, person: &Person, step_up: &StepUp) -> Result<data_export::Model> {
        if !person.confirmed {
            return Err(Failure::Refused(ExportRefusal::NotConfirmed));
        }
        // Before the proof as well, which may be a code that is good once.
        self.limited(&store::list_of(self.db.read(), person.user_id).await?)?;
        let stepped = self.slices.identity.step_up(actor, person, step_up).await;
        stepped.map_err(|failure| failure.map(ExportRefusal::StepUp))?;
        let (user_id, origin) = (person.user_id, &Origin::from(actor));
        self.db.transaction(|tx| async move { self.request_in(&tx, user_id, origin.clone()).await }).await
    }

    async fn request_in(&self, tx: &Tx, user_id: UserId, origin: Origin) -> Result<data_export::Model> {
        store::lock_person_in(tx, user_id).await?;
        self.limited(&store::list_of(&**tx, user_id).await?)?;
        let now = self.clock.now();
        let export = data_export::Model {
            id: self.entropy.id(&self.clock)?,
            user_id,
            requested_at: now,
            run: 0,
            records: 0,
            size: None,
            ready_at: None,
            expires_at: None,
        };
        store::insert_in(tx, export.clone()).await?;
        let act = Act::new(AuditEventKind::DataExportRequested).about(export.id);
        self.slices.identity.audit.append_in(tx, user_id, origin, act).await?;
        self.outbox.enqueue_in(tx, &ArchiveData { data_export_id: export.id }).await?;
        let deletion = DeleteExport { data_export_id: export.id };
        self.outbox.enqueue_at_in(tx, &deletion, now + self.config.exports.lifetime).await?;
        Ok(export)
    }

    fn limited(&self, exports: &[data_export::Model]) -> Result<()> {
        let now = self.clock.now();
        if exports.iter().any(|export| state(export, now) == ExportState::Pending) {
            return Err(Failure::Refused(ExportRefusal::Running));
        }
        let day = TimeDelta::days(1);
        let recent: Vec<_> = exports.iter().filter(|export| now < export.requested_at + day).collect();
        match recent.last() {
            Some(oldest) if recent.len() >= self.config.exports.a_day => {
                let seconds = (oldest.requested_at + day - now).num_seconds().max(1);
                Err(Failure::Refused(ExportRefusal::TooMany { seconds }))
            }
            _ => Ok(()),
        }
    }

    /// The person's exports that have not expired, newest first; none while the address is unconfirmed.
    pub async fn list(&self, person: &Person) -> std::result::Result<Vec<data_export::Model>, Fault> {
        if !person.confirmed {
            return Ok(Vec::new());
        }
        let mut exports = store::list_of(self.db.read(), person.user_id).await?;
        exports.retain(|export| !self.is_expired(export));
        Ok(exports)
    }

    pub(super) fn is_expired(&self, export: &data_export::Model) -> bool {
        let end = export.expires_at.unwrap_or(export.requested_at + self.config.exports.lifetime);
        end <= self.clock.now()
    }

    pub fn state(&self, export: &data_export::Model) -> ExportState {
        state(export, self.clock.now())
    }
}
