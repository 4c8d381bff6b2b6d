use chrono::TimeDelta;

use super::reader::Reader;

/// Providers' own programs.
#[derive(Clone, Debug)]
pub struct ApiClientsConfig {
    /// How long a token is good.
    pub token_life: TimeDelta,
    /// How long a change is kept, for those who come back.
    pub changes_kept: TimeDelta,
}

impl ApiClientsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            token_life: TimeDelta::minutes(reader.number("api_clients.token_minutes", 1..=1440)),
            changes_kept: TimeDelta::days(reader.number("api_clients.changes_days", 1..=365)),
        }
    }
}
