//! What autopays have announced, refunds that are asked for by a key, and what providers have yet to get or to post.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{big_integer, integer_null, text_null, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub struct Step;

/// An autopay that is there already acts on what comes after its consent, as before.
const KNOWN_AT_CONSENT: &str = "UPDATE autopays SET after_period = (SELECT MAX(period) FROM statements \
    WHERE statements.personal_account_id = autopays.personal_account_id AND withdrawn_at IS NULL \
    AND issued_at < autopays.consented_at)";
/// Their letters went out before there was a note of it. One that still waits in the outbox goes out all the same.
const TOLD: &str = "UPDATE autopay_runs SET told_at = announced_at";
const INDEXES: [&str; 3] = [
    "CREATE UNIQUE INDEX refunds_of_key ON refunds (payment_id, request_key)",
    "CREATE INDEX payments_not_posted ON payments (personal_account_id) WHERE posted_at IS NULL",
    "CREATE INDEX meter_readings_submitted ON meter_readings (id) WHERE status = 'SUBMITTED'",
];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut commission = big_integer("commission");
        commission.default(0);
        let columns = [
            ("autopays", integer_null("after_period")),
            ("autopay_runs", commission),
            ("autopay_runs", timestamp_with_time_zone_null("told_at")),
            ("refunds", text_null("request_key")),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        for sql in [KNOWN_AT_CONSENT, TOLD].into_iter().chain(INDEXES) {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in ["refunds_of_key", "payments_not_posted", "meter_readings_submitted"] {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX {index}")).await?;
        }
        let columns = [
            ("autopays", "after_period"),
            ("autopay_runs", "commission"),
            ("autopay_runs", "told_at"),
            ("refunds", "request_key"),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
