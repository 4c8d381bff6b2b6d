//! `kabinet payment-terms`: how providers are paid.

use std::process::ExitCode;

use entity::enums::ReceiptMode;
use entity::exact::Money;
use entity::payment_terms;

use crate::app::{App, Outside};
use crate::config::Config;
use crate::kernel::Fault;
use crate::payments::terms::usual;

use super::streams;

#[derive(Debug, clap::Args)]
pub struct PaymentTermsArgs {
    #[command(subcommand)]
    command: PaymentTermsCommand,
}

#[derive(Debug, clap::Subcommand)]
enum PaymentTermsCommand {
    /// Print the terms of a provider.
    Show {
        /// The provider's code, as its registers have it.
        provider: String,
    },
    /// Say how a provider is paid; what is left out is without receipt, commission, recipient and register.
    Set(SetArgs),
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The provider's code, as its registers have it.
    provider: String,
    /// Who makes the receipt of 54-FZ: "none" (of ours), or "with-payment" (the acquirer).
    #[arg(long, default_value = "none")]
    receipt: String,
    /// VAT in it, as YooKassa numbers the rates; 1 is without.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i16).range(1..=12))]
    vat: i16,
    /// System of taxation, for shops that have several.
    #[arg(long, value_parser = clap::value_parser!(i16).range(1..=6))]
    tax_system: Option<i16>,
    /// Hundredths of a percent that the payer pays on top.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i16).range(0..=3000))]
    commission: i16,
    /// But no less than so many roubles.
    #[arg(long, default_value = "0.00")]
    commission_least: String,
    /// The acquirer's shop is one for utilities: it is told whose money it is.
    #[arg(long)]
    utilities: bool,
    /// Template of the registers by which the provider is told of payments; docs/payments.md has them.
    #[arg(long)]
    register: Option<String>,
}

pub async fn run(args: &PaymentTermsArgs, config: Config) -> anyhow::Result<ExitCode> {
    let app = App::open(config, Outside::real()).await?;
    let code = carry_out(&args.command, &app).await;
    app.mechanisms.db.close().await;
    Ok(code?)
}

async fn carry_out(command: &PaymentTermsCommand, app: &App) -> Result<ExitCode, Fault> {
    let refused = |text: &str| {
        streams::err(&format!("kabinet: {text}\n"));
        Ok(ExitCode::FAILURE)
    };
    let code = match command {
        PaymentTermsCommand::Show { provider } => provider,
        PaymentTermsCommand::Set(set) => &set.provider,
    };
    let Some(id) = app.services.accounts.provider_id(code).await? else { return refused("there is no such provider") };
    let payments = &app.services.payments;
    if let PaymentTermsCommand::Set(set) = command {
        let receipt = match set.receipt.as_str() {
            "none" => ReceiptMode::None,
            "with-payment" => ReceiptMode::WithPayment,
            _ => return refused("--receipt is \"none\" or \"with-payment\""),
        };
        let Ok(least) = set.commission_least.parse::<Money>() else {
            return refused("--commission-least is a sum in roubles such as 30.00");
        };
        if set.utilities && (set.commission > 0 || least > Money::ZERO) {
            return refused(
                "--utilities sends the provider all that is paid: a commission on top would be the provider's too",
            );
        }
        let terms = payment_terms::Model {
            receipt,
            vat_code: set.vat,
            tax_system: set.tax_system,
            commission_rate: set.commission,
            commission_least: least,
            utilities: set.utilities,
            register_template: set.register.clone(),
            ..usual(id)
        };
        payments.set_terms(terms).await?;
    }
    let terms = payments.terms_of(id).await?;
    streams::out("receipt,vat,tax_system,commission,commission_least,utilities,register\n");
    streams::out(&format!(
        "{},{},{},{},{},{},{}\n",
        terms.receipt.word(),
        terms.vat_code,
        terms.tax_system.map(|system| system.to_string()).unwrap_or_default(),
        terms.commission_rate,
        terms.commission_least,
        terms.utilities,
        terms.register_template.unwrap_or_default(),
    ));
    Ok(ExitCode::SUCCESS)
}
