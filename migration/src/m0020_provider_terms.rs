//! What differs between providers gets dates: from the provider's row to rows of their own. What was stored holds from the
//! beginning.

use sea_orm_migration::prelude::{
    ColumnDef, ConnectionTrait, DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{
    big_integer_null, boolean, date, integer_null, small_integer, small_integer_null, text, text_null, uuid,
};

use crate::table::{References, create, drop, table};

#[derive(DeriveMigrationName)]
pub struct Step;

/// The columns that had no dates.
const MOVED: [&str; 16] = [
    "account_number_pattern",
    "account_number_sample",
    "account_number_hint_ru",
    "account_number_hint_en",
    "access_proofs",
    "reading_window_first_day",
    "reading_window_last_day",
    "usual_monthly_maximum",
    "support_email",
    "time_zone_minutes",
    "inn",
    "kpp",
    "bank_name",
    "bic",
    "bank_account",
    "correspondent_account",
];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut terms = table(
            "provider_terms",
            [
                uuid("provider_id"),
                date("valid_from"),
                text("account_number_pattern"),
                text("account_number_sample"),
                text("account_number_hint_ru"),
                text("account_number_hint_en"),
                text("account_number_name_ru"),
                text("account_number_name_en"),
                text("access_proofs"),
                small_integer_null("reading_window_first_day"),
                small_integer_null("reading_window_last_day"),
            ],
        )
        .references("provider_id", "providers");
        // The columns in two halves: one array of all would be too large for the stack.
        for column in rules() {
            terms.col(column);
        }
        for column in payee() {
            terms.col(column);
        }
        terms.primary_key(Index::create().col("provider_id").col("valid_from"));
        create(manager, [terms], []).await?;
        let moved = MOVED.join(", ");
        let copy = format!(
            "INSERT INTO provider_terms (provider_id, valid_from, account_number_name_ru, account_number_name_en, \
             late_readings, zero_consumption, rollover_allowed, expired_verification, due_day, languages, {moved}) \
             SELECT id, '2000-01-01', 'Лицевой счёт', 'Personal account', 'NEXT_BILL', 'TAKEN', TRUE, 'NOT_COUNTED', \
             15, 'RU,EN', {moved} FROM providers"
        );
        manager.get_connection().execute_unprepared(&copy).await?;
        // One at a time: SQLite alters one thing a statement.
        for column in MOVED {
            manager.alter_table(Table::alter().table("providers").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }

    /// What holds last is what held always.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in back() {
            manager.alter_table(Table::alter().table("providers").add_column(column).to_owned()).await?;
        }
        for column in MOVED {
            let newest = format!(
                "UPDATE providers SET {column} = coalesce((SELECT terms.{column} FROM provider_terms AS terms \
                 WHERE terms.provider_id = providers.id ORDER BY terms.valid_from DESC LIMIT 1), {column})"
            );
            manager.get_connection().execute_unprepared(&newest).await?;
        }
        drop(manager, ["provider_terms"]).await
    }
}

/// The columns as they were, with values for rows that stand.
fn back() -> Vec<ColumnDef> {
    let default_text = |name: &'static str| {
        let mut column = text(name);
        column.default("");
        column
    };
    let mut zone = small_integer("time_zone_minutes");
    zone.default(0);
    let required = [
        "account_number_pattern",
        "account_number_sample",
        "account_number_hint_ru",
        "account_number_hint_en",
        "access_proofs",
    ];
    let optional = ["support_email", "inn", "kpp", "bank_name", "bic", "bank_account", "correspondent_account"];
    let days = ["reading_window_first_day", "reading_window_last_day"];
    let texts = required.into_iter().map(default_text).chain(optional.into_iter().map(text_null));
    let numbers = days.into_iter().map(small_integer_null).chain([big_integer_null("usual_monthly_maximum"), zone]);
    texts.chain(numbers).collect()
}

fn rules() -> [ColumnDef; 11] {
    [
        text("late_readings"),
        big_integer_null("usual_monthly_maximum"),
        text("zero_consumption"),
        boolean("rollover_allowed"),
        small_integer_null("most_fraction_digits"),
        text("expired_verification"),
        small_integer("due_day"),
        integer_null("key_rate"),
        text_null("penalty_steps"),
        text_null("support_email"),
        small_integer("time_zone_minutes"),
    ]
}

fn payee() -> [ColumnDef; 8] {
    [
        text("languages"),
        text_null("payee_name"),
        text_null("inn"),
        text_null("kpp"),
        text_null("bank_name"),
        text_null("bic"),
        text_null("bank_account"),
        text_null("correspondent_account"),
    ]
}
