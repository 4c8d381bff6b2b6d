//! The tables of accounts. `access` decides who may call what.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::{AccessLevel, ReadingStatus};
use entity::exact::{Money, Quantity};
use entity::ids::{AccountShareId, AttachmentId, PersonalAccountId, ProviderId, UserId};
use entity::{
    account_service, account_share, attachment, meter_reading, personal_account, provider, provider_terms,
    service_change, statement, tariff,
};
use sea_orm::sea_query::LikeExpr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::provider::ProviderKey;
use super::service::ChangeKey;
use crate::kernel::{Fault, Page, Since};
use crate::platform::db::{Tx, read_page};

type Attached = (attachment::Model, personal_account::Model);

/// With all their terms, in one statement.
pub async fn find_providers(
    db: &DatabaseConnection,
    ids: &[ProviderId],
) -> Result<Vec<(provider::Model, Vec<provider_terms::Model>)>, Fault> {
    let query = provider::Entity::find().find_with_related(provider_terms::Entity);
    Ok(query.filter(provider::Column::Id.is_in(ids.iter().copied())).all(db).await?)
}

/// By taxpayer number, bank account and name, those that are given; one statement.
pub async fn list_providers_named(
    db: &DatabaseConnection,
    [inn, account, name]: [Option<&str>; 3],
) -> Result<Vec<(provider::Model, Vec<provider_terms::Model>)>, Fault> {
    use provider_terms::Column as C;
    let terms = [(C::Inn, inn), (C::BankAccount, account), (C::PayeeName, name)];
    let any = terms.into_iter().filter_map(|(column, value)| Some(column.eq(value?)));
    let any = any.fold(Condition::any(), Condition::add);
    if any.is_empty() {
        return Ok(Vec::new());
    }
    let by_terms = provider_terms::Entity::find().select_only().column(C::ProviderId).filter(any);
    let mut wanted = Condition::any().add(provider::Column::Id.in_subquery(by_terms.into_query()));
    if let Some(name) = name {
        wanted = wanted.add(provider::Column::Name.eq(name));
    }
    Ok(provider::Entity::find().find_with_related(provider_terms::Entity).filter(wanted).all(db).await?)
}

pub async fn provider_id(db: &DatabaseConnection, code: &str) -> Result<Option<ProviderId>, Fault> {
    let found = provider::Entity::find().filter(provider::Column::Code.eq(code)).one(db).await?;
    Ok(found.map(|provider| provider.id))
}

pub async fn list_terms(db: &DatabaseConnection, ids: &[ProviderId]) -> Result<Vec<provider_terms::Model>, Fault> {
    let of_providers = provider_terms::Column::ProviderId.is_in(ids.iter().copied());
    Ok(provider_terms::Entity::find().filter(of_providers).all(db).await?)
}

pub async fn page_providers(
    db: &DatabaseConnection,
    search: Option<&str>,
    page: &Page<ProviderKey>,
) -> Result<Vec<provider::Model>, Fault> {
    let mut query = provider::Entity::find();
    if let Some(text) = search {
        let literal = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        query = query.filter(provider::Column::SearchName.like(LikeExpr::new(format!("%{literal}%")).escape('\\')));
    }
    let cursor = query.cursor_by((provider::Column::Name, provider::Column::Id));
    Ok(read_page(cursor, page, db).await?)
}

/// Whose attachments, at which moment.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    pub user: UserId,
    pub now: DateTime<Utc>,
    /// No others are there for the app that acts for the person.
    pub only: Option<&'a [PersonalAccountId]>,
}

/// What is shared until a moment is not shown from that moment on.
fn within(reach: Reach<'_>) -> Condition {
    use attachment::Column as C;
    let still = Condition::any().add(C::EndsAt.is_null()).add(C::EndsAt.gt(reach.now));
    let granted = reach.only.map(|only| C::PersonalAccountId.is_in(only.iter().copied()));
    Condition::all().add(C::UserId.eq(reach.user)).add(still).add_option(granted)
}

pub async fn page_attached(
    db: &DatabaseConnection,
    reach: Reach<'_>,
    page: &Page<AttachmentId>,
) -> Result<Vec<Attached>, Fault> {
    let query = attachment::Entity::find().find_also_related(personal_account::Entity).filter(within(reach));
    let rows = read_page(query.cursor_by(attachment::Column::Id), page, db).await?;
    Ok(rows.into_iter().filter_map(|(attachment, account)| Some((attachment, account?))).collect())
}

pub async fn list_attached(
    db: &DatabaseConnection,
    reach: Reach<'_>,
    accounts: &[PersonalAccountId],
) -> Result<Vec<Attached>, Fault> {
    let query = attachment::Entity::find()
        .find_both_related(personal_account::Entity)
        .filter(within(reach))
        .filter(attachment::Column::PersonalAccountId.is_in(accounts.iter().copied()));
    Ok(query.all(db).await?)
}

pub async fn find_attached_number(
    db: &DatabaseConnection,
    reach: Reach<'_>,
    (provider, number): (ProviderId, &str),
) -> Result<Option<Attached>, Fault> {
    let query = attachment::Entity::find()
        .find_both_related(personal_account::Entity)
        .filter(within(reach))
        .filter(personal_account::Column::ProviderId.eq(provider))
        .filter(personal_account::Column::Number.eq(number));
    Ok(query.one(db).await?)
}

pub async fn list_all_attached(db: &DatabaseConnection, reach: Reach<'_>) -> Result<Vec<Attached>, Fault> {
    let query = attachment::Entity::find().find_both_related(personal_account::Entity).filter(within(reach));
    Ok(query.order_by_asc(attachment::Column::Id).all(db).await?)
}

pub async fn list_of_provider(
    db: &DatabaseConnection,
    provider: ProviderId,
    ids: &[PersonalAccountId],
) -> Result<HashSet<PersonalAccountId>, Fault> {
    let query = personal_account::Entity::find()
        .select_only()
        .column(personal_account::Column::Id)
        .filter(personal_account::Column::ProviderId.eq(provider))
        .filter(personal_account::Column::Id.is_in(ids.iter().copied()));
    Ok(query.into_tuple().all(db).await?.into_iter().collect())
}

pub async fn find_attachable(
    db: &DatabaseConnection,
    provider: ProviderId,
    number: &str,
) -> Result<Option<personal_account::Model>, Fault> {
    let query = personal_account::Entity::find()
        .filter(personal_account::Column::ProviderId.eq(provider))
        .filter(personal_account::Column::Number.eq(number))
        .filter(personal_account::Column::Attachable.eq(true));
    Ok(query.one(db).await?)
}

pub async fn numbers_of(
    db: &DatabaseConnection,
    ids: &[PersonalAccountId],
) -> Result<HashMap<PersonalAccountId, String>, Fault> {
    let accounts = personal_account::Entity::find().filter(personal_account::Column::Id.is_in(ids.iter().copied()));
    Ok(accounts.all(db).await?.into_iter().map(|account| (account.id, account.number)).collect())
}

pub async fn find_account(
    db: &DatabaseConnection,
    id: PersonalAccountId,
) -> Result<Option<personal_account::Model>, Fault> {
    Ok(personal_account::Entity::find_by_id(id).one(db).await?)
}

pub async fn find_accounts(
    db: &DatabaseConnection,
    ids: &[PersonalAccountId],
) -> Result<Vec<personal_account::Model>, Fault> {
    let query = personal_account::Entity::find().filter(personal_account::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(db).await?)
}

pub async fn page_of_provider(
    db: &DatabaseConnection,
    provider: ProviderId,
    page: &Page<PersonalAccountId>,
) -> Result<Vec<personal_account::Model>, Fault> {
    let query = personal_account::Entity::find().filter(personal_account::Column::ProviderId.eq(provider));
    Ok(read_page(query.cursor_by(personal_account::Column::Id), page, db).await?)
}

pub async fn lock_account_in(tx: &Tx, id: PersonalAccountId) -> Result<personal_account::Model, DbErr> {
    let account = personal_account::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
    account.ok_or_else(|| DbErr::RecordNotFound("personal account".to_owned()))
}

pub async fn insert_attachment_in(tx: &Tx, row: attachment::Model) -> Result<(), DbErr> {
    attachment::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

/// Who else has FULL access of their own.
pub async fn list_full_in(tx: &Tx, account: PersonalAccountId, but: UserId) -> Result<Vec<UserId>, DbErr> {
    let query = attachment::Entity::find()
        .select_only()
        .column(attachment::Column::UserId)
        .filter(attachment::Column::PersonalAccountId.eq(account))
        .filter(attachment::Column::Access.eq(AccessLevel::Full))
        .filter(attachment::Column::ShareId.is_null())
        .filter(attachment::Column::UserId.ne(but));
    query.into_tuple().all(&**tx).await
}

pub async fn get_attachment_in(tx: &Tx, user: UserId, account: PersonalAccountId) -> Result<attachment::Model, DbErr> {
    let row = attachment::Entity::find().filter(of(user, account)).one(&**tx).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("attachment".to_owned()))
}

pub async fn raise_access_in(
    tx: &Tx,
    user: UserId,
    account: PersonalAccountId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    // Who proves it needs nobody's leave.
    let raised = attachment::ActiveModel {
        access: Set(AccessLevel::Full),
        proved_at: Set(Some(now)),
        share_id: Set(None),
        may_pay: Set(true),
        ends_at: Set(None),
        ..Default::default()
    };
    attachment::Entity::update_many().set(raised).filter(of(user, account)).exec(&**tx).await.map(|_| ())
}

/// Whether the person has FULL access of their own, which stays so until the transaction ends.
pub async fn lock_own_full_in(tx: &Tx, user: UserId, account: PersonalAccountId) -> Result<bool, DbErr> {
    let own = attachment::Entity::find()
        .filter(of(user, account))
        .filter(attachment::Column::Access.eq(AccessLevel::Full))
        .filter(attachment::Column::ShareId.is_null());
    Ok(own.lock_exclusive().one(&**tx).await?.is_some())
}

pub async fn delete_attachment_in(tx: &Tx, user: UserId, account: PersonalAccountId) -> Result<bool, DbErr> {
    let deleted = attachment::Entity::delete_many().filter(of(user, account)).exec(&**tx).await?;
    Ok(deleted.rows_affected > 0)
}

pub async fn rename_attachment_in(
    tx: &Tx,
    user: UserId,
    account: PersonalAccountId,
    nickname: Option<String>,
) -> Result<(), DbErr> {
    let named = attachment::ActiveModel { nickname: Set(nickname), ..Default::default() };
    attachment::Entity::update_many().set(named).filter(of(user, account)).exec(&**tx).await.map(|_| ())
}

pub async fn delete_attachments_in(tx: &Tx, user: UserId) -> Result<u64, Fault> {
    let deleted = attachment::Entity::delete_many().filter(attachment::Column::UserId.eq(user)).exec(&**tx).await?;
    Ok(deleted.rows_affected)
}

fn of(user: UserId, account: PersonalAccountId) -> Condition {
    Condition::all().add(attachment::Column::UserId.eq(user)).add(attachment::Column::PersonalAccountId.eq(account))
}

pub async fn last_charge_total<C: ConnectionTrait>(db: &C, account: PersonalAccountId) -> Result<Option<Money>, Fault> {
    let newest = statement::standing()
        .filter(statement::Column::PersonalAccountId.eq(account))
        .order_by_desc(statement::Column::Period)
        .limit(1)
        .one(db)
        .await?;
    Ok(newest.map(|statement| statement.accrued))
}

/// Whether the value is what one of the account's meters showed in its newest reading, if the provider took that one:
/// what came through a cabinet proves nothing, since LIMITED access is enough to send it.
pub async fn has_last_reading<C: ConnectionTrait>(
    db: &C,
    account: PersonalAccountId,
    value: Quantity,
) -> Result<bool, Fault> {
    let meters =
        entity::meter::Entity::find().filter(entity::meter::Column::PersonalAccountId.eq(account)).all(db).await?;
    let newest = meters.into_iter().filter_map(|meter| meter.last_reading_id);
    let column = meter_reading::Column::ValueSingle;
    let matching = meter_reading::Entity::find()
        .filter(meter_reading::Column::Id.is_in(newest))
        .filter(meter_reading::Column::Status.ne(ReadingStatus::Rejected))
        .filter(meter_reading::Column::SubmittedBy.is_null())
        .filter(Condition::any().add(column.eq(value)).add(meter_reading::Column::ValueDay.eq(value)));
    Ok(matching.count(db).await? > 0)
}

pub async fn list_services(
    db: &DatabaseConnection,
    accounts: &[PersonalAccountId],
) -> Result<Vec<account_service::Model>, Fault> {
    let query = account_service::Entity::find()
        .filter(account_service::Column::PersonalAccountId.is_in(accounts.iter().copied()));
    Ok(query.order_by_asc(account_service::Column::Code).all(db).await?)
}

pub async fn page_service_changes(
    db: &DatabaseConnection,
    account: PersonalAccountId,
    since: Since,
    page: &Page<ChangeKey>,
) -> Result<Vec<service_change::Model>, Fault> {
    let wanted = Condition::all()
        .add(service_change::Column::PersonalAccountId.eq(account))
        .add_option(since.0.map(|since| service_change::Column::ChangedOn.gte(since)));
    let query = service_change::Entity::find().filter(wanted);
    let mut cursor = query.cursor_by((service_change::Column::ChangedOn, service_change::Column::Id));
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn list_tariffs(
    db: &DatabaseConnection,
    wanted: &[(ProviderId, NaiveDate)],
) -> Result<Vec<tariff::Model>, Fault> {
    let any = wanted.iter().fold(Condition::any(), |any, (provider, on)| {
        let still = Condition::any().add(tariff::Column::EndsOn.is_null()).add(tariff::Column::EndsOn.gte(*on));
        any.add(
            Condition::all()
                .add(tariff::Column::ProviderId.eq(*provider))
                .add(tariff::Column::StartsOn.lte(*on))
                .add(still),
        )
    });
    let query = tariff::Entity::find().filter(any);
    Ok(query.order_by_asc(tariff::Column::ServiceCode).order_by_asc(tariff::Column::StartsOn).all(db).await?)
}

pub async fn list_tariffs_between(
    db: &DatabaseConnection,
    providers: &[ProviderId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<tariff::Model>, Fault> {
    let still = Condition::any().add(tariff::Column::EndsOn.is_null()).add(tariff::Column::EndsOn.gte(from));
    let query = tariff::Entity::find()
        .filter(tariff::Column::ProviderId.is_in(providers.iter().copied()))
        .filter(tariff::Column::StartsOn.lte(to))
        .filter(still);
    Ok(query.order_by_asc(tariff::Column::ServiceCode).order_by_asc(tariff::Column::StartsOn).all(db).await?)
}

pub async fn insert_share_in(tx: &Tx, row: account_share::Model) -> Result<(), DbErr> {
    account_share::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn count_shares_in(tx: &Tx, owner: UserId, account: PersonalAccountId) -> Result<u64, DbErr> {
    use account_share::Column as C;
    let of_account =
        account_share::Entity::find().filter(C::OwnerId.eq(owner)).filter(C::PersonalAccountId.eq(account));
    of_account.count(&**tx).await
}

pub async fn list_shares(
    db: &DatabaseConnection,
    owner: UserId,
    accounts: &[PersonalAccountId],
) -> Result<Vec<account_share::Model>, Fault> {
    use account_share::Column as C;
    let own = account_share::Entity::find()
        .filter(C::OwnerId.eq(owner))
        .filter(C::PersonalAccountId.is_in(accounts.iter().copied()));
    Ok(own.order_by_asc(C::Id).all(db).await?)
}

/// That nobody has taken yet.
pub async fn list_offers(
    db: &DatabaseConnection,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Vec<(account_share::Model, personal_account::Model)>, Fault> {
    use account_share::Column as C;
    let open = Condition::any().add(C::EndsAt.is_null()).add(C::EndsAt.gt(now));
    let offered = account_share::Entity::find()
        .filter(C::Email.eq(email))
        .filter(C::TakenBy.is_null())
        .filter(open)
        .order_by_asc(C::Id)
        .all(db)
        .await?;
    let ids: Vec<_> = offered.iter().map(|share| share.personal_account_id).collect();
    let accounts = personal_account::Entity::find().filter(personal_account::Column::Id.is_in(ids)).all(db).await?;
    let with_account = offered.into_iter().filter_map(|share| {
        let account = accounts.iter().find(|account| account.id == share.personal_account_id)?.clone();
        Some((share, account))
    });
    Ok(with_account.collect())
}

pub async fn find_share<C: ConnectionTrait>(db: &C, id: AccountShareId) -> Result<Option<account_share::Model>, Fault> {
    Ok(account_share::Entity::find_by_id(id).one(db).await?)
}

pub async fn find_shares(db: &DatabaseConnection, ids: &[AccountShareId]) -> Result<Vec<account_share::Model>, Fault> {
    Ok(account_share::Entity::find().filter(account_share::Column::Id.is_in(ids.iter().copied())).all(db).await?)
}

pub async fn lock_share_in(tx: &Tx, id: AccountShareId) -> Result<Option<account_share::Model>, DbErr> {
    account_share::Entity::find_by_id(id).lock_exclusive().one(&**tx).await
}

pub async fn take_share_in(tx: &Tx, id: AccountShareId, user: UserId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let taken =
        account_share::ActiveModel { taken_by: Set(Some(user)), taken_at: Set(Some(now)), ..Default::default() };
    let own = account_share::Column::Id.eq(id);
    account_share::Entity::update_many().set(taken).filter(own).exec(&**tx).await.map(|_| ())
}

/// What it gave ends with it.
pub async fn delete_shares_in(tx: &Tx, ids: &[AccountShareId]) -> Result<u64, DbErr> {
    // The shares first: whoever is taking one holds its row, and what they attached is seen only after them.
    let own = account_share::Column::Id.is_in(ids.iter().copied());
    let deleted = account_share::Entity::delete_many().filter(own).exec(&**tx).await?.rows_affected;
    let given = attachment::Column::ShareId.is_in(ids.iter().copied());
    attachment::Entity::delete_many().filter(given).exec(&**tx).await?;
    Ok(deleted)
}

/// Who have taken the shares.
pub async fn list_takers_in(tx: &Tx, ids: &[AccountShareId]) -> Result<Vec<UserId>, DbErr> {
    use account_share::Column as C;
    let taken = account_share::Entity::find().select_only().column(C::TakenBy).filter(C::TakenBy.is_not_null());
    taken.filter(C::Id.is_in(ids.iter().copied())).into_tuple().all(&**tx).await
}

/// Which a person gave; of one account when it is named.
pub async fn list_shares_of_owner_in(
    tx: &Tx,
    owner: UserId,
    account: Option<PersonalAccountId>,
) -> Result<Vec<AccountShareId>, DbErr> {
    use account_share::Column as C;
    let mut query = account_share::Entity::find().select_only().column(C::Id).filter(C::OwnerId.eq(owner));
    if let Some(account) = account {
        query = query.filter(C::PersonalAccountId.eq(account));
    }
    query.into_tuple().all(&**tx).await
}

/// Which a person took, or is offered under their address.
pub async fn list_shares_for_in(
    tx: &Tx,
    user: UserId,
    email: Option<&str>,
    account: Option<PersonalAccountId>,
) -> Result<Vec<AccountShareId>, DbErr> {
    use account_share::Column as C;
    let mut theirs = Condition::any().add(C::TakenBy.eq(user));
    if let Some(email) = email {
        theirs = theirs.add(C::Email.eq(email));
    }
    let mut query = account_share::Entity::find().select_only().column(C::Id).filter(theirs);
    if let Some(account) = account {
        query = query.filter(C::PersonalAccountId.eq(account));
    }
    query.into_tuple().all(&**tx).await
}
