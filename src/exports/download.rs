//! Handing an archive out, and its end.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::data_export;
use entity::enums::AuditEventKind;
use entity::ids::{DataExportId, UserId};

use super::{Exports, store};
use crate::identity::audit::Act;
use crate::kernel::{Actor, Failure, Fault, Person};
use crate::platform::db::Tx;

/// Of one person, whichever archive: each is read from the database and written down.
pub(super) const DOWNLOADS_AN_HOUR: u32 = 20;

/// What comes of asking for an archive.
#[derive(Debug)]
pub enum Opened {
    /// Not there, not ready, expired, or another person's: which of them is nobody's business.
    Nothing,
    TooOften,
    Archive(data_export::Model),
}

impl Exports {
    /// An archive of the person's own that is ready.
    pub async fn open(&self, actor: &Actor, person: &Person, id: Option<DataExportId>) -> Result<Opened, Fault> {
        let Some(id) = id else { return Ok(Opened::Nothing) };
        let export = store::find(self.db.read(), id).await?.filter(|export| {
            person.confirmed
                && export.user_id == person.user_id
                && export.ready_at.is_some()
                && !self.is_expired(export)
        });
        let Some(export) = export else { return Ok(Opened::Nothing) };
        if !self.downloads.take(&person.user_id.0.to_string()).await? {
            return Ok(Opened::TooOften);
        }
        let act = Act::new(AuditEventKind::DataExportDownloaded).about(id);
        self.slices.identity.audit.append(person.user_id, actor, act).await?;
        Ok(Opened::Archive(export))
    }

    /// A piece of an archive that was opened, counted from 0; none behind the last, and of one that was deleted.
    pub async fn piece(&self, id: DataExportId, position: i32) -> Result<Option<Vec<u8>>, Fault> {
        store::find_chunk(self.db.read(), id, position).await
    }

    /// Deletes an export whose time has passed; otherwise when that will be.
    pub async fn delete_expired(&self, id: DataExportId) -> Result<Option<DateTime<Utc>>, Fault> {
        let Some(export) = store::find(self.db.read(), id).await? else { return Ok(None) };
        if !self.is_expired(&export) {
            return Ok(Some(export.expires_at.unwrap_or(export.requested_at + self.config.exports.lifetime)));
        }
        let deleted =
            self.db.transaction(|tx| async move { Ok::<_, Failure<Infallible>>(store::delete_in(&tx, id).await?) });
        deleted.await?;
        Ok(None)
    }

    /// Of a person whose cabinet is deleted; how many there were.
    pub async fn delete_of_in(&self, tx: &Tx, user_id: UserId) -> Result<u64, Fault> {
        store::delete_of_in(tx, user_id).await
    }
}
