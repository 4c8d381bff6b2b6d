//! Short words for what every step repeats.

use sea_orm_migration::prelude::{
    ColumnDef, DbErr, ForeignKey, Index, IndexCreateStatement, SchemaManager, Table, TableCreateStatement,
};
use sea_orm_migration::schema::uuid;

pub fn table<const N: usize>(name: &'static str, columns: [ColumnDef; N]) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    for column in columns {
        table.col(column);
    }
    table
}

/// The primary key of nearly every table.
pub fn id() -> ColumnDef {
    let mut id = uuid("id");
    id.primary_key();
    id
}

pub trait References {
    fn references(self, column: &'static str, table: &'static str) -> Self;
}

impl References for TableCreateStatement {
    fn references(mut self, column: &'static str, table: &'static str) -> Self {
        self.foreign_key(ForeignKey::create().from_col(column).to_tbl(table).to_col("id"));
        self
    }
}

pub fn unique<const N: usize>(
    name: &'static str,
    table: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    let mut index = index(name, table, columns);
    index.unique();
    index
}

pub fn index<const N: usize>(
    name: &'static str,
    table: &'static str,
    columns: [&'static str; N],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(column);
    }
    index
}

pub async fn create<const T: usize, const I: usize>(
    manager: &SchemaManager<'_>,
    tables: [TableCreateStatement; T],
    indexes: [IndexCreateStatement; I],
) -> Result<(), DbErr> {
    for table in tables {
        manager.create_table(table).await?;
    }
    for index in indexes {
        manager.create_index(index).await?;
    }
    Ok(())
}

/// Drops in the order given: the referring table first.
pub async fn drop<const T: usize>(manager: &SchemaManager<'_>, tables: [&'static str; T]) -> Result<(), DbErr> {
    for table in tables {
        manager.drop_table(Table::drop().table(table).to_owned()).await?;
    }
    Ok(())
}
