use chrono::TimeDelta;

use super::reader::Reader;

/// Providers' own programs.
#[derive(Clone, Debug)]
pub struct ApiClientsConfig {
    /// How long a token is good.
    pub token_life: TimeDelta,
}

impl ApiClientsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { token_life: TimeDelta::minutes(reader.number("api_clients.token_minutes", 1..=1440)) }
    }
}
