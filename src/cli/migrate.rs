//! `kabinet migrate`.

use std::process::ExitCode;

use crate::config::Config;
use crate::kernel::Entropy;
use crate::platform::db::Db;

#[derive(Debug, clap::Args)]
pub struct MigrateArgs {
    /// Take back the newest steps instead: data of their tables is lost.
    #[arg(long, value_name = "STEPS")]
    down: Option<u32>,
}

pub async fn run(args: &MigrateArgs, config: Config) -> anyhow::Result<ExitCode> {
    let db = Db::connect(&config.database, &config.data_dir, Entropy::System).await?;
    match args.down {
        Some(steps) => db.migrate_down(Some(steps)).await?,
        None => db.migrate_up().await?,
    }
    println!("{} steps are not applied", db.pending_migrations().await?);
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
