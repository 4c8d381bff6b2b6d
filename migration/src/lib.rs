//! Steps of the database schema, one a file, the same tree for SQLite and PostgreSQL.

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait, async_trait};

mod m0001_platform;
mod m0002_identity;
mod m0003_accounts;
mod m0004_services;
mod m0005_metering;
mod m0006_payments;
mod m0007_billing;
mod m0008_import;
mod m0009_export_time;
mod m0010_credentials;
mod m0011_two_factor;
mod m0012_email_changes;
mod m0013_audit;
mod m0016_reading_chain;
mod m0020_provider_terms;
mod m0021_replacements;
mod m0022_sharing;
mod m0023_support;
mod m0024_reversals;
mod m0014_rights;
mod m0015_data_exports;
mod m0030_payment_states;
mod m0031_sandbox_bank;
mod m0032_refunds;
mod m0040_access_tokens;
mod m0043_api_clients;
mod m0046_batches;
mod m0044_changes;
mod m0033_ways_to_pay;
mod m0034_promises;
mod m0035_registers;
mod m0036_autopay;
mod m0037_returns;
mod m0038_together;
mod m0041_webhooks;
mod m0042_outbound;
mod m0048_uploads;
mod m0049_withdrawn_statements;
mod m0047_consent;
mod m0050_registration_keys;
mod m0051_refund_commissions;
mod m0052_announced;
mod table;

#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_platform::Step),
            Box::new(m0002_identity::Step),
            Box::new(m0003_accounts::Step),
            Box::new(m0004_services::Step),
            Box::new(m0005_metering::Step),
            Box::new(m0006_payments::Step),
            Box::new(m0007_billing::Step),
            Box::new(m0008_import::Step),
            Box::new(m0009_export_time::Step),
            Box::new(m0010_credentials::Step),
            Box::new(m0011_two_factor::Step),
            Box::new(m0012_email_changes::Step),
            Box::new(m0013_audit::Step),
            Box::new(m0016_reading_chain::Step),
            Box::new(m0014_rights::Step),
            Box::new(m0015_data_exports::Step),
            Box::new(m0020_provider_terms::Step),
            Box::new(m0030_payment_states::Step),
            Box::new(m0031_sandbox_bank::Step),
            Box::new(m0032_refunds::Step),
            Box::new(m0021_replacements::Step),
            Box::new(m0040_access_tokens::Step),
            Box::new(m0033_ways_to_pay::Step),
            Box::new(m0034_promises::Step),
            Box::new(m0035_registers::Step),
            Box::new(m0036_autopay::Step),
            Box::new(m0022_sharing::Step),
            Box::new(m0023_support::Step),
            Box::new(m0024_reversals::Step),
            Box::new(m0043_api_clients::Step),
            Box::new(m0041_webhooks::Step),
            Box::new(m0046_batches::Step),
            Box::new(m0037_returns::Step),
            Box::new(m0038_together::Step),
            Box::new(m0047_consent::Step),
            Box::new(m0042_outbound::Step),
            Box::new(m0048_uploads::Step),
            Box::new(m0044_changes::Step),
            Box::new(m0049_withdrawn_statements::Step),
            Box::new(m0050_registration_keys::Step),
            Box::new(m0051_refund_commissions::Step),
            Box::new(m0052_announced::Step),
        ]
    }
}
