//! What every test finds in its database: a small set of demonstration registers, imported once and copied.

use std::path::Path;
use std::sync::OnceLock;

use kabinet::app::{App, Outside};
use kabinet::integrators::demo::{DemoPlan, Sample, Samples, generate};
use kabinet::integrators::import::{Importer, Mode};
use kabinet::kernel::{Clock, Entropy};
use kabinet::platform::mail::Mailer;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::backend::{Backend, Full, Way, execute, service};
use super::start_of_test;

/// 60 accounts, statements of March to May 2026.
fn plan() -> DemoPlan {
    DemoPlan { accounts: 60, months: 3, seed: 11, until: "2026-06".parse().unwrap() }
}

struct Written {
    dir: TempDir,
    samples: Samples,
}

fn written() -> &'static Written {
    static WRITTEN: OnceLock<Written> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let samples = generate(plan(), dir.path(), &mut |_| {}).unwrap();
        Written { dir, samples }
    })
}

/// Where the registers are.
pub fn registers_folder() -> &'static Path {
    written().dir.path()
}

/// An account of the registers by what is particular about it: see [`Sample::NOTES`].
pub fn sample(note: &str) -> &'static Sample {
    let samples = &written().samples.accounts;
    samples.iter().find(|sample| sample.note == note).unwrap_or_else(|| panic!("no sample account {note}"))
}

/// A folder with `kabinet.sqlite`, all registers loaded.
pub async fn sqlite_template() -> &'static Path {
    static TEMPLATE: OnceCell<TempDir> = OnceCell::const_new();
    let made = async {
        let backend = Backend { dir: tempfile::tempdir().unwrap(), full: None };
        load(&backend).await;
        backend.dir
    };
    TEMPLATE.get_or_init(|| made).await.path()
}

/// Name of a PostgreSQL database, all registers loaded.
pub async fn postgres_template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let made = async {
        let server = service("KABINET_TEST_POSTGRES_URL");
        let database = format!("kabinet_template_{}", std::process::id());
        execute(&server, &format!("DROP DATABASE IF EXISTS {database}")).await;
        execute(&server, &format!("CREATE DATABASE {database}")).await;
        let redis = service("KABINET_TEST_REDIS_URL");
        let full = Full { server, database: database.clone(), redis };
        load(&Backend { dir: tempfile::tempdir().unwrap(), full: Some(full) }).await;
        database
    };
    TEMPLATE.get_or_init(|| made).await
}

async fn load(backend: &Backend) {
    let outside = Outside {
        clock: Clock::fixed(start_of_test()),
        entropy: Entropy::seeded(1),
        mailer: Some(Mailer::memory()),
        ..Outside::real()
    };
    let app = App::build(backend.config("http://127.0.0.1:1"), outside).await.unwrap();
    app.mechanisms.db.migrate_up().await.unwrap();
    let report = Importer::new(&app.mechanisms).import(written().dir.path(), Mode::Write, &|_| {}).await.unwrap();
    assert!(!report.refused(), "the demonstration registers are refused");
    app.mechanisms.db.clone().close().await;
}

impl Backend {
    /// A fresh copy of the template.
    pub async fn prepare(way: Way) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let full = match way {
            Way::Embedded => {
                std::fs::copy(sqlite_template().await.join("kabinet.sqlite"), dir.path().join("kabinet.sqlite"))
                    .unwrap();
                None
            }
            Way::Full => {
                let server = service("KABINET_TEST_POSTGRES_URL");
                let unique: String = dir.path().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
                let database = format!("kabinet_{}", unique.to_lowercase());
                execute(&server, &format!("CREATE DATABASE {database} TEMPLATE {}", postgres_template().await)).await;
                Some(Full { server, database, redis: service("KABINET_TEST_REDIS_URL") })
            }
        };
        Self { dir, full }
    }

    /// Makes the schema and loads the registers, where nothing is yet.
    pub async fn load(&self) {
        load(self).await;
    }
}
