//! Many rows in few statements.
//!
//! Statements come in a handful of lengths, so that the drivers' caches of prepared statements hit and stay small: a thousand
//! rows are one statement of some hundred kilobytes.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoIden, Query, TableRef, ValueTuple};
use sea_orm::{
    ConnectionTrait, EntityName, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn,
};

use super::Tx;
use crate::kernel::Fault;

/// Rows of the longest statement: with up to 32 columns within the 32,766 parameters of SQLite.
pub const ROWS: usize = 1000;

const LENGTHS: [usize; 4] = [ROWS, 100, 10, 1];

/// Cut into pieces of the lengths above, longest first.
fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = LENGTHS.into_iter().find(|length| *length <= rows.len())?;
        let (piece, rest) = rows.split_at_checked(length)?;
        rows = rest;
        Some(piece)
    })
}

/// `values` for an `IN` list, repeated to the next length: the answer stays the same and so does the statement.
pub fn list<T: Clone>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    let length = LENGTHS.into_iter().rev().find(|length| *length >= values.len()).unwrap_or(values.len());
    if let Some(last) = values.last().cloned() {
        values.resize(length, last);
    }
    values
}

pub async fn insert_all<E>(tx: &Tx, rows: &[E::Model]) -> Result<(), Fault>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel> + Clone,
{
    for piece in pieces(rows) {
        let piece = piece.iter().map(|row| row.clone().into_active_model());
        E::insert_many(piece).exec_without_returning(&**tx).await?;
    }
    Ok(())
}

/// Writes `columns` of rows that are there already. The table has one key column.
pub async fn update_all<E>(tx: &Tx, columns: &[E::Column], rows: &[E::Model]) -> Result<(), Fault>
where
    E: EntityTrait + EntityName,
    E::Model: ModelTrait<Entity = E>,
{
    let Some(key) = E::PrimaryKey::iter().next().map(PrimaryKeyToColumn::into_column) else {
        return Err(Fault::internal("a table without a key"));
    };
    let (table, new) = (E::default(), Alias::new("new").into_iden());
    // Both engines name the columns of VALUES column1, column2 …
    let nth = |at: usize| Expr::col((Alias::new("new"), Alias::new(format!("column{at}"))));
    for piece in pieces(rows) {
        let values = piece.iter().map(|row| {
            let cells = std::iter::once(key).chain(columns.iter().copied()).map(|column| row.get(column));
            ValueTuple::Many(cells.collect())
        });
        let mut update = Query::update();
        update
            .table(table.table_ref())
            .values(columns.iter().zip(2..).map(|(column, at)| (Alias::new(column.as_str()), nth(at))))
            .from(TableRef::ValuesList(values.collect(), new.clone()))
            .and_where(Expr::col((table.into_iden(), Alias::new(key.as_str()))).eq(nth(1)));
        tx.execute(&update).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_few_lengths() {
        let rows = vec![0_u8; 2213];
        let lengths: Vec<_> = pieces(&rows).map(<[u8]>::len).collect();
        assert_eq!(lengths, [1000, 1000, 100, 100, 10, 1, 1, 1]);
    }

    #[test]
    fn a_list_is_filled_up_with_what_it_has() {
        assert_eq!(list([1, 2, 3]), [1, 2, 3, 3, 3, 3, 3, 3, 3, 3]);
        assert_eq!(list(0..1000).len(), 1000);
        assert_eq!(list::<u8>([]), [0; 0]);
    }
}
