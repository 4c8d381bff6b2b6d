use chrono::TimeDelta;

use super::reader::Reader;

/// Archives of all data of a person.
#[derive(Clone, Debug)]
pub struct ExportsConfig {
    /// How long an archive can be fetched.
    pub lifetime: TimeDelta,
    /// That one person may ask for in 24 hours.
    pub a_day: usize,
}

impl ExportsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            lifetime: TimeDelta::days(reader.number("exports.days", 2..=30)),
            a_day: reader.number("exports.a_day", 1..=100),
        }
    }
}
