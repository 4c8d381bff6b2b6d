//! People: the viewer, and what they do about themselves, one file a subject.

mod access_token;
mod audit;
mod agreement;
pub mod cookie;
mod email_change;
mod deletion;
mod foreign_sign_in;
mod password;
mod profile;
mod registration;
mod session;
mod sign_in;
pub mod step_up;
mod two_factor;
mod words;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object};
use entity::ids::UserId;
use entity::user;

use super::accounts::{AccountShareOffer, AccountTotals, Balance, PersonalAccount, offers};
use super::ahead;
use super::autopay::{Autopay, SavedMethod};
use super::consent::{self, ClientGrant};
use super::context::Find;
use super::enums::Locale;
use super::error::TopError;
use super::exports::{self, DataExport};
use super::ids;
use super::page::{Window, connection};
use super::payments::{Payment, PaymentFilterInput};
use super::scalars::{DateTime, EmailAddress};
use super::support::SupportRequest;
use crate::accounts::AccountAccess;
use crate::kernel::{Failure, Fault, Person};

pub use access_token::{AccessScope, AccessTokenMutation};
pub use agreement::AgreementMutation;
pub use audit::AuditEvent;
pub use deletion::{DeletionMutation, DeletionQuery};
pub use email_change::EmailChangeMutation;
pub use foreign_sign_in::ForeignSignInMutation;
pub use password::{PasswordMutation, password_message};
pub use profile::ProfileMutation;
pub use registration::RegistrationMutation;
pub use session::SessionMutation;
pub use sign_in::SignInMutation;
pub use two_factor::TwoFactorMutation;
pub use words::WordsQuery;

/// A person with a cabinet.
#[derive(Clone, Debug)]
pub struct User {
    id: UserId,
    /// Left out where nothing of it is asked for.
    row: Option<user::Model>,
}

impl From<user::Model> for User {
    fn from(row: user::Model) -> Self {
        Self { id: row.id, row: Some(row) }
    }
}

impl User {
    fn row(&self) -> Result<&user::Model, TopError> {
        self.row.as_ref().ok_or_else(|| Fault::internal("a person's row was not read").into())
    }

    async fn all_access(&self, ctx: &Context<'_>) -> Result<Vec<AccountAccess>, TopError> {
        let person = self.themselves(ctx)?;
        if !person.confirmed {
            return Ok(Vec::new());
        }
        match ctx.services()?.accounts.all_access(person).await {
            Ok(access) => Ok(access),
            Err(Failure::Fault(fault)) => Err(fault.into()),
            Err(Failure::Refused(_)) => Err(TopError::NotConfirmed),
        }
    }

    /// The person, when it is they who ask: a mutation's payload may show another than the viewer, or somebody who is not
    /// signed in.
    fn themselves<'a>(&self, ctx: &'a Context<'_>) -> Result<&'a Person, TopError> {
        let person = ctx.person()?;
        if person.user_id == self.id { Ok(person) } else { Err(TopError::Unauthenticated) }
    }
}

/// A person with a cabinet.
#[Object]
impl User {
    /// TypeID with the prefix `user`.
    pub async fn id(&self) -> ID {
        ids::encode(self.id)
    }

    /// The address that the person signs in with.
    async fn email(&self) -> Result<EmailAddress, TopError> {
        Ok(EmailAddress(self.row()?.email.clone()))
    }

    /// When the address was confirmed; null while it is not.
    async fn email_confirmed_at(&self) -> Result<Option<DateTime>, TopError> {
        Ok(self.row()?.email_confirmed_at.map(DateTime))
    }

    /// The cabinet is deleted then, unless the address is confirmed before; null once it is.
    async fn confirmation_expires_at(&self) -> Result<Option<DateTime>, TopError> {
        Ok(self.row()?.confirmation_expires_at.map(DateTime))
    }

    /// The cabinet is deleted then, as the person asked, unless they cancel it before; null when it stays.
    async fn deletion_scheduled_for(&self, ctx: &Context<'_>) -> Result<Option<DateTime>, TopError> {
        deletion::scheduled_for(ctx, self.id).await
    }

    /// The person's name, as they gave it.
    async fn full_name(&self) -> Result<Option<&str>, TopError> {
        Ok(self.row()?.full_name.as_deref())
    }

    /// The person's phone, as they gave it.
    async fn phone(&self) -> Result<Option<&str>, TopError> {
        Ok(self.row()?.phone.as_deref())
    }

    /// The language of letters.
    async fn locale(&self) -> Result<Locale, TopError> {
        Ok(self.row()?.locale.into())
    }

    /// The devices that are signed in, the latest used first.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<session::Session>, TopError> {
        self.themselves(ctx)?;
        session::list(ctx).await
    }

    /// Tokens of the person's own scripts that still open something, newest first.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn access_tokens(&self, ctx: &Context<'_>) -> Result<Vec<access_token::AccessToken>, TopError> {
        self.themselves(ctx)?;
        access_token::list(ctx).await
    }

    /// Apps that the person let act for them, those that still may, newest first.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn authorized_clients(&self, ctx: &Context<'_>) -> Result<Vec<ClientGrant>, TopError> {
        self.themselves(ctx)?;
        consent::list(ctx).await
    }

    /// Whether a second factor is asked for.
    async fn two_factor(&self, ctx: &Context<'_>) -> Result<two_factor::TwoFactorStatus, TopError> {
        two_factor::status(ctx, self.themselves(ctx)?.user_id).await
    }

    /// The change of the address that waits for its mailboxes; null when there is none.
    async fn email_change(&self, ctx: &Context<'_>) -> Result<Option<email_change::EmailChange>, TopError> {
        email_change::pending(ctx, self).await
    }

    /// Documents in force that the person has not accepted in this version: to be shown before anything else. Nothing is
    /// refused as long as they are pending.
    #[graphql(complexity = "3 * child_complexity + 1")]
    async fn pending_agreements(&self, ctx: &Context<'_>) -> Result<Vec<agreement::Agreement>, TopError> {
        self.themselves(ctx)?;
        agreement::pending(ctx).await
    }

    /// The documents that the person has accepted, in every version, oldest first.
    #[graphql(complexity = "10 * child_complexity + 1")]
    async fn agreement_acceptances(&self, ctx: &Context<'_>) -> Result<Vec<agreement::AgreementAcceptance>, TopError> {
        self.themselves(ctx)?;
        agreement::accepted(ctx).await
    }

    /// The accounts that the person has attached, oldest attachment first.
    async fn personal_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, PersonalAccount, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.accounts.list_access(self.themselves(ctx)?, page).await?;
        ahead::look(ctx, &slice.items).await?;
        connection(slice, AccountAccess::list_key, PersonalAccount)
    }

    /// What the person did and what was done to their cabinet, newest first; nothing while the address is unconfirmed.
    async fn audit_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, AuditEvent, EmptyFields, EmptyFields>, TopError> {
        self.themselves(ctx)?;
        audit::list(ctx, Window::new(first, after, last, before)).await
    }

    /// The archives of the person's data that they asked for and that have not expired, newest first; none while the address
    /// is unconfirmed.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn exports(&self, ctx: &Context<'_>) -> Result<Vec<DataExport>, TopError> {
        self.themselves(ctx)?;
        exports::list(ctx).await
    }

    /// What the person paid here, for whatever account, newest first; nothing while the address is unconfirmed.
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
        #[graphql(desc = "Which ones; by default all.")] filter: Option<PaymentFilterInput>,
    ) -> Result<Connection<String, Payment, EmptyFields, EmptyFields>, TopError> {
        let (services, person) = (ctx.services()?, self.themselves(ctx)?);
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let filter = filter.unwrap_or_default().read()?;
        let slice = services.payments.list_paid_by(person, filter, page).await?;
        connection(slice, |payment| payment.id, Payment)
    }

    /// What the person lets be charged again, oldest first.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn saved_methods(&self, ctx: &Context<'_>) -> Result<Vec<SavedMethod>, TopError> {
        let methods = ctx.services()?.payments.saved_methods(self.themselves(ctx)?.user_id).await?;
        Ok(methods.into_iter().map(SavedMethod::from).collect())
    }

    /// The accounts that are paid by themselves, oldest first.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn autopays(&self, ctx: &Context<'_>) -> Result<Vec<Autopay>, TopError> {
        let autopays = ctx.services()?.payments.autopays(self.themselves(ctx)?.user_id).await?;
        Ok(autopays.into_iter().map(Autopay).collect())
    }

    /// Questions that the person asked the support service, newest first; none while the address is unconfirmed.
    async fn support_requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, SupportRequest, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.support.list_requests(self.themselves(ctx)?, page).await?;
        connection(slice, |request| request.id, SupportRequest)
    }

    /// The sum over all attached accounts.
    async fn balance(&self, ctx: &Context<'_>) -> Result<Balance, TopError> {
        Ok(Balance::sum(&self.all_access(ctx).await?))
    }

    /// What is owed and what was paid ahead over all attached accounts, without setting one off against the other.
    async fn account_totals(&self, ctx: &Context<'_>) -> Result<AccountTotals, TopError> {
        Ok(AccountTotals::of(&self.all_access(ctx).await?))
    }

    /// Accounts that others offer to share with the person; none while the address is unconfirmed.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn account_share_offers(&self, ctx: &Context<'_>) -> Result<Vec<AccountShareOffer>, TopError> {
        let person = self.themselves(ctx)?;
        offers(ctx, person, &self.row()?.email).await
    }
}

#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The signed-in person; null when nobody is.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<User>, TopError> {
        viewer(ctx).await
    }
}

/// Fields of a person that their row says nothing about.
const WITHOUT_ROW: [&str; 6] = ["__typename", "id", "personalAccounts", "balance", "accountTotals", "supportRequests"];

async fn viewer(ctx: &Context<'_>) -> Result<Option<User>, TopError> {
    let Some(person) = &ctx.actor()?.person else { return Ok(None) };
    // A confirmed person's session ends with their cabinet: that they are there needs no look.
    if person.confirmed && ctx.field().selection_set().all(|field| WITHOUT_ROW.contains(&field.name())) {
        return Ok(Some(User { id: person.user_id, row: None }));
    }
    Ok(ctx.services()?.identity.find_person(person).await?.map(User::from))
}
