//! How every world begins: a database with persons who have accounts.

use std::path::Path;

use chrono::{DateTime, Utc};
use entity::enums::Locale;
use entity::ids::{PersonalAccountId, ProviderId};
use kabinet::accounts::attachment::AccessProof;
use kabinet::app::{App, Outside};
use kabinet::identity::audit::Origin;
use kabinet::integrators::demo::{DemoPlan, generate};
use kabinet::integrators::import::{Importer, Mode};
use kabinet::kernel::{Clock, EmailAddress, Entropy, Page, Person};
use kabinet::payments::terms::{PaymentTerms, usual};
use kabinet::platform::mail::Mailer;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use tempfile::TempDir;

const PEOPLE: [&str; 3] = ["debt", "overpaid", "debt"];
/// Hundredths of a percent that every payer pays on top.
pub const COMMISSION: i16 = 80;

pub fn tempdir() -> TempDir {
    // Memory, where there is some: what is checked here is no disk.
    if Path::new("/dev/shm").is_dir() { TempDir::new_in("/dev/shm").unwrap() } else { TempDir::new().unwrap() }
}

fn settings(dir: &Path) -> Vec<(String, String)> {
    let own = [
        ("KABINET__DATA_DIR", dir.display().to_string()),
        ("KABINET__DATABASE__MAX_CONNECTIONS", "2".to_owned()),
        ("KABINET__IDENTITY__ARGON2_MEMORY_KIB", "64".to_owned()),
        ("KABINET__IDENTITY__ARGON2_PASSES", "1".to_owned()),
        ("KABINET__PAYMENTS__WAIT_FOR_CALL_MILLISECONDS", "0".to_owned()),
        ("KABINET__PAYMENTS__MINIMUM", "0.01".to_owned()),
        ("KABINET__PAYMENTS__SANDBOX_KOPECKS", "true".to_owned()),
        ("KABINET__PAYMENTS__AUTOPAY_NOTICE_HOURS", "24".to_owned()),
        // Registers are written by chance here.
        ("KABINET__PAYMENTS__SENT_DAYS", "90".to_owned()),
    ];
    own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub async fn build(dir: &Path, outside: Outside) -> App {
    let config = kabinet::config::Config::load(None, settings(dir).into_iter()).unwrap();
    App::build(config, outside).await.unwrap()
}

fn address(number: usize) -> EmailAddress {
    EmailAddress::stored(format!("person{number}@example.com"))
}

/// A person with two accounts of one provider.
#[derive(Clone, Debug)]
pub struct Payer {
    pub person: Person,
    pub accounts: [PersonalAccountId; 2],
}

pub struct Template {
    pub dir: TempDir,
    pub people: Vec<Payer>,
    /// Of every provider that has an account here.
    pub terms: Vec<PaymentTerms>,
}

/// As the other tests have it: 60 accounts, statements of March to May 2026.
fn plan() -> DemoPlan {
    DemoPlan { accounts: 60, months: 3, seed: 11, until: "2026-06".parse().unwrap() }
}

/// A database with persons who have accounts, as every world begins.
pub fn template() -> Template {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let made = async {
        let (dir, registers) = (tempdir(), tempdir());
        let samples = generate(plan(), registers.path(), &mut |_| {}).unwrap();
        let clock = Clock::fixed(start());
        let outside = Outside { mailer: Some(Mailer::memory()), clock, entropy: Entropy::seeded(3), ..Outside::real() };
        let app = build(dir.path(), outside).await;
        app.mechanisms.db.migrate_up().await.unwrap();
        let report = Importer::new(&app.mechanisms).import(registers.path(), Mode::Write, &|_| {}).await.unwrap();
        assert!(!report.refused(), "the demonstration registers are refused");
        let (mut people, mut known) = (Vec::new(), Vec::new());
        for (number, note) in PEOPLE.into_iter().enumerate() {
            let identity = &app.services.identity;
            let password = "correct horse 42".to_owned();
            let user_id = identity.create_confirmed(&address(number), password, Locale::Ru).await.unwrap().unwrap();
            let person = Person { user_id, session: String::new(), confirmed: true, scopes: None, limits: None };
            let sample = samples.accounts.iter().find(|sample| sample.note == note).unwrap();
            let accounts = &app.services.accounts;
            let providers = accounts.list_providers(None, Page::first(100)).await.unwrap();
            let provider = providers.items.into_iter().find(|found| found.row.code == sample.provider_code).unwrap();
            let proof = Some(AccessProof::Pin(sample.pin.clone()));
            let attached = accounts.attach(&person, Origin::inside(), provider.id(), &sample.number, None, proof).await;
            let first = attached.unwrap().id();
            let (number, pin) = neighbour(&app, provider.id(), &sample.number).await;
            let proof = Some(AccessProof::Pin(pin));
            let attached = accounts.attach(&person, Origin::inside(), provider.id(), &number, None, proof).await;
            people.push(Payer { person, accounts: [first, attached.unwrap().id()] });
            let register_template = Some("csv".to_owned());
            let terms = PaymentTerms { register_template, commission_rate: COMMISSION, ..usual(provider.id()) };
            if !known.contains(&terms) {
                app.services.payments.set_terms(terms.clone()).await.unwrap();
                known.push(terms);
            }
        }
        app.mechanisms.db.clone().close().await;
        Template { dir, people, terms: known }
    };
    runtime.block_on(made)
}

/// Number and PIN of another account of the provider.
async fn neighbour(app: &App, provider: ProviderId, number: &str) -> (String, String) {
    use entity::personal_account::{Column, Entity};
    let others = Entity::find()
        .filter(Column::ProviderId.eq(provider))
        .filter(Column::Number.ne(number))
        .filter(Column::Pin.is_not_null())
        .order_by_asc(Column::Number);
    let other = others.one(app.mechanisms.db.read()).await.unwrap().unwrap();
    (other.number, other.pin.unwrap())
}

/// A Saturday.
pub fn start() -> DateTime<Utc> {
    "2026-06-20T09:00:00Z".parse().unwrap()
}
