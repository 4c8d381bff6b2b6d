//! `kabinet clients`: providers' own programs, and apps that act for people.

mod apps;

use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entity::enums::ClientScope;
use entity::ids::ApiClientId;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::integrators::api_client::error::{AddRefusal, ClientRefusal};
use crate::integrators::api_client::registration::By;
use crate::integrators::api_client::{Listed, NewSecret};
use crate::kernel::{ClientScopes, Failure, Fault, type_id};

use super::streams;

#[derive(Debug, clap::Args)]
pub struct ClientsArgs {
    #[command(subcommand)]
    command: ClientsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ClientsCommand {
    /// Register a program of a provider's. Its secret is printed here and never again.
    Add {
        /// The provider's code, as its registers have it.
        provider: String,
        /// What to call the program: 1 to 100 characters.
        name: String,
        /// What it may ask or send: IMPORT, DECISIONS, POSTINGS, BALANCES, READINGS, PAYMENTS or WEBHOOKS; repeat for several.
        /// CLIENTS makes it an administrator: it registers the provider's other programs, with any other scope.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
    },
    /// Register an app that people may let act for them. Its secret is printed here and never again.
    AddApp(apps::AddAppArgs),
    /// Print apps as CSV, oldest first.
    ListApps {
        /// The revoked ones as well.
        #[arg(long)]
        all: bool,
    },
    /// Print clients as CSV, oldest first, with the secrets that are good.
    List {
        /// The revoked ones as well.
        #[arg(long)]
        all: bool,
    },
    /// Make another secret, which is printed here and never again; the one before it stays good for a while.
    Rotate {
        /// As `list` or `list-apps` prints it.
        client: String,
        /// Hours for which the old secret stays good; 0 ends it at once.
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=720))]
        overlap_hours: u32,
    },
    /// End a client with its secrets, tokens and open streams, for ever; or one of its secrets only. An app ends with all
    /// that people let it do.
    Revoke {
        /// As `list` or `list-apps` prints it.
        client: String,
        /// Of a provider's program: only this secret, and what was got by it.
        #[arg(long)]
        secret: Option<String>,
    },
    /// Print what was done to a client as CSV, oldest first.
    Log {
        /// As `list --all` prints it.
        client: String,
    },
}

pub async fn run(args: &ClientsArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = carry_out(&args.command, &app).await;
    app.mechanisms.db.close().await;
    Ok(code?)
}

async fn carry_out(command: &ClientsCommand, app: &App) -> Result<ExitCode, Fault> {
    let clients = &app.services.api_clients;
    match command {
        ClientsCommand::Add { provider, name, scopes } => add(app, provider, name, scopes).await,
        ClientsCommand::AddApp(args) => apps::add(app, args).await,
        ClientsCommand::ListApps { all } => apps::list(app, *all).await,
        ClientsCommand::List { all } => list(app, *all).await,
        ClientsCommand::Rotate { client, overlap_hours } => {
            if let Some(id) = type_id::decode(client) {
                return apps::rotate(app, id, TimeDelta::hours((*overlap_hours).into())).await;
            }
            let Some(id) = type_id::decode(client) else { return Ok(refused(ClientRefusal::NotFound)) };
            match clients.rotate(By::Operator, id, TimeDelta::hours((*overlap_hours).into())).await {
                Ok(made) => Ok(print(&made)),
                Err(Failure::Refused(refusal)) => Ok(refused(refusal)),
                Err(Failure::Fault(fault)) => Err(fault),
            }
        }
        ClientsCommand::Revoke { client, secret } => {
            if let Some(id) = type_id::decode(client).filter(|_| secret.is_none()) {
                return apps::revoke(app, id).await;
            }
            let Some(id) = type_id::decode::<ApiClientId>(client) else { return Ok(refused(ClientRefusal::NotFound)) };
            let revoked = match secret.as_deref().map(type_id::decode) {
                None => clients.revoke(By::Operator, id).await,
                Some(Some(secret)) => clients.revoke_secret(By::Operator, id, secret).await,
                Some(None) => return Ok(refused(ClientRefusal::SecretNotFound)),
            };
            match revoked {
                Ok(_) => Ok(ExitCode::SUCCESS),
                Err(Failure::Refused(refusal)) => Ok(refused(refusal)),
                Err(Failure::Fault(fault)) => Err(fault),
            }
        }
        ClientsCommand::Log { client } => {
            let Some(id) = type_id::decode(client) else { return Ok(refused(ClientRefusal::NotFound)) };
            streams::out("at,kind,details\n");
            for event in clients.events(id).await? {
                streams::out(&format!("{},{},\"{}\"\n", at(event.occurred_at), event.kind.word(), event.details));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn add(app: &App, provider: &str, name: &str, scopes: &[String]) -> Result<ExitCode, Fault> {
    let Some(scopes) = scopes.iter().map(|word| ClientScope::from_word(word)).collect::<Option<ClientScopes>>() else {
        let words: Vec<_> = ClientScope::ALL.iter().map(|scope| scope.word()).collect();
        return Ok(complain(&format!("--scope is one of {}", words.join(", "))));
    };
    let Some(provider_id) = app.services.accounts.provider_id(provider).await? else {
        return Ok(complain("there is no such provider"));
    };
    match app.services.api_clients.add(provider_id, name, scopes).await {
        Ok(made) => Ok(print(&made)),
        Err(Failure::Refused(AddRefusal::Name)) => {
            Ok(complain("a name has 1 to 100 characters and no control characters"))
        }
        Err(Failure::Refused(AddRefusal::NoScopes)) => Ok(complain("give a client at least one --scope")),
        Err(Failure::Refused(AddRefusal::TooMany)) => {
            Ok(complain("the provider has 100 clients: revoke those that it does not need; see `kabinet clients list`"))
        }
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

async fn list(app: &App, all: bool) -> Result<ExitCode, Fault> {
    let listed = app.services.api_clients.list(all).await?;
    let ids: Vec<_> = listed.iter().map(|listed| listed.client.provider_id).collect();
    let providers = app.services.accounts.find_providers(&ids).await?;
    streams::out("client_id,provider,name,scopes,created_at,last_token_at,revoked_at,secrets\n");
    for Listed { client, secrets } in &listed {
        let provider = providers.iter().find(|provider| provider.id() == client.provider_id);
        let secrets = secrets.iter().map(|secret| match secret.ends_at {
            Some(ends_at) => format!("{} until {}", type_id::encode(secret.id), at(ends_at)),
            None => type_id::encode(secret.id),
        });
        streams::out(&format!(
            "{},{},\"{}\",{},{},{},{},{}\n",
            type_id::encode(client.id),
            provider.map(|provider| provider.row.code.as_str()).unwrap_or_default(),
            client.name.replace('"', "\"\""),
            client.scopes.replace(',', " "),
            at(client.created_at),
            client.token_at.map(at).unwrap_or_default(),
            client.revoked_at.map(at).unwrap_or_default(),
            secrets.collect::<Vec<_>>().join(" "),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(made: &NewSecret) -> ExitCode {
    streams::out("client_id,client_secret,secret_id,old_secret_ends_at\n");
    streams::out(&format!(
        "{},{},{},{}\n",
        type_id::encode(made.client.id),
        made.secret,
        type_id::encode(made.id),
        made.old_ends_at.map(at).unwrap_or_default(),
    ));
    ExitCode::SUCCESS
}

fn refused(refusal: ClientRefusal) -> ExitCode {
    complain(match refusal {
        ClientRefusal::NotFound => "there is no such client, or it is revoked; see `kabinet clients list`",
        ClientRefusal::SecretNotFound => "the client has no such secret, or it has ended; see `kabinet clients list`",
        ClientRefusal::TwoSecrets => {
            "two secrets are good already: wait for the older one's end, or `kabinet clients revoke --secret` it"
        }
        ClientRefusal::Overlap => "an old secret stays good for 0 to 720 hours",
        ClientRefusal::Administrator => {
            "the secret of an administrator is rotated by itself, or by `kabinet clients rotate`"
        }
        ClientRefusal::Ended => "the program that asked has ended",
    })
}

fn complain(text: &str) -> ExitCode {
    streams::err(&format!("kabinet: {text}\n"));
    ExitCode::FAILURE
}

fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
