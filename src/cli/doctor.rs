//! `kabinet doctor`: looks at everything that kabinet leans on, and says what to do.

use std::process::ExitCode;
use std::time::Duration;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::kernel::Fault;

#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Measure what a password costs here, and advise settings; looks at nothing else.
    #[arg(long)]
    argon2: bool,
    /// With --argon2: how long one password may take, milliseconds.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(10..=5000), requires = "argon2")]
    pub aim_milliseconds: u32,
}

struct Finding {
    what: &'static str,
    /// What is well, or what is wrong and what to do.
    result: Result<String, String>,
}

pub async fn run(args: &DoctorArgs, config: Config) -> anyhow::Result<ExitCode> {
    if args.argon2 {
        super::calibration::run(args, &config)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut findings = vec![Finding { what: "configuration", result: Ok(way_to_run(&config).to_owned()) }];
    findings.push(secret_key(&config));
    match App::build(config, Outside::real()).await {
        Ok(app) => findings.extend(look_at(&app).await),
        Err(fault) => findings.push(Finding {
            what: "database",
            result: Err(format!("{fault}\n    Check database.url (or data_dir), and that the server runs.")),
        }),
    }
    for Finding { what, result } in &findings {
        match result {
            Ok(text) => println!("ok    {what}: {text}"),
            Err(text) => println!("FAIL  {what}: {text}"),
        }
    }
    let well = findings.iter().all(|finding| finding.result.is_ok());
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn way_to_run(config: &Config) -> &'static str {
    match (config.embedded(), &config.mail.smtp_url) {
        (true, None) => "embedded: SQLite, letters in files",
        (true, Some(_)) => "embedded: SQLite, SMTP",
        (false, _) => "full: PostgreSQL, Redis, SMTP",
    }
}

fn secret_key(config: &Config) -> Finding {
    let result = match (&config.secret_key, config.embedded()) {
        (Some(_), _) => Ok("set".to_owned()),
        (None, true) => Ok("kept in data_dir/secret.key".to_owned()),
        (None, false) => {
            Ok("kept in data_dir/secret.key; several instances must share one: set security.secret_key".to_owned())
        }
    };
    Finding { what: "secret key", result }
}

async fn look_at(app: &App) -> Vec<Finding> {
    let mechanisms = &app.mechanisms;
    let answer = |what, result: Result<(), Fault>, advice: &str| Finding {
        what,
        result: result.map(|()| "answers".to_owned()).map_err(|fault| format!("{fault}\n    {advice}")),
    };
    let keys = if app.config.embedded() { "sessions (table)" } else { "Redis" };
    let schema = schema(app).await;
    let complete = schema.result.is_ok();
    let mut findings = vec![
        answer("database", mechanisms.db.ping().await, "Check database.url, and that the server runs."),
        schema,
        answer(keys, mechanisms.keys.ping().await, "Check redis.url. Until Redis answers nobody can sign in."),
        answer(
            "mail",
            app.mailer.check().await,
            "Check mail.smtp_url (or that data_dir/mail can be written). Letters wait in the outbox.",
        ),
        clock(app).await,
    ];
    // Their tables may not be there yet.
    if complete {
        findings.push(outbox(app).await);
        findings.push(ledger(app).await);
        findings.push(payments(app).await);
    }
    findings
}

async fn schema(app: &App) -> Finding {
    let result = match app.mechanisms.db.pending_migrations().await {
        Ok(0) => Ok("up to date".to_owned()),
        Ok(steps) => {
            Err(format!("{steps} steps are not applied.\n    Run `kabinet migrate`; `kabinet serve` does so too."))
        }
        Err(fault) => Err(fault.to_string()),
    };
    Finding { what: "schema", result }
}

/// Two clocks that differ make links expire early and charges land on the wrong day.
async fn clock(app: &App) -> Finding {
    const MOST: Duration = Duration::from_secs(2);
    let result = match app.mechanisms.db.clock_difference(&app.mechanisms.clock).await {
        Ok(apart) if apart <= MOST => Ok(format!("{} ms from the database's", apart.as_millis())),
        Ok(apart) => Err(format!("{} s from the database's.\n    Set both machines' clocks (NTP).", apart.as_secs())),
        Err(fault) => Err(fault.to_string()),
    };
    Finding { what: "clock", result }
}

async fn outbox(app: &App) -> Finding {
    let result = match app.mechanisms.outbox.backlog().await {
        Ok((due, 0)) => Ok(format!("{due} jobs due, none put aside")),
        Ok((due, dead)) => Err(format!(
            "{due} jobs due, {dead} put aside.\n    Look at outbox_jobs where dead_at is set: last_error says why; set dead_at to null and attempts to 0 to try again."
        )),
        Err(fault) => Err(fault.to_string()),
    };
    Finding { what: "outbox", result }
}

async fn ledger(app: &App) -> Finding {
    const SHOWN: u64 = 10;
    let result = match app.services.billing.unbalanced_accounts(SHOWN).await {
        Ok(accounts) if accounts.is_empty() => Ok("every balance is the sum of its entries".to_owned()),
        Ok(accounts) => {
            let ids: Vec<_> = accounts.iter().map(|account| account.0.to_string()).collect();
            Err(format!(
                "balances that are not the sum of their entries: {}\n    Restore these accounts from a backup; do not edit the ledger.",
                ids.join(", ")
            ))
        }
        Err(fault) => Err(fault.to_string()),
    };
    Finding { what: "ledger", result }
}

/// Contradictions with acquirers, payments without an end, and the journal against the ledger.
async fn payments(app: &App) -> Finding {
    let payments = &app.services.payments;
    let looked = async {
        let books: i64 = payments.trial_balance().await?.iter().map(|sum| sum.amount.0).sum();
        let differences = payments.journal_differences().await?;
        Ok::<_, Fault>((payments.count_open_incidents().await?, payments.count_stuck().await?, books, differences))
    };
    let result = match looked.await {
        Ok((0, 0, 0, 0)) => Ok("no open incidents, none stuck, the journal is the ledger's".to_owned()),
        Ok((incidents, stuck, books, differences)) => Err(format!(
            "{incidents} open incidents, {stuck} payments open for over a day, the journal sums to {books} kopecks, \
             {differences} payments differ between journal and ledger.\n    See `kabinet incidents list`."
        )),
        Err(fault) => Err(fault.to_string()),
    };
    Finding { what: "payments", result }
}
