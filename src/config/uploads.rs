use super::reader::Reader;

/// Exports that providers' programs send by HTTP.
#[derive(Clone, Debug)]
pub struct UploadsConfig {
    /// All files of one together.
    pub max_bytes: i64,
}

impl UploadsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { max_bytes: reader.number("uploads.max_bytes", 1_048_576..=1_099_511_627_776) }
    }
}
