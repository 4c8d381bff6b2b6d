//! Meters and their readings.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, date, date_null, small_integer, text, text_null, timestamp_with_time_zone, uuid,
    uuid_null,
};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let meters = table(
            "meters",
            [
                id(),
                uuid("personal_account_id"),
                text("service_code"),
                text("name"),
                text("serial_number"),
                text_null("model"),
                text("unit"),
                text("registers"),
                small_integer("integer_digits"),
                small_integer("fraction_digits"),
                big_integer("coefficient"),
                date_null("installed_on"),
                date_null("verification_due_on"),
                date_null("removed_on"),
                uuid_null("last_reading_id"),
            ],
        )
        .references("personal_account_id", "personal_accounts");
        let readings = table(
            "meter_readings",
            [
                id(),
                uuid("meter_id"),
                uuid("personal_account_id"),
                date("taken_on"),
                timestamp_with_time_zone("submitted_at"),
                text("source"),
                text("status"),
                uuid_null("submitted_by"),
                uuid_null("payment_id"),
                big_integer_null("value_single"),
                big_integer_null("value_day"),
                big_integer_null("value_night"),
                big_integer_null("value_peak"),
                big_integer_null("consumption"),
                text("warnings"),
            ],
        )
        .references("meter_id", "meters")
        .references("personal_account_id", "personal_accounts");
        create(
            manager,
            [meters, readings],
            [
                unique("meters_serial", "meters", ["personal_account_id", "serial_number"]),
                index("meter_readings_day", "meter_readings", ["meter_id", "taken_on", "id"]),
                index("meter_readings_payment", "meter_readings", ["payment_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["meter_readings", "meters"]).await
    }
}
