//! A database and a key store of a test's own.

use kabinet::config::Config;
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// SQLite; keys in a table.
    Embedded,
    /// PostgreSQL and Redis, started by `tests/services`.
    Full,
}

pub struct Backend {
    pub dir: TempDir,
    pub full: Option<Full>,
}

pub struct Full {
    pub server: String,
    pub database: String,
    pub redis: String,
}

pub fn service(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run `make test`, or `tests/services cargo test`"))
}

impl Backend {
    /// Settings as a test's process gets them.
    pub fn environment(&self, public_url: &str) -> Vec<(String, String)> {
        let mut pairs = vec![
            ("KABINET__DATA_DIR", self.dir.path().display().to_string()),
            ("KABINET__HTTP__PUBLIC_URL", public_url.to_owned()),
            ("KABINET__CAPTCHA__DIFFICULTY", "4".to_owned()),
            ("KABINET__PAYMENTS__SANDBOX_KOPECKS", "true".to_owned()),
            // Providers' servers of the tests are on this machine.
            ("KABINET__WEBHOOKS__PRIVATE_ADDRESSES", "true".to_owned()),
            // The clock stands still: a limit of calls has tests of its own.
            ("KABINET__PAYMENTS__YOOKASSA_CALLS_A_SECOND", "1000".to_owned()),
            // Wrong passwords are what some tests are about; captchas after them have tests of their own.
            ("KABINET__CAPTCHA__SIGN_IN_FAILURES", "0".to_owned()),
            ("KABINET__CAPTCHA__SIGN_IN_FAILURES_PER_ADDRESS", "0".to_owned()),
            // Jobs are due at once: the clock stands still.
            ("KABINET__IDENTITY__DISCRETION_SECONDS", "0".to_owned()),
            // A test hashes many passwords; their strength is not what it is about.
            ("KABINET__IDENTITY__ARGON2_MEMORY_KIB", "64".to_owned()),
            ("KABINET__IDENTITY__ARGON2_PASSES", "1".to_owned()),
        ];
        if let Some(full) = &self.full {
            let (base, _) = full.server.rsplit_once('/').unwrap();
            pairs.push(("KABINET__DATABASE__URL", format!("{base}/{}", full.database)));
            pairs.push(("KABINET__DATABASE__MAX_CONNECTIONS", "5".to_owned()));
            pairs.push(("KABINET__REDIS__URL", full.redis.clone()));
            pairs.push(("KABINET__REDIS__PREFIX", full.database.clone()));
            pairs.push(("KABINET__MAIL__SMTP_URL", "smtp://127.0.0.1:1".to_owned()));
        }
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    pub fn config(&self, public_url: &str) -> Config {
        Config::load(None, self.environment(public_url).into_iter()).unwrap()
    }

    pub async fn clean_up(self) {
        if let Some(full) = &self.full {
            execute(&full.server, &format!("DROP DATABASE {} WITH (FORCE)", full.database)).await;
        }
    }
}

pub async fn execute(url: &str, sql: &str) {
    let connection = Database::connect(url).await.expect("PostgreSQL answers");
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}
