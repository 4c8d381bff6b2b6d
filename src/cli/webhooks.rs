//! `kabinet webhooks`: addresses at which providers' servers are told of changes.

use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::ValueEnum;
use entity::enums::{WebhookEvent, WebhookKeyKind};
use entity::ids::TypedId;
use entity::webhook_attempt;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::integrators::webhooks::endpoint::{Listed, MOST, MOST_KEYS, OVERLAP_HOURS};
use crate::integrators::webhooks::event::{CHOICE, name, named};
use crate::integrators::webhooks::log::Logged;
use crate::integrators::webhooks::{Added, WebhookRefusal, Wish};
use crate::kernel::{Failure, Fault, type_id};

use super::streams;

#[derive(Debug, clap::Args)]
pub struct WebhooksArgs {
    #[command(subcommand)]
    command: WebhooksCommand,
}

#[derive(Debug, clap::Subcommand)]
enum WebhooksCommand {
    /// Add an address, and print its id and its key, which is shown this once.
    Add {
        /// The provider's code.
        provider: String,
        /// Where to, beginning with https.
        url: String,
        /// What it is told of: balance.changed, reading.status_changed, payment.status_changed; by default all.
        #[arg(long, value_delimiter = ',', value_parser = event)]
        events: Vec<WebhookEvent>,
        /// How messages are signed: a shared secret, or a pair of which the public half is printed.
        #[arg(long, value_enum, default_value_t = Key::Hmac)]
        key: Key,
    },
    /// Print the addresses as CSV.
    List {
        /// The provider's code; by default all.
        provider: Option<String>,
    },
    /// Give an address a new key; those before it sign beside it for some hours.
    Rotate {
        /// As `list` prints it.
        webhook: String,
        /// How messages are signed.
        #[arg(long, value_enum, default_value_t = Key::Hmac)]
        key: Key,
        /// For which the keys before it go on signing; 0: they are void at once.
        #[arg(long, default_value_t = 24)]
        overlap_hours: i64,
    },
    /// Send nothing more; what waits is dropped.
    Disable {
        /// As `list` prints it.
        webhook: String,
    },
    /// Send news again from now on.
    Enable {
        /// As `list` prints it.
        webhook: String,
    },
    /// Send a message that tells nothing, now, and print what came of it.
    Ping {
        /// As `list` prints it.
        webhook: String,
    },
    /// Print the attempts of the newest messages as CSV.
    Log {
        /// As `list` prints it.
        webhook: String,
        /// Messages.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
        most: u64,
    },
    /// Send again: one message, or what an address has not taken since a moment.
    Redeliver {
        /// A message as `log` prints it, or an address as `list` does.
        id: String,
        /// Of an address: since when, like 2026-11-27T00:00:00Z.
        #[arg(long)]
        since: Option<DateTime<Utc>>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Key {
    Hmac,
    Ed25519,
}

impl From<Key> for WebhookKeyKind {
    fn from(key: Key) -> Self {
        match key {
            Key::Hmac => Self::Hmac,
            Key::Ed25519 => Self::Ed25519,
        }
    }
}

fn event(text: &str) -> Result<WebhookEvent, String> {
    let all = || CHOICE.map(name).join(", ");
    named(text).ok_or_else(|| format!("not one of {}", all()))
}

pub async fn run(args: &WebhooksArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let done = Box::pin(carry_out(&args.command, &app)).await;
    app.mechanisms.db.close().await;
    match done {
        Ok(code) => Ok(code),
        Err(Failure::Fault(fault)) => Err(fault.into()),
        Err(Failure::Refused(refusal)) => Ok(refused(&text(refusal))),
    }
}

fn refused(text: &str) -> ExitCode {
    streams::err(&format!("kabinet: {text}\n"));
    ExitCode::FAILURE
}

fn text(refusal: WebhookRefusal) -> String {
    match refusal {
        WebhookRefusal::NotFound => "there is no such address or message".to_owned(),
        WebhookRefusal::Address(unfit) => unfit.text().to_owned(),
        WebhookRefusal::TooMany => format!("a provider may have {MOST} addresses"),
        WebhookRefusal::Disabled => "the address is disabled: see `kabinet webhooks enable`".to_owned(),
        WebhookRefusal::TooManyKeys => {
            format!("{MOST_KEYS} keys are good at once: let one expire, or use a shorter overlap")
        }
        WebhookRefusal::Overlap => {
            format!("the overlap must be from {} to {} hours", OVERLAP_HOURS.start(), OVERLAP_HOURS.end())
        }
    }
}

/// A text that is no id names nothing.
fn id<T: TypedId>(text: &str) -> Result<T, Failure<WebhookRefusal>> {
    type_id::decode(text).ok_or(Failure::Refused(WebhookRefusal::NotFound))
}

async fn carry_out(command: &WebhooksCommand, app: &App) -> Result<ExitCode, Failure<WebhookRefusal>> {
    let webhooks = &app.webhooks;
    match command {
        WebhooksCommand::Add { provider, url, events, key } => {
            let Some(provider) = app.services.accounts.provider_id(provider).await? else { return Ok(no_provider()) };
            let wish = Wish { provider, url: url.clone(), events: events.clone(), key: (*key).into() };
            print_key(&webhooks.add(&wish).await?);
        }
        WebhooksCommand::List { provider } => {
            let provider = match provider {
                None => None,
                Some(code) => match app.services.accounts.provider_id(code).await? {
                    None => return Ok(no_provider()),
                    found => found,
                },
            };
            print_list(&webhooks.list(provider).await?, app).await?;
        }
        WebhooksCommand::Rotate { webhook, key, overlap_hours } => {
            print_key(&webhooks.rotate(None, id(webhook)?, (*key).into(), *overlap_hours).await?);
        }
        WebhooksCommand::Disable { webhook } => {
            webhooks.disable(None, id(webhook)?).await?;
        }
        WebhooksCommand::Enable { webhook } => {
            webhooks.enable(None, id(webhook)?).await?;
        }
        WebhooksCommand::Ping { webhook } => {
            let attempt = webhooks.ping_now(None, id(webhook)?).await?;
            streams::out(&format!("status,milliseconds,answer\n{}\n", outcome(&attempt)));
            let taken = attempt.status.is_some_and(|status| (200..300).contains(&status));
            return Ok(if taken { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        WebhooksCommand::Log { webhook, most } => print_log(&webhooks.log(None, id(webhook)?, *most).await?),
        WebhooksCommand::Redeliver { id: message, since: None } => {
            webhooks.redeliver(None, id(message)?).await?;
        }
        WebhooksCommand::Redeliver { id: webhook, since: Some(since) } => {
            let count = webhooks.redeliver_since(None, id(webhook)?, *since).await?;
            streams::out(&format!("{count}\n"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn no_provider() -> ExitCode {
    refused("there is no such provider")
}

fn print_key(added: &Added) {
    streams::out(&format!("webhook,key\n{},{}\n", type_id::encode(added.endpoint.id), added.key));
}

async fn print_list(listed: &[Listed], app: &App) -> Result<(), Fault> {
    let ids: Vec<_> = listed.iter().map(|one| one.endpoint.provider_id).collect();
    let providers = app.services.accounts.find_providers(&ids).await?;
    streams::out("webhook,provider,url,events,state,stop,took_at,keys\n");
    for Listed { endpoint, keys } in listed {
        let provider = providers.iter().find(|provider| provider.id() == endpoint.provider_id);
        let events: Vec<_> = WebhookEvent::list(&endpoint.events).into_iter().map(name).collect();
        let keys = keys.iter().map(|key| key.public_key.as_deref().unwrap_or(key.kind.word()));
        streams::out(&format!(
            "{},{},{},{},{},{},{},{}\n",
            type_id::encode(endpoint.id),
            provider.map_or("", |provider| &provider.row.code),
            quoted(&endpoint.url),
            events.join(" "),
            endpoint.state.word(),
            endpoint.stop.map_or("", |stop| stop.word()),
            endpoint.took_at.map_or_else(String::new, moment),
            keys.collect::<Vec<_>>().join(" "),
        ));
    }
    Ok(())
}

fn print_log(log: &[Logged]) {
    streams::out("message,event,state,made_at,status,milliseconds,answer\n");
    for Logged { message, attempts } in log {
        let (id, event) = (type_id::encode(message.id), name(message.event));
        let state = message.state.word();
        for attempt in attempts {
            streams::out(&format!("{id},{event},{state},{},{}\n", moment(attempt.made_at), outcome(attempt)));
        }
        if attempts.is_empty() {
            streams::out(&format!("{id},{event},{state},,,,\n"));
        }
    }
}

fn outcome(attempt: &webhook_attempt::Model) -> String {
    let status = attempt.status.map_or_else(String::new, |status| status.to_string());
    format!("{status},{},{}", attempt.milliseconds, quoted(&attempt.answer))
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
