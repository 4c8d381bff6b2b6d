//! `kabinet refunds`: money given back, by an operator.

use std::process::ExitCode;

use chrono::SecondsFormat;
use entity::exact::Money;
use entity::ids::PaymentId;
use entity::refund;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::kernel::{Failure, Fault, type_id};
use crate::payments::Payments;
use crate::payments::refund::{RefundRefusal, RefundWish};

use super::streams;

#[derive(Debug, clap::Args)]
pub struct RefundsArgs {
    #[command(subcommand)]
    command: RefundsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum RefundsCommand {
    /// Give back a payment, in whole or in part.
    Make {
        /// The payment's id, as clients see it.
        payment: String,
        /// Roubles, such as 100.50; without it all that is left.
        #[arg(long)]
        amount: Option<String>,
        /// Why, for the payer and the bank.
        #[arg(long)]
        reason: String,
        /// Who decides it.
        #[arg(long)]
        by: String,
        /// Made again with the same key, it is the same refund. Without one, the same sum for the same reason by the same
        /// operator is the same refund.
        #[arg(long)]
        key: Option<String>,
    },
    /// Print the refunds of a payment as CSV.
    List {
        /// The payment's id, as clients see it.
        payment: String,
    },
}

pub async fn run(args: &RefundsArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = carry_out(&args.command, &app.services.payments).await;
    app.mechanisms.db.close().await;
    Ok(code?)
}

async fn carry_out(command: &RefundsCommand, payments: &Payments) -> Result<ExitCode, Fault> {
    let refused = |text: &str| {
        streams::err(&format!("kabinet: {text}\n"));
        Ok(ExitCode::FAILURE)
    };
    match command {
        RefundsCommand::List { payment } => {
            let Some(id) = type_id::decode::<PaymentId>(payment) else { return refused("this is no id of a payment") };
            let refunds = payments.list_refunds(&[id]).await?;
            print(&refunds);
            Ok(ExitCode::SUCCESS)
        }
        RefundsCommand::Make { payment, amount, reason, by, key } => {
            let Some(id) = type_id::decode::<PaymentId>(payment) else { return refused("this is no id of a payment") };
            let amount: Option<Money> = match amount.as_deref().map(str::parse).transpose() {
                Ok(amount) => amount,
                Err(_) => return refused("the amount is none: write roubles, such as 100.50"),
            };
            let asked = amount.map_or_else(|| "all".to_owned(), |amount| amount.to_string());
            let key = key.clone().unwrap_or_else(|| format!("{asked}|{by}|{reason}"));
            match payments.refund(id, RefundWish { amount, reason, by, key: &key }).await {
                Ok((refund, replayed)) => {
                    print(&[refund]);
                    if replayed {
                        streams::err(
                            "kabinet: this refund was made before; another one like it needs a --key of its own\n",
                        );
                    }
                    Ok(ExitCode::SUCCESS)
                }
                Err(Failure::Refused(RefundRefusal::NotPaid)) => refused("there is no such payment, or it is not paid"),
                Err(Failure::Refused(RefundRefusal::AmountMalformed)) => refused("the amount must be above zero"),
                Err(Failure::Refused(RefundRefusal::TooMuch { most })) => {
                    refused(&format!("at most {most} roubles are left of it"))
                }
                Err(Failure::Refused(RefundRefusal::KeyReused)) => {
                    refused("a refund of another sum was made with that key")
                }
                Err(Failure::Fault(fault)) => Err(fault),
            }
        }
    }
}

fn print(refunds: &[refund::Model]) {
    streams::out("id,created_at,amount,commission,status,requested_by,reason,failure\n");
    for refund in refunds {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        streams::out(&format!(
            "{},{},{},{},{},{},{},{}\n",
            refund.id.0,
            refund.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            refund.amount,
            refund.commission,
            refund.status.word(),
            quoted(&refund.requested_by),
            quoted(&refund.reason),
            refund.failure.as_deref().unwrap_or_default(),
        ));
    }
}
