use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// None: SQLite in `data_dir`.
    pub url: Option<SecretString>,
    pub max_connections: u32,
    pub acquire_timeout: Duration,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
    pub idle_in_transaction_timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct RedisConfig {
    pub url: Option<SecretString>,
    pub prefix: String,
}

impl DatabaseConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mut seconds = |key: &str| Duration::from_secs(reader.number(key, 1..=600));
        Self {
            acquire_timeout: seconds("database.acquire_timeout_seconds"),
            statement_timeout: seconds("database.statement_timeout_seconds"),
            lock_timeout: seconds("database.lock_timeout_seconds"),
            idle_in_transaction_timeout: seconds("database.idle_in_transaction_timeout_seconds"),
            url: url(reader, "database.url", &["postgres://", "postgresql://"]),
            max_connections: reader.number("database.max_connections", 2..=1000),
        }
    }
}

impl RedisConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { url: url(reader, "redis.url", &["redis://", "rediss://"]), prefix: reader.text("redis.prefix") }
    }
}

/// The value itself is never repeated in a problem: it holds a password.
pub(super) fn url(reader: &mut Reader, key: &str, schemes: &[&str]) -> Option<SecretString> {
    let url = reader.secret(key)?;
    if !schemes.iter().any(|scheme| url.expose_secret().starts_with(scheme)) {
        reader.problem(key, &format!("must be empty or start with {}", schemes.join(" or ")));
    }
    Some(url)
}
