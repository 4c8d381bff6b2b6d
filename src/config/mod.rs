//! What can be set, with defaults compiled in (`defaults.toml`), a TOML file and the environment on top.
//!
//! All problems are reported at once, each with its section and key.

mod admin;
mod api_clients;
mod captcha;
mod database;
mod exports;
mod graphql;
mod http;
mod identity;
mod log;
mod mail;
mod billing;
mod networks;
mod payments;
mod reader;
mod retention;
mod safe_url;
mod source;
mod telemetry;
mod uploads;
mod webhooks;
mod worker;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

pub use admin::AdminConfig;
pub use api_clients::ApiClientsConfig;
pub use billing::{BillingConfig, KeyRate, PenaltyStep, rate_hundredths};
pub use captcha::{CaptchaConfig, CaptchaProvider, FailMode, FailModes};
pub use database::{DatabaseConfig, RedisConfig};
pub use exports::ExportsConfig;
pub use graphql::{BudgetLimits, DocumentCacheLimits, DocumentLimits, DocumentsAccepted, GraphqlConfig};
pub use http::HttpConfig;
pub use identity::{IdentityConfig, PasswordPolicyName};
pub use log::{LogConfig, LogFormat};
pub use mail::MailConfig;
pub use networks::{Network, contains};
pub use payments::{PaymentsConfig, PromisesConfig, SandboxShop, Shop};
pub use reader::{Problem, Problems};
pub use retention::RetentionConfig;
pub use telemetry::TelemetryConfig;
pub use uploads::UploadsConfig;
pub use webhooks::WebhooksConfig;
pub use worker::WorkerConfig;

use reader::Reader;

/// The defaults, for people to read: `kabinet config` prints them.
pub const DEFAULTS: &str = include_str!("defaults.toml");

#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub http: HttpConfig,
    pub graphql: GraphqlConfig,
    pub database: DatabaseConfig,
    pub redis: RedisConfig,
    pub mail: MailConfig,
    pub identity: IdentityConfig,
    pub captcha: CaptchaConfig,
    pub billing: BillingConfig,
    pub payments: PaymentsConfig,
    pub exports: ExportsConfig,
    pub api_clients: ApiClientsConfig,
    pub uploads: UploadsConfig,
    pub retention: RetentionConfig,
    pub webhooks: WebhooksConfig,
    pub worker: WorkerConfig,
    /// Signs captcha challenges; none: kept in `data_dir`.
    pub secret_key: Option<SecretString>,
    pub log: LogConfig,
    pub admin: AdminConfig,
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// Reads defaults, then the file, then `environment` (pairs as in `std::env::vars_os`).
    pub fn load<T: Into<OsString>>(
        file: Option<&Path>,
        environment: impl Iterator<Item = (T, T)>,
    ) -> Result<Self, Problems> {
        let environment = environment.map(|(name, value)| (name.into(), value.into()));
        let (values, problems) = source::merge(file, environment)?;
        let mut reader = Reader::new(values, problems);
        let config = Self::read(&mut reader);
        reader.finish(config)
    }

    fn read(reader: &mut Reader) -> Self {
        let config = Self {
            data_dir: PathBuf::from(reader.text("data_dir")),
            http: HttpConfig::read(reader),
            graphql: GraphqlConfig::read(reader),
            database: DatabaseConfig::read(reader),
            redis: RedisConfig::read(reader),
            mail: MailConfig::read(reader),
            identity: IdentityConfig::read(reader),
            captcha: CaptchaConfig::read(reader),
            billing: BillingConfig::read(reader),
            payments: PaymentsConfig::read(reader),
            exports: ExportsConfig::read(reader),
            api_clients: ApiClientsConfig::read(reader),
            uploads: UploadsConfig::read(reader),
            retention: RetentionConfig::read(reader),
            webhooks: WebhooksConfig::read(reader),
            worker: WorkerConfig::read(reader),
            secret_key: reader.secret("security.secret_key"),
            log: LogConfig::read(reader),
            admin: AdminConfig::read(reader),
            telemetry: TelemetryConfig::read(reader),
        };
        config.check(reader);
        config
    }

    /// Rules that span sections.
    fn check(&self, reader: &mut Reader) {
        use secrecy::ExposeSecret;
        if self.secret_key.as_ref().is_some_and(|key| key.expose_secret().len() < 32) {
            reader.problem("security.secret_key", "must have at least 32 characters");
        }
        if !self.embedded() && self.redis.url.is_none() {
            reader.problem("redis.url", "is needed when database.url is set: sessions are kept in Redis");
        }
        if self.embedded() && self.redis.url.is_some() {
            reader.problem("database.url", "is needed when redis.url is set: both or neither");
        }
        if !self.embedded() && self.mail.smtp_url.is_none() {
            reader.problem(
                "mail.smtp_url",
                "is needed when database.url is set: letters in files are for the embedded way",
            );
        }
    }

    /// Whether the developers' console is served. By itself only where no customers are: in the embedded way to run,
    /// under an address without https.
    pub fn graphiql(&self) -> bool {
        self.http.graphiql.unwrap_or(self.embedded() && !self.http.public_url.starts_with("https://"))
    }

    /// Whether everything is in `data_dir`: SQLite, keys in a table, letters in files.
    pub fn embedded(&self) -> bool {
        self.database.url.is_none()
    }
}
