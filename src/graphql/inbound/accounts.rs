//! Personal accounts and what is supplied under them.

use async_graphql::{Context, InputObject, Object};

use super::row::{Read, cell, day, optional, optional_number, whole};
use super::{batch_payload, shown};
use crate::graphql::context::Find;
use crate::graphql::enums::Unit;
use crate::graphql::error::TopError;
use crate::graphql::scalars::{Date, Decimal};
use crate::integrators::batch::Batch;
use crate::integrators::register::rows::{AccountRow, ServiceRow};

/// A personal account, by its number.
#[derive(Clone, Debug, InputObject)]
pub struct PersonalAccountInput {
    /// As printed, leading zeros kept; must fit the provider's pattern. The key.
    pub number: String,
    /// Whose it is.
    pub holder_name: Option<String>,
    /// Where it is.
    pub address: Option<String>,
    /// As printed on the paper receipt.
    pub pin: Option<String>,
    /// Whether a cabinet may attach it.
    pub attachable: bool,
    /// How many live there, 0 to 32767.
    pub residents: Option<i32>,
    /// Square metres, at most 4 digits after the point.
    pub heated_area: Option<Decimal>,
}

/// Up to 1,000 personal accounts.
#[derive(Clone, Debug, InputObject)]
pub struct ImportPersonalAccountsInput {
    /// The sender's own, 1 to 255 bytes: the same for the same rows, another for others. Kept for 7 days.
    pub batch_key: String,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// 1 to 1,000; each number once.
    pub accounts: Vec<PersonalAccountInput>,
}

/// A service that is supplied under an account.
#[derive(Clone, Debug, InputObject)]
pub struct AccountServiceInput {
    /// Number of the personal account. The key, with `code`.
    pub account: String,
    /// The provider's own; with `tariffGroup` it leads to the tariff.
    pub code: String,
    /// As receipts call it.
    pub name: String,
    /// What is counted.
    pub unit: Unit,
    /// Direction of use.
    pub tariff_group: String,
    /// Of the contract of supply.
    pub contract_number: Option<String>,
    /// Units a person and month without a meter, at most 4 digits after the point.
    pub norm: Option<Decimal>,
    /// The first day.
    pub starts_on: Date,
    /// The last day.
    pub ends_on: Option<Date>,
}

/// Up to 1,000 services.
#[derive(Clone, Debug, InputObject)]
pub struct ImportServicesInput {
    /// The sender's own, 1 to 255 bytes: the same for the same rows, another for others. Kept for 7 days.
    pub batch_key: String,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// 1 to 1,000; each service of an account once.
    pub services: Vec<AccountServiceInput>,
}

batch_payload! {
    /// What became of the accounts.
    ImportPersonalAccountsPayload
    /// What became of the services.
    ImportServicesPayload
}

#[derive(Default)]
pub struct AccountImportMutation;

#[Object]
impl AccountImportMutation {
    /// Adds personal accounts of the program's provider, or changes them. Scope IMPORT.
    async fn import_personal_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The accounts.")] input: ImportPersonalAccountsInput,
    ) -> Result<ImportPersonalAccountsPayload, TopError> {
        let provider = ctx.client()?.provider_id;
        let rows = input.accounts.iter().map(account).collect();
        let batch = Batch { key: input.batch_key, dry_run: input.dry_run, rows };
        let outcome = ctx.services()?.batches.import_accounts(provider, batch).await;
        Ok(shown(outcome, "accounts", ctx.actor()?.locale)?.into())
    }

    /// Adds services of personal accounts of the program's provider, or changes them. Scope IMPORT.
    async fn import_services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The services.")] input: ImportServicesInput,
    ) -> Result<ImportServicesPayload, TopError> {
        let provider = ctx.client()?.provider_id;
        let rows = input.services.iter().map(service).collect();
        let batch = Batch { key: input.batch_key, dry_run: input.dry_run, rows };
        let outcome = ctx.services()?.batches.import_services(provider, batch).await;
        Ok(shown(outcome, "services", ctx.actor()?.locale)?.into())
    }
}

fn account(input: &PersonalAccountInput) -> Read<AccountRow> {
    Ok(AccountRow {
        number: cell("number", &input.number)?,
        holder_name: optional("holder_name", input.holder_name.as_ref())?,
        address: optional("address", input.address.as_ref())?,
        pin: optional("pin", input.pin.as_ref())?,
        attachable: input.attachable,
        residents: input.residents.map(|residents| whole("residents", residents)).transpose()?,
        heated_area: optional_number("heated_area", input.heated_area.as_ref())?,
    })
}

fn service(input: &AccountServiceInput) -> Read<ServiceRow> {
    Ok(ServiceRow {
        account: cell("account", &input.account)?,
        code: cell("code", &input.code)?,
        name: cell("name", &input.name)?,
        unit: input.unit.into(),
        tariff_group: cell("tariff_group", &input.tariff_group)?,
        contract_number: optional("contract_number", input.contract_number.as_ref())?,
        norm: optional_number("norm", input.norm.as_ref())?,
        starts_on: input.starts_on.0,
        ends_on: day(input.ends_on),
    })
}
