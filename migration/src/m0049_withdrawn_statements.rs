//! Statements that a provider took back, and what each was brought by.

use sea_orm_migration::prelude::{
    ConnectionTrait, DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{timestamp_with_time_zone_null, uuid_null};
use sea_orm_migration::sea_orm::Statement;

use crate::table::{index, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

const STATEMENTS: &str = "statements";

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [uuid_null("brought_by"), timestamp_with_time_zone_null("withdrawn_at"), uuid_null("issue_of")] {
            manager.alter_table(Table::alter().table(STATEMENTS).add_column(column).to_owned()).await?;
        }
        let undoes = Table::alter().table("uploads").add_column(uuid_null("undoes")).to_owned();
        manager.alter_table(undoes).await?;
        manager.drop_index(Index::drop().name("statements_period").table(STATEMENTS).to_owned()).await?;
        manager.create_index(index("statements_brought", STATEMENTS, ["brought_by", "id"])).await?;
        for sql in [
            "CREATE UNIQUE INDEX statements_period ON statements (personal_account_id, period) \
             WHERE withdrawn_at IS NULL",
            "CREATE INDEX statements_issues ON statements (issue_of) WHERE issue_of IS NOT NULL",
        ] {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        let withdrawn = "SELECT id FROM statements WHERE withdrawn_at IS NOT NULL AND issue_of IS NULL LIMIT 1";
        if connection.query_one_raw(Statement::from_string(backend, withdrawn)).await?.is_some() {
            let reason = "statements were withdrawn, and would be shown again: this step is not taken back";
            return Err(DbErr::Custom(reason.to_owned()));
        }
        // Nothing refers to an earlier issue.
        for sql in [
            "DELETE FROM statement_lines WHERE statement_id IN (SELECT id FROM statements WHERE issue_of IS NOT NULL)",
            "DELETE FROM statements WHERE issue_of IS NOT NULL",
        ] {
            connection.execute_unprepared(sql).await?;
        }
        for name in ["statements_period", "statements_brought", "statements_issues"] {
            manager.drop_index(Index::drop().name(name).table(STATEMENTS).to_owned()).await?;
        }
        let restored = unique("statements_period", STATEMENTS, ["personal_account_id", "period"]);
        manager.create_index(restored).await?;
        manager.alter_table(Table::alter().table("uploads").drop_column("undoes").to_owned()).await?;
        for column in ["issue_of", "withdrawn_at", "brought_by"] {
            manager.alter_table(Table::alter().table(STATEMENTS).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
