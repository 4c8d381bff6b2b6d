use chrono::{DateTime, Utc};
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// The archive of the person's data is there.
#[derive(Clone, Debug)]
pub struct ExportReady {
    /// As in the archive's address.
    pub id: String,
    pub expires_at: DateTime<Utc>,
}

impl ExportReady {
    pub(super) fn sample() -> Self {
        Self { id: "export_01h455vb4pex5vsknk084sn02q".to_owned(), expires_at: sample_time() }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let link = format!("{}/exports/{}", reader.site, self.id);
        context! { link, expires => reader.day_and_time(self.expires_at) }
    }
}
