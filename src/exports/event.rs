//! Jobs that exports leave to be done.

use entity::ids::DataExportId;
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// Make the archive. Carried out in a lane of its own: it takes its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ArchiveData {
    pub data_export_id: DataExportId,
}

/// Tell the person that the archive is there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendExportReady {
    pub data_export_id: DataExportId,
}

/// Delete an archive whose time has passed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeleteExport {
    pub data_export_id: DataExportId,
}

impl Job for ArchiveData {
    const KIND: &'static str = "archive_data";
}

impl Job for SendExportReady {
    const KIND: &'static str = "send_export_ready";
}

impl Job for DeleteExport {
    const KIND: &'static str = "delete_export";
}
