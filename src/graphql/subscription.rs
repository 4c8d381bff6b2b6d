//! Live news: first what was missed, then what happens.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject, Subscription};
use futures_util::{Stream, stream};

use super::accounts::{Balance, PersonalAccount};
use super::billing::{LedgerEntry, balance_before};
use super::context::Find;
use super::enums::PaymentStatus;
use super::error::TopError;
use super::ids;
use super::payments::Payment;
use super::resume::Resume;
use super::scalars::DateTime;
use crate::accounts::error::AccessRefusal;
use crate::accounts::model;
use crate::billing::feed::{BalanceFeed, BalanceNews, Position};
use crate::kernel::Failure;
use crate::payments::state::is_open;
use crate::platform::wakeups::Wake;

/// One change of one balance.
#[derive(SimpleObject)]
pub struct BalanceEvent {
    /// Give it as `after` to go on behind this event.
    pub cursor: String,
    /// When the change happened.
    pub occurred_at: DateTime,
    /// The account, as it is now.
    pub personal_account: PersonalAccount,
    /// The balance before the change.
    pub previous: Balance,
    /// The balance after the change.
    pub balance: Balance,
    /// The ledger entry that made it.
    pub cause: LedgerEntry,
}

impl From<BalanceNews> for BalanceEvent {
    fn from(news: BalanceNews) -> Self {
        let BalanceNews { access, entry, cursor } = news;
        Self {
            cursor,
            occurred_at: DateTime(entry.occurred_at),
            previous: balance_before(&entry),
            balance: model::Balance::of(entry.balance_after, entry.occurred_at, entry.version).into(),
            cause: LedgerEntry { entry, account: access.key() },
            personal_account: PersonalAccount(access),
        }
    }
}

pub struct Subscriptions;

/// News as it happens, over WebSocket or server-sent events.
#[Subscription(name = "Subscription")]
impl Subscriptions {
    /// Changes of balances: first those missed since `after`, then live, in each account's order. Nothing is lost and
    /// nothing comes twice. Without ids: every account that the viewer may see, accounts attached later included.
    async fn balance_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these accounts.")] personal_account_ids: Option<Vec<ID>>,
        #[graphql(desc = "Cursor of the last event that was seen; by default only what happens from now on.")]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<BalanceEvent, TopError>> + use<>, TopError> {
        let services = ctx.services()?;
        let person = ctx.person()?.clone();
        let not_found = || TopError::BadInput("There is no such account, or it is not attached.".to_owned());
        let decode_all =
            |ids: Vec<ID>| ids.iter().map(|id| ids::decode(id)).collect::<Option<Vec<_>>>().ok_or_else(not_found);
        let only = personal_account_ids.map(decode_all).transpose()?;
        let resume = ctx.data_opt::<Resume>().cloned().unwrap_or_default();
        let after = resume.begin(after);
        let bad_cursor = || TopError::BadInput("The cursor is none of this subscription's.".to_owned());
        let after = after.map(|cursor| Position::from_cursor(&cursor).ok_or_else(bad_cursor)).transpose()?;
        let (billing, accounts) = (Arc::clone(&services.billing), Arc::clone(&services.accounts));
        let look_every = services.config.graphql.look_every;
        let feed = BalanceFeed::open(billing, accounts, &services.wakeups, person, only, after, look_every).await;
        let feed = feed.map_err(|failure| match failure {
            Failure::Fault(fault) => fault.into(),
            Failure::Refused(AccessRefusal::NotConfirmed) => TopError::NotConfirmed,
            Failure::Refused(AccessRefusal::NotFound) => not_found(),
        })?;
        Ok(stream::unfold(Some((feed, resume)), |state| async {
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
        }))
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
        let id = ids::decode(&payment_id).ok_or_else(not_found)?;
        let (listener, look_every) = (services.wakeups.listen(), services.config.graphql.look_every);
        let payments = Arc::clone(&services.payments);
        if payments.find_payment(&person, id).await?.is_none() {
            return Err(not_found());
        }
        let start = Some((listener, None::<PaymentStatus>));
        Ok(stream::unfold(start, move |state| {
            let (payments, person) = (Arc::clone(&payments), person.clone());
            async move {
                let (mut listener, mut seen) = state?;
                loop {
                    match payments.find_payment(&person, id).await {
                        Ok(Some(payment)) if seen != Some(payment.status.into()) => {
                            seen = Some(payment.status.into());
                            let more = is_open(payment.status).then_some((listener, seen));
                            return Some((Ok(Payment(payment)), more));
                        }
                        Ok(Some(_)) => {}
                        Ok(None) => return None,
                        Err(fault) => return Some((Err(fault.into()), None)),
                    }
                    let pause = tokio::time::sleep(look_every);
                    tokio::pin!(pause);
                    loop {
                        tokio::select! {
                            () = &mut pause => break,
                            wake = listener.next() => match wake {
                                Wake::Everything => break,
                                Wake::Row(row) if row == id.0 => break,
                                Wake::SessionEnded(session) if session == person.session => return None,
                                Wake::Row(_) | Wake::SessionEnded(_) | Wake::SessionsEnded(_) => {}
                            },
                        }
                    }
                }
            }
        }))
    }
}
