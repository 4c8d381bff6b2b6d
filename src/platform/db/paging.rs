//! Pages by key.

use sea_orm::sea_query::IntoValueTuple;
use sea_orm::{Cursor, DatabaseConnection, DbErr, SelectorTrait};

use crate::kernel::{Direction, Page};

/// Reads one row more than the page holds, in the list's order: what [`crate::kernel::Slice::of`] takes.
pub async fn read_page<S, K>(
    mut cursor: Cursor<S>,
    page: &Page<K>,
    db: &DatabaseConnection,
) -> Result<Vec<S::Item>, DbErr>
where
    S: SelectorTrait + Send + Sync,
    S::Item: Send,
    K: IntoValueTuple + Clone,
{
    let most = page.size as u64 + 1;
    match page.direction {
        Direction::Forward => {
            page.from.clone().map(|key| cursor.after(key));
            cursor.first(most);
        }
        Direction::Backward => {
            page.from.clone().map(|key| cursor.before(key));
            cursor.last(most);
        }
    }
    cursor.all(db).await
}
