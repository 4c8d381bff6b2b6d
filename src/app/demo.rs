//! Demonstration data: a small set of registers and a person who can sign in.

use std::path::Path;

use entity::enums::Locale;
use entity::exact::YearMonth;

use super::App;
use crate::accounts::attachment::AccessProof;
use crate::http::{DemoAccount, DemoCard};
use crate::identity::audit::Origin;
use crate::integrators::demo::{DemoPlan, Samples, generate};
use crate::integrators::import::{Importer, Mode};
use crate::kernel::{EmailAddress, Failure, Fault, Page, Person};

const EMAIL: &str = "demo@kabinet.example";
const PASSWORD: &str = "teplo-i-svet-2026";
const ACCOUNTS: u64 = 240;
const MONTHS: u32 = 14;
const SEED: u64 = 2015;

#[derive(Debug)]
pub struct Demo {
    pub card: DemoCard,
}

impl Demo {
    /// Fills an empty database; one that has the data is left as it is.
    pub async fn load(app: &App) -> Result<Self, Fault> {
        let dir = app.config.data_dir.join("demo");
        let samples = match read_samples(&dir) {
            Some(samples) => samples,
            None => write_registers(app, &dir)?,
        };
        let loaded = app.services.accounts.list_providers(None, Page::first(1)).await?;
        if loaded.items.is_empty() {
            eprintln!("Loading demonstration data …");
        }
        let report = Importer::new(&app.mechanisms).import(&dir, Mode::Write, &|_| {}).await?;
        if report.refused() {
            return Err(Fault::internal(format!(
                "the demonstration data in {} was refused; delete it and start again",
                dir.display()
            )));
        }
        attach_samples(app, &samples).await?;
        let account = |sample: &crate::integrators::demo::Sample| DemoAccount {
            provider: sample.provider.clone(),
            number: sample.number.clone(),
            pin: sample.pin.clone(),
        };
        let accounts = samples.accounts.iter().map(account).collect();
        Ok(Self { card: DemoCard { email: EMAIL.to_owned(), password: PASSWORD.to_owned(), accounts } })
    }
}

pub fn read_samples(dir: &Path) -> Option<Samples> {
    serde_json::from_slice(&std::fs::read(dir.join("samples.json")).ok()?).ok()
}

fn write_registers(app: &App, dir: &Path) -> Result<Samples, Fault> {
    let until = YearMonth::of(app.mechanisms.clock.now().date_naive());
    let plan = DemoPlan { accounts: ACCOUNTS, months: MONTHS, seed: SEED, until };
    generate(plan, dir, &mut |_| {})
        .map_err(|cause| Fault::unavailable(format!("cannot write {}: {cause}", dir.display())))
}

/// The demo person has the first two sample accounts; the others are there to be attached.
async fn attach_samples(app: &App, samples: &Samples) -> Result<(), Fault> {
    let email = EmailAddress::stored(EMAIL.to_owned());
    let Some(user_id) = app.services.identity.create_confirmed(&email, PASSWORD.to_owned(), Locale::Ru).await? else {
        return Ok(());
    };
    let person = Person { user_id, session: String::new(), confirmed: true, scopes: None, limits: None };
    for sample in samples.accounts.iter().take(2) {
        let providers = app.services.accounts.list_providers(Some(&sample.provider), Page::first(100)).await?;
        let Some(provider) = providers.items.into_iter().find(|provider| provider.row.code == sample.provider_code)
        else {
            continue;
        };
        let proof = Some(AccessProof::Pin(sample.pin.clone()));
        match app.services.accounts.attach(&person, Origin::inside(), provider.id(), &sample.number, None, proof).await
        {
            Ok(_) => {}
            Err(Failure::Refused(refusal)) => tracing::warn!(?refusal, "a demo account was not attached"),
            Err(Failure::Fault(fault)) => return Err(fault),
        }
    }
    Ok(())
}
