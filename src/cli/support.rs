//! `kabinet support`: questions of people, answered by an operator.

use std::process::ExitCode;

use chrono::SecondsFormat;
use entity::ids::SupportRequestId;
use entity::support_request;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::kernel::{Failure, Fault, type_id};
use crate::support::Support;
use crate::support::error::SupportRefusal;

use super::streams;

#[derive(Debug, clap::Args)]
pub struct SupportArgs {
    #[command(subcommand)]
    command: SupportCommand,
}

#[derive(Debug, clap::Subcommand)]
enum SupportCommand {
    /// Print the questions that wait for an answer as CSV, the longest waiting first.
    List,
    /// Print the thread of a question.
    Show {
        /// The question's id, as its letter names it.
        request: String,
    },
    /// Answer: the person gets a letter and finds the answer in the cabinet.
    Answer {
        /// The question's id, as its letter names it.
        request: String,
        /// What to say.
        #[arg(long)]
        text: String,
        /// Nothing more is awaited of the person.
        #[arg(long)]
        close: bool,
    },
}

const MOST: u64 = 1000;

pub async fn run(args: &SupportArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = carry_out(&args.command, &app.services.support).await;
    app.mechanisms.db.close().await;
    Ok(code?)
}

async fn carry_out(command: &SupportCommand, support: &Support) -> Result<ExitCode, Fault> {
    let refused = |text: &str| {
        streams::err(&format!("kabinet: {text}\n"));
        Ok(ExitCode::FAILURE)
    };
    match command {
        SupportCommand::List => {
            print(&support.list_open(MOST).await?);
            Ok(ExitCode::SUCCESS)
        }
        SupportCommand::Show { request } => {
            let Some(id) = type_id::decode::<SupportRequestId>(request) else {
                return refused("this is no id of a request");
            };
            for message in support.list_messages(&[id]).await? {
                let who = if message.by_support { "support" } else { "person" };
                let at = message.sent_at.to_rfc3339_opts(SecondsFormat::Secs, true);
                streams::out(&format!("{} {who} {at}\n{}\n\n", message.position, message.text));
            }
            Ok(ExitCode::SUCCESS)
        }
        SupportCommand::Answer { request, text, close } => {
            let Some(id) = type_id::decode::<SupportRequestId>(request) else {
                return refused("this is no id of a request");
            };
            match support.answer(id, text, *close).await {
                Ok(request) => {
                    print(&[request]);
                    Ok(ExitCode::SUCCESS)
                }
                Err(Failure::Refused(SupportRefusal::TextMalformed)) => refused("an answer says something"),
                Err(Failure::Refused(_)) => refused("there is no such request"),
                Err(Failure::Fault(fault)) => Err(fault),
            }
        }
    }
}

fn print(requests: &[support_request::Model]) {
    streams::out("id,topic,state,opened_at,moved_at\n");
    for request in requests {
        let at = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (id, topic, state) = (type_id::encode(request.id), request.topic.word(), request.state.word());
        streams::out(&format!("{id},{topic},{state},{},{}\n", at(request.opened_at), at(request.moved_at)));
    }
}
