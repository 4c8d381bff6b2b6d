//! Sharing accounts with other people.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::account_share;
use entity::enums::Locale;

use super::super::context::Find;
use super::super::error::{ErrorCode, TopError, UserError, path};
use super::super::ids;
use super::super::scalars::{DateTime, EmailAddress};
use super::{PersonalAccount, Provider};
use crate::accounts::Shared;
use crate::accounts::error::{AccessRefusal, SharingRefusal};
use crate::accounts::sharing::NewShare;
use crate::kernel::{Failure, Fault, Person};

/// How far somebody else may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ShareAccess {
    /// Seeing everything, doing nothing.
    View,
    /// Seeing everything, paying, sending readings.
    ViewAndPay,
}

impl ShareAccess {
    pub const fn of(may_pay: bool) -> Self {
        if may_pay { Self::ViewAndPay } else { Self::View }
    }
}

/// Leave that the viewer gave to another person.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountShare {
    /// TypeID with the prefix `share`.
    pub id: ID,
    /// For whom.
    pub email: EmailAddress,
    /// How far.
    pub access: ShareAccess,
    /// Over from then on; null: until the viewer ends it.
    pub ends_at: Option<DateTime>,
    /// When it was given.
    pub shared_at: DateTime,
    /// When it was taken; null while it waits.
    pub taken_at: Option<DateTime>,
}

impl From<account_share::Model> for AccountShare {
    fn from(share: account_share::Model) -> Self {
        Self {
            id: ids::encode(share.id),
            email: EmailAddress(share.email),
            access: ShareAccess::of(share.may_pay),
            ends_at: share.ends_at.map(DateTime),
            shared_at: DateTime(share.shared_at),
            taken_at: share.taken_at.map(DateTime),
        }
    }
}

#[derive(Clone, Debug)]
pub struct SharedAccess(pub Shared);

/// By whose leave the viewer sees an account.
#[Object]
impl SharedAccess {
    /// TypeID with the prefix `share`: `endAccountShare` gives it back.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// Who shares; null when they are gone.
    async fn shared_by(&self, ctx: &Context<'_>) -> Result<Option<EmailAddress>, TopError> {
        Ok(ctx.loaders()?.sharer.load(self.0.id).await?.map(EmailAddress))
    }

    /// How far.
    async fn access(&self) -> ShareAccess {
        ShareAccess::of(self.0.may_pay)
    }

    /// Over from then on; null: until it is taken back.
    async fn ends_at(&self) -> Option<DateTime> {
        self.0.ends_at.map(DateTime)
    }
}

/// An account that somebody offers to share with the viewer.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountShareOffer {
    /// TypeID with the prefix `share`: for `takeAccountShare`, and `endAccountShare` to decline.
    pub id: ID,
    /// Who shares; null when they are gone.
    pub shared_by: Option<EmailAddress>,
    /// Who bills the account.
    pub provider: Provider,
    /// The account's number.
    pub number: String,
    /// How far.
    pub access: ShareAccess,
    /// Over from then on; null: until it is taken back.
    pub ends_at: Option<DateTime>,
    /// When it was given.
    pub shared_at: DateTime,
}

/// What waits to be taken.
pub async fn offers(ctx: &Context<'_>, person: &Person, email: &str) -> Result<Vec<AccountShareOffer>, TopError> {
    let services = ctx.services()?;
    let offered = services.accounts.list_offers(person, email).await?;
    if offered.is_empty() {
        return Ok(Vec::new());
    }
    let owners: Vec<_> = offered.iter().map(|offer| offer.share.owner_id).collect();
    let providers: Vec<_> = offered.iter().map(|offer| offer.account.provider_id).collect();
    let addresses = services.identity.addresses(&owners).await?;
    let providers = services.accounts.find_providers(&providers).await?;
    let with_names = offered.into_iter().map(|offer| {
        let provider = providers.iter().find(|provider| provider.id() == offer.account.provider_id).cloned();
        let provider = provider.ok_or_else(|| Fault::internal("an account without a provider"))?;
        Ok(AccountShareOffer {
            id: ids::encode(offer.share.id),
            shared_by: addresses.get(&offer.share.owner_id).cloned().map(EmailAddress),
            provider: Provider { provider },
            number: offer.account.number,
            access: ShareAccess::of(offer.share.may_pay),
            ends_at: offer.share.ends_at.map(DateTime),
            shared_at: DateTime(offer.share.shared_at),
        })
    });
    with_names.collect()
}

/// What to share, with whom, how far and until when.
#[derive(Clone, Debug, InputObject)]
pub struct SharePersonalAccountInput {
    /// Id of an account to which the viewer has FULL access of their own.
    pub personal_account_id: ID,
    /// Address of the other person's cabinet. Nothing tells whether there is one.
    pub email: EmailAddress,
    /// How far they may go.
    pub access: ShareAccess,
    /// When it ends by itself; null: when the viewer ends it.
    pub ends_at: Option<DateTime>,
}

/// What became of it.
#[derive(Default, SimpleObject)]
pub struct SharePersonalAccountPayload {
    /// The share: the other person finds it in `viewer.accountShareOffers`.
    pub share: Option<AccountShare>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which share to take.
#[derive(Clone, Debug, InputObject)]
pub struct TakeAccountShareInput {
    /// Id of one of `viewer.accountShareOffers`.
    pub id: ID,
}

/// What became of it.
#[derive(Default, SimpleObject)]
pub struct TakeAccountSharePayload {
    /// The account, attached now.
    pub personal_account: Option<PersonalAccount>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which share to end.
#[derive(Clone, Debug, InputObject)]
pub struct EndAccountShareInput {
    /// Id of a share that the viewer gave, took, or is offered.
    pub id: ID,
}

/// What became of it.
#[derive(Default, SimpleObject)]
pub struct EndAccountSharePayload {
    /// The id of the share that is over.
    pub ended_id: Option<ID>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct SharingMutation;

#[Object]
impl SharingMutation {
    /// Shares an account with another person, who takes it with `takeAccountShare`.
    async fn share_personal_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What, with whom, how far, until when.")] input: SharePersonalAccountInput,
    ) -> Result<SharePersonalAccountPayload, TopError> {
        let (actor, person, services) = (ctx.actor()?, ctx.person()?, ctx.services()?);
        let refused = |refusal| {
            let user_errors = vec![sharing_error(refusal, actor.locale)];
            Ok(SharePersonalAccountPayload { share: None, user_errors })
        };
        let Some(id) = ids::decode(&input.personal_account_id) else { return refused(SharingRefusal::AccountNotFound) };
        let access = match services.accounts.access(person, id).await {
            Ok(access) => access,
            Err(Failure::Refused(AccessRefusal::NotFound)) => return refused(SharingRefusal::AccountNotFound),
            Err(Failure::Refused(AccessRefusal::NotConfirmed)) => return refused(SharingRefusal::NotConfirmed),
            Err(Failure::Fault(fault)) => return Err(fault.into()),
        };
        let Ok(email) = input.email.0.parse() else { return refused(SharingRefusal::EmailMalformed) };
        let may_pay = input.access == ShareAccess::ViewAndPay;
        let wanted = NewShare { email, may_pay, ends_at: input.ends_at.map(|DateTime(ends_at)| ends_at) };
        let own = own_address(ctx, person).await?;
        match services.accounts.share(actor, &access, &own, wanted).await {
            Ok(share) => Ok(SharePersonalAccountPayload { share: Some(share.into()), user_errors: Vec::new() }),
            Err(Failure::Refused(refusal)) => refused(refusal),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Attaches an account that somebody shares with the viewer.
    async fn take_account_share(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which share.")] input: TakeAccountShareInput,
    ) -> Result<TakeAccountSharePayload, TopError> {
        let (actor, person, services) = (ctx.actor()?, ctx.person()?, ctx.services()?);
        let refused = |refusal| {
            let user_errors = vec![sharing_error(refusal, actor.locale)];
            Ok(TakeAccountSharePayload { personal_account: None, user_errors })
        };
        if !person.confirmed {
            return refused(SharingRefusal::NotConfirmed);
        }
        let Some(id) = ids::decode(&input.id) else { return refused(SharingRefusal::ShareNotFound) };
        let own = own_address(ctx, person).await?;
        match services.accounts.take_share(person, actor, &own, id).await {
            Ok(access) => {
                Ok(TakeAccountSharePayload { personal_account: Some(PersonalAccount(access)), user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => refused(refusal),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Ends a share: by who gave it, at once; by who took it or is offered it, likewise.
    async fn end_account_share(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which share.")] input: EndAccountShareInput,
    ) -> Result<EndAccountSharePayload, TopError> {
        let (actor, person, services) = (ctx.actor()?, ctx.person()?, ctx.services()?);
        let refused = |refusal| {
            let user_errors = vec![sharing_error(refusal, actor.locale)];
            Ok(EndAccountSharePayload { ended_id: None, user_errors })
        };
        if !person.confirmed {
            return refused(SharingRefusal::NotConfirmed);
        }
        let Some(id) = ids::decode(&input.id) else { return refused(SharingRefusal::ShareNotFound) };
        let own = own_address(ctx, person).await?;
        match services.accounts.end_share(person, actor, &own, id).await {
            Ok(()) => Ok(EndAccountSharePayload { ended_id: Some(input.id), user_errors: Vec::new() }),
            Err(Failure::Refused(refusal)) => refused(refusal),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

async fn own_address(ctx: &Context<'_>, person: &Person) -> Result<String, TopError> {
    let user = ctx.services()?.identity.find_person(person).await?;
    Ok(user.ok_or(TopError::Unauthenticated)?.email)
}

fn sharing_error(refusal: SharingRefusal, locale: Locale) -> UserError {
    let (code, field) = match refusal {
        SharingRefusal::TooOften => return UserError::retry_later(ErrorCode::TooManyTries, None, 3600, locale),
        SharingRefusal::NotConfirmed => (ErrorCode::EmailNotConfirmed, None),
        SharingRefusal::AccountNotFound => (ErrorCode::AccountNotFound, path(["personalAccountId"])),
        SharingRefusal::NotOwn => (ErrorCode::NotShared, path(["personalAccountId"])),
        SharingRefusal::EmailMalformed => (ErrorCode::EmailMalformed, path(["email"])),
        SharingRefusal::OwnAddress => (ErrorCode::EmailUnchanged, path(["email"])),
        SharingRefusal::AlreadyShared => (ErrorCode::AlreadyShared, path(["email"])),
        SharingRefusal::TooMany => (ErrorCode::TooMany, path(["personalAccountId"])),
        SharingRefusal::Ended => (ErrorCode::DatePassed, path(["endsAt"])),
        SharingRefusal::ShareNotFound => (ErrorCode::ShareNotFound, path(["id"])),
        SharingRefusal::AlreadyAttached => (ErrorCode::AlreadyAttached, path(["id"])),
    };
    UserError::basic(code, field, locale)
}
