//! What batches and files brought.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::ids::{ImportBatchId, ImportFileId, PersonalAccountId, ProviderId, StatementId};
use entity::{import_batch, import_file, personal_account, statement};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Brought;
use crate::integrators::register::Kind;
use crate::kernel::Fault;
use crate::platform::db::{Tx, bulk};

pub async fn find_batch(
    db: &DatabaseConnection,
    provider: ProviderId,
    id: ImportBatchId,
) -> Result<Option<import_batch::Model>, Fault> {
    let own = import_batch::Column::ProviderId.eq(provider);
    Ok(import_batch::Entity::find_by_id(id).filter(own).one(db).await?)
}

pub async fn find_file(db: &DatabaseConnection, id: ImportFileId) -> Result<Option<import_file::Model>, Fault> {
    Ok(import_file::Entity::find_by_id(id).one(db).await?)
}

/// Files of statements under these names, begun within a time.
pub async fn find_loaded(
    db: &DatabaseConnection,
    provider: &str,
    names: &[&str],
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<import_file::Model>, Fault> {
    use import_file::Column as C;
    let query = import_file::Entity::find()
        .filter(C::ProviderCode.eq(provider))
        .filter(C::Kind.eq(Kind::Statements.word()))
        .filter(C::Name.is_in(names.iter().copied()))
        .filter(C::StartedAt.between(from, to));
    Ok(query.all(db).await?)
}

/// The one begun last first.
pub async fn list_files(db: &DatabaseConnection, most: u64) -> Result<Vec<import_file::Model>, Fault> {
    let query = import_file::Entity::find().order_by_desc(import_file::Column::StartedAt);
    Ok(query.order_by_desc(import_file::Column::Id).limit(most).all(db).await?)
}

/// The file counts as not loaded: it can be loaded again.
pub async fn unload_in(tx: &Tx, id: ImportFileId) -> Result<(), Fault> {
    let unloaded = import_file::ActiveModel { rows_done: Set(0), finished_at: Set(None), ..Default::default() };
    import_file::Entity::update_many().set(unloaded).filter(import_file::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

/// Statements of a source, those that stand no more among them, by id; their accounts, locked; and the last that was found
/// before the lock, behind which the next are looked for.
#[derive(Default)]
pub struct Locked {
    pub statements: Vec<statement::Model>,
    pub accounts: HashMap<PersonalAccountId, personal_account::Model>,
    pub last: Option<StatementId>,
}

pub async fn lock_brought_in(
    tx: &Tx,
    provider: ProviderId,
    Brought { source, after, most, .. }: Brought<'_>,
) -> Result<Locked, Fault> {
    use statement::Column as S;
    let of_provider = Query::select()
        .column(personal_account::Column::Id)
        .from(personal_account::Entity)
        .and_where(personal_account::Column::ProviderId.eq(provider))
        .and_where(
            Expr::col((personal_account::Entity, personal_account::Column::Id))
                .equals((statement::Entity, S::PersonalAccountId)),
        )
        .to_owned();
    let mut query = statement::Entity::find()
        .select_only()
        .columns([S::Id, S::PersonalAccountId])
        .filter(S::BroughtBy.eq(source))
        .filter(Expr::exists(of_provider))
        .order_by_asc(S::Id)
        .limit(most);
    if let Some(after) = after {
        query = query.filter(S::Id.gt(after));
    }
    let found: Vec<(StatementId, PersonalAccountId)> = query.into_tuple().all(&**tx).await?;
    let Some(last) = found.last().map(|(id, _)| *id) else { return Ok(Locked::default()) };
    let (ids, accounts): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    // In the order of their ids, as imports lock them.
    let locked = personal_account::Entity::find()
        .filter(personal_account::Column::Id.is_in(bulk::list(accounts)))
        .order_by_asc(personal_account::Column::Id)
        .lock_exclusive();
    let accounts = locked.all(&**tx).await?.into_iter().map(|account| (account.id, account)).collect();
    // As they are under the lock: another may have taken one back meanwhile, or a later issue its place.
    let statements = statement::Entity::find()
        .filter(S::Id.is_in(bulk::list(ids)))
        .filter(S::BroughtBy.eq(source))
        .order_by_asc(S::Id);
    Ok(Locked { statements: statements.all(&**tx).await?, accounts, last: Some(last) })
}

/// The latest of the earlier issues that are kept of statements.
pub async fn find_earlier_in(
    tx: &Tx,
    statements: &[StatementId],
) -> Result<HashMap<StatementId, statement::Model>, Fault> {
    let kept = statement::Entity::find()
        .filter(statement::Column::IssueOf.is_in(bulk::list(statements.iter().copied())))
        .order_by_asc(statement::Column::IssuedAt)
        .order_by_asc(statement::Column::Id);
    let kept = kept.all(&**tx).await?.into_iter();
    Ok(kept.filter_map(|earlier| Some((earlier.issue_of?, earlier))).collect())
}
