//! Objects by their ids. A stranger's id reads as one that does not exist.

use async_graphql::{Context, ID, Interface, Object};
use entity::ids::{
    MeterId, MeterReadingId, PaymentId, PersonalAccountId, StatementId, SupportRequestId, TypedId, UserId,
};
use futures_util::future::try_join_all;

use super::accounts::{PersonalAccount, Provider};
use super::billing::Statement;
use super::context::Find;
use super::error::TopError;
use super::identity::User;
use super::ids;
use super::loaders::Loaders;
use super::metering::{Meter, MeterReading};
use super::payments::Payment;
use super::support::SupportRequest;
use crate::accounts::AccountAccess;
use crate::kernel::Person;

/// An object with an id of its own.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "TypeID: the prefix names the type."))]
pub enum Node {
    User(User),
    Provider(Provider),
    PersonalAccount(PersonalAccount),
    Statement(Statement),
    Meter(Meter),
    MeterReading(MeterReading),
    Payment(Payment),
    SupportRequest(SupportRequest),
}

const MOST_NODES: usize = 100;

#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// An object by its id; null when there is none, or none that the viewer may see.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "TypeID.")] id: ID) -> Result<Option<Node>, TopError> {
        find(ctx, &id).await
    }

    /// Objects by their ids, in their order, at most 100; null in the place of one that is not found.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "TypeIDs.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, TopError> {
        if ids.len() > MOST_NODES {
            return Err(TopError::BadInput(format!("At most {MOST_NODES} ids at once.")));
        }
        // Side by side, so that the loaders gather what is of one kind.
        try_join_all(ids.iter().map(|id| find(ctx, id))).await
    }
}

async fn find(ctx: &Context<'_>, id: &str) -> Result<Option<Node>, TopError> {
    let loaders = ctx.loaders()?;
    if let Some(id) = ids::decode(id) {
        return Ok(loaders.provider.load(id).await?.map(|provider| Node::Provider(Provider { provider })));
    }
    let Some(person) = &ctx.actor()?.person else { return Ok(None) };
    match id.rsplit_once('_').map(|(prefix, _)| prefix) {
        Some(UserId::PREFIX) if ids::decode(id) == Some(person.user_id) => {
            Ok(ctx.services()?.identity.find_person(person).await?.map(|user| Node::User(User::from(user))))
        }
        Some(PersonalAccountId::PREFIX) => {
            let Some(id) = ids::decode(id) else { return Ok(None) };
            Ok(loaders.access.load(id).await?.map(|access| Node::PersonalAccount(PersonalAccount(access))))
        }
        Some(StatementId::PREFIX) => statement(loaders, id).await,
        Some(MeterId::PREFIX) => meter(loaders, id).await,
        Some(MeterReadingId::PREFIX) => reading(loaders, person, id).await,
        Some(PaymentId::PREFIX) => {
            let Some(id) = ids::decode(id) else { return Ok(None) };
            let Some(payment) = loaders.payment.load(id).await? else { return Ok(None) };
            Ok(Some(Node::Payment(Payment(ctx.services()?.payments.look(payment).await))))
        }
        // What a person asks the support service is no app's business, not even that it is there.
        Some(SupportRequestId::PREFIX) if person.limits.is_none() => {
            let Some(id) = ids::decode(id) else { return Ok(None) };
            let found = ctx.services()?.support.find_request(person, id).await?;
            Ok(found.map(|request| Node::SupportRequest(SupportRequest(request))))
        }
        _ => Ok(None),
    }
}

async fn statement(loaders: &Loaders, id: &str) -> Result<Option<Node>, TopError> {
    let Some(id) = ids::decode(id) else { return Ok(None) };
    let Some(statement) = loaders.statement_by_id.load(id).await? else { return Ok(None) };
    let access = loaders.access.load(statement.personal_account_id).await?;
    let full = access.filter(AccountAccess::is_full);
    let full = full.filter(|access| access.key().since().shows_month(statement.period));
    Ok(full.map(|access| Node::Statement(Statement { statement, account: access.key() })))
}

async fn meter(loaders: &Loaders, id: &str) -> Result<Option<Node>, TopError> {
    let Some(id) = ids::decode(id) else { return Ok(None) };
    let Some(meter) = loaders.meter.load(id).await? else { return Ok(None) };
    let access = loaders.access.load(meter.personal_account_id).await?;
    Ok(access.map(|access| Node::Meter(Meter { meter, account: access.key() })))
}

/// History needs FULL access; one's own reading does not.
async fn reading(loaders: &Loaders, person: &Person, id: &str) -> Result<Option<Node>, TopError> {
    let Some(id) = ids::decode(id) else { return Ok(None) };
    let Some(reading) = loaders.reading.load(id).await? else { return Ok(None) };
    let access = loaders.access.load(reading.personal_account_id).await?;
    let own = reading.submitted_by == Some(person.user_id);
    let allowed = access.filter(|access| access.is_full() || own);
    let allowed = allowed.filter(|access| access.key().since().shows_day(reading.taken_on));
    Ok(allowed.map(|_| Node::MeterReading(MeterReading { reading, meter: None })))
}
