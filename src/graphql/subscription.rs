//! Live news: first what was missed, then what happens.

mod events;
mod feeds;

use std::sync::Arc;

use async_graphql::{Context, ID, Subscription};
use entity::enums::ChangeKind;
use entity::ids::PaymentId;
use futures_util::{Stream, StreamExt, stream};

use self::events::{BalanceEvent, MeterReadingEvent, PaymentEvent, balance_event, payment_event, reading_event};
use self::feeds::{Asked, Events, bad_cursor, no_account, of_person, of_program};
use super::context::Find;
use super::enums::PaymentStatus;
use super::error::TopError;
use super::ids;
use super::payments::Payment;
use crate::accounts::error::AccessRefusal;
use crate::integrators::changes::balances::Position;
use crate::kernel::Failure;
use crate::payments::state::is_open;
use crate::platform::wakeups::Woken;

pub struct Subscriptions;

/// News as it happens, over WebSocket or server-sent events.
#[Subscription(name = "Subscription")]
impl Subscriptions {
    /// Changes of balances: first those missed since `after`, then live, in each account's order. Nothing is lost and
    /// nothing comes twice. Without ids: every account that the viewer may see, accounts attached later included; for a
    /// provider's program every account of the provider.
    async fn balance_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these accounts.")] personal_account_ids: Option<Vec<ID>>,
        #[graphql(desc = "Cursor of the last event that was seen; by default only what happens from now on.")]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<BalanceEvent, TopError>> + use<>, TopError> {
        let asked = Asked::read(ctx, personal_account_ids, after)?;
        match &ctx.actor()?.client {
            Some(client) => of_program(ctx, client, ChangeKind::Balance, asked, balance_event).await,
            None => balances_of_person(ctx, asked).await,
        }
    }

    /// Readings that came or came to another status: first those missed since `after`, then live, in each account's order.
    /// Nothing is lost and nothing comes twice. Without ids: every account that the viewer may see, accounts attached later
    /// included; for a provider's program every account of the provider. With LIMITED access the viewer's own only.
    async fn meter_reading_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these accounts.")] personal_account_ids: Option<Vec<ID>>,
        #[graphql(desc = "Cursor of the last event that was seen; by default only what happens from now on.")]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<MeterReadingEvent, TopError>> + use<>, TopError> {
        let asked = Asked::read(ctx, personal_account_ids, after)?;
        match &ctx.actor()?.client {
            Some(client) => of_program(ctx, client, ChangeKind::Reading, asked, reading_event).await,
            None => of_person(ctx, asked, reading_event).await,
        }
    }

    /// For a provider's program: payments for the provider's accounts that were started or came to another status, first
    /// those missed since `after`, then live, in each account's order. Nothing is lost and nothing comes twice. People
    /// follow a payment of theirs by `paymentUpdated`.
    async fn payments_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these accounts.")] personal_account_ids: Option<Vec<ID>>,
        #[graphql(desc = "Cursor of the last event that was seen; by default only what happens from now on.")]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<PaymentEvent, TopError>> + use<>, TopError> {
        let client = ctx.client()?;
        let asked = Asked::read(ctx, personal_account_ids, after)?;
        of_program(ctx, client, ChangeKind::Payment, asked, payment_event).await
    }

    /// A payment of the viewer's: as it is now, and at every step until it is final.
    async fn payment_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of a payment.")] payment_id: ID,
    ) -> Result<impl Stream<Item = Result<Payment, TopError>> + use<>, TopError> {
        let services = ctx.services()?;
        let person = ctx.person()?.clone();
        let not_found = || TopError::BadInput("There is no such payment.".to_owned());
        let id: PaymentId = ids::decode(&payment_id).ok_or_else(not_found)?;
        let (mut watch, look_every) = (services.wakeups.watch(&person.session), services.config.graphql.look_every);
        watch.rows([id.0]);
        let payments = Arc::clone(&services.payments);
        if payments.find_payment(&person, id).await?.is_none() {
            return Err(not_found());
        }
        let start = Some((watch, None::<PaymentStatus>));
        Ok(stream::unfold(start, move |state| {
            let (payments, person) = (Arc::clone(&payments), person.clone());
            async move {
                let (watch, mut seen) = state?;
                loop {
                    match payments.find_payment(&person, id).await {
                        Ok(Some(payment)) if seen != Some(payment.status.into()) => {
                            seen = Some(payment.status.into());
                            let more = is_open(payment.status).then_some((watch, seen));
                            return Some((Ok(Payment(payment)), more));
                        }
                        Ok(Some(_)) => {}
                        Ok(None) => return None,
                        Err(fault) => return Some((Err(fault.into()), None)),
                    }
                    tokio::select! {
                        () = tokio::time::sleep(look_every) => {}
                        woken = watch.woken() => if woken == Woken::SessionEnded { return None },
                    }
                }
            }
        }))
    }
}

async fn balances_of_person(ctx: &Context<'_>, asked: Asked) -> Result<Events<BalanceEvent>, TopError> {
    let services = ctx.services()?;
    let person = ctx.person()?.clone();
    let Asked { only, after, resume } = asked;
    let after = after.map(|cursor| Position::from_cursor(&cursor).ok_or_else(bad_cursor)).transpose()?;
    let feed = services.changes.follow_balances(person, only, after).await.map_err(|failure| match failure {
        Failure::Fault(fault) => fault.into(),
        Failure::Refused(AccessRefusal::NotConfirmed) => TopError::NotConfirmed,
        Failure::Refused(AccessRefusal::NotFound) => no_account(),
    })?;
    let events = stream::unfold(Some((feed, resume)), |state| async {
        let (mut feed, resume) = state?;
        match feed.next().await {
            Ok(news) => {
                let news = news?;
                resume.note(&news.cursor);
                Some((Ok(news.into()), Some((feed, resume))))
            }
            // A stream that failed ends: the client comes back with its cursor.
            Err(fault) => Some((Err(fault.into()), None)),
        }
    });
    Ok(events.boxed())
}
