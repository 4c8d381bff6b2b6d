//! `kabinet serve`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::demo::Demo;
use crate::app::{App, Listeners, Outside, demo_levers};
use crate::config::Config;

#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// Load demonstration data into an empty database, and say how to sign in. Embedded way to run only.
    #[arg(long)]
    demo: bool,
}

pub async fn run(args: ServeArgs, config: Config) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(!args.demo || config.embedded(), "--demo is for the embedded way to run: leave database.url empty");
    let listen = config.http.listen;
    let app = App::build(config, Outside::real()).await?;
    app.mechanisms.db.migrate_up().await?;
    let demo = if args.demo { Some(Demo::load(&app).await?) } else { None };
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen} (http.listen)"))?;
    let admin = match app.config.admin.listen {
        Some(listen) => {
            let bound = TcpListener::bind(listen).await;
            Some(bound.with_context(|| format!("cannot listen on {listen} (admin.listen)"))?)
        }
        None => None,
    };
    println!("{}", greeting(&app.config, demo.as_ref()));
    let shutdown = CancellationToken::new();
    tokio::spawn(wait_for_signal(shutdown.clone()));
    if demo_levers::is_demo(&app.config) {
        let (config, until) = (Arc::clone(&app.config), shutdown.clone());
        let (clock, bank) = (app.mechanisms.clock.clone(), app.sandbox.clone());
        tokio::spawn(async move { demo_levers::follow(&config, (&clock, &bank), until).await });
    }
    app.run(Listeners { public: listener, admin }, demo.map(|demo| demo.card), shutdown).await?;
    Ok(ExitCode::SUCCESS)
}

fn greeting(config: &Config, demo: Option<&Demo>) -> String {
    let url = &config.http.public_url;
    let mut lines = vec![format!("kabinet serves on {url}")];
    if config.graphiql() {
        lines.push(format!("  GraphiQL       {url}/graphiql"));
    }
    lines.push(format!("  GraphQL        {url}/graphql"));
    if config.mail.smtp_url.is_none() {
        lines.push(format!("  Mailbox        {url}/dev/mailbox"));
    }
    if let Some(listen) = config.admin.listen {
        lines.push(format!("  Metrics        http://{listen}/metrics"));
    }
    if let Some(demo) = demo {
        lines.push(format!("  Demo sign-in   {}  password {}", demo.card.email, demo.card.password));
        lines.push("  Accounts to attach:".to_owned());
        lines.extend(
            demo.card.accounts.iter().map(|account| {
                format!("    {:<26} number {:<12} PIN {}", account.provider, account.number, account.pin)
            }),
        );
    }
    lines.join("\n")
}

/// SIGTERM or ctrl-c begins the shutdown; a second one ends the process at once.
async fn wait_for_signal(shutdown: CancellationToken) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be heard");
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    next().await;
    tracing::info!("shutting down: what was accepted is finished first");
    shutdown.cancel();
    next().await;
    tracing::warn!("a second signal: ending at once");
    std::process::exit(1);
}
