//! Apps that act for people.

use std::process::ExitCode;

use chrono::TimeDelta;
use entity::app;
use entity::enums::Scope;
use entity::ids::AppId;

use super::{at, complain};
use crate::app::App;
use crate::cli::streams;
use crate::consent::app::{NewApp, Registered};
use crate::consent::error::{AddRefusal, AppRefusal};
use crate::kernel::{Failure, Fault, Scopes, type_id};

#[derive(Debug, clap::Args)]
pub struct AddAppArgs {
    /// What people read when they are asked to let it in: 1 to 100 characters.
    name: String,
    /// Where people are sent back to: an https address, or http with 127.0.0.1 or [::1] (then with any port); repeat for
    /// several, ten at most.
    #[arg(long = "redirect-uri", value_name = "URI", required = true)]
    redirect_uris: Vec<String>,
    /// The most that it may ask for: PROFILE, BALANCE, STATEMENTS, READINGS, `SUBMIT_READINGS`, PAYMENTS or PAY; repeat for
    /// several.
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,
    /// It runs on people's own devices and cannot keep a secret: it gets none, and proves itself by PKCE.
    #[arg(long)]
    public: bool,
}

pub async fn add(app: &App, args: &AddAppArgs) -> Result<ExitCode, Fault> {
    let Some(scopes) = args.scopes.iter().map(|word| Scope::from_word(word)).collect::<Option<Scopes>>() else {
        let words: Vec<_> = Scope::ALL.iter().map(|scope| scope.word()).collect();
        return Ok(complain(&format!("--scope is one of {}", words.join(", "))));
    };
    let AddAppArgs { name, redirect_uris, public, .. } = args;
    let new = NewApp { name: name.clone(), redirect_uris: redirect_uris.clone(), scopes, public: *public };
    match app.services.consents.add_app(new).await {
        Ok(registered) => Ok(print(&registered)),
        Err(Failure::Refused(AddRefusal::Name)) => {
            Ok(complain("a name has 1 to 100 characters and no control characters"))
        }
        Err(Failure::Refused(AddRefusal::NoScopes)) => Ok(complain("give an app at least one --scope")),
        Err(Failure::Refused(AddRefusal::RedirectUri)) => {
            Ok(complain("--redirect-uri is https, or http with 127.0.0.1 or [::1], without a fragment; ten at most"))
        }
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

pub async fn list(app: &App, all: bool) -> Result<ExitCode, Fault> {
    streams::out("client_id,name,public,scopes,redirect_uris,created_at,old_secret_ends_at,revoked_at\n");
    for app::Model { id, name, redirect_uris, scopes, public, old_secret_ends_at, created_at, revoked_at, .. } in
        app.services.consents.list_apps(all).await?
    {
        streams::out(&format!(
            "{},\"{}\",{public},{},\"{}\",{},{},{}\n",
            type_id::encode(id),
            name.replace('"', "\"\""),
            scopes.replace(',', " "),
            redirect_uris.replace('\n', " "),
            at(created_at),
            old_secret_ends_at.map(at).unwrap_or_default(),
            revoked_at.map(at).unwrap_or_default(),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn rotate(app: &App, id: AppId, overlap: TimeDelta) -> Result<ExitCode, Fault> {
    done(app.services.consents.rotate_app(id, overlap).await.map(|registered| print(&registered)))
}

pub async fn revoke(app: &App, id: AppId) -> Result<ExitCode, Fault> {
    done(app.services.consents.revoke_app(id).await.map(|()| ExitCode::SUCCESS))
}

fn done(result: Result<ExitCode, Failure<AppRefusal>>) -> Result<ExitCode, Fault> {
    match result {
        Ok(code) => Ok(code),
        Err(Failure::Refused(AppRefusal::NotFound)) => {
            Ok(complain("there is no such app, or it is revoked; see `kabinet clients list-apps`"))
        }
        Err(Failure::Refused(AppRefusal::Public)) => Ok(complain("a public app has no secret")),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn print(Registered { app, secret }: &Registered) -> ExitCode {
    streams::out("client_id,client_secret,old_secret_ends_at\n");
    streams::out(&format!(
        "{},{},{}\n",
        type_id::encode(app.id),
        secret.as_deref().unwrap_or_default(),
        app.old_secret_ends_at.map(at).unwrap_or_default(),
    ));
    ExitCode::SUCCESS
}
