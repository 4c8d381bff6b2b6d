//! The documents that a person accepts, and what they have accepted.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::agreement_acceptance;

use super::{User, viewer};
use crate::graphql::context::Find;
use crate::graphql::enums::AgreementKind;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::ids;
use crate::graphql::scalars::DateTime;
use crate::identity::agreement;
use crate::identity::error::AcceptanceRefusal;
use crate::kernel::Failure;

/// A document that must be accepted, at registration and again when its text changes.
pub struct Agreement(pub &'static agreement::Agreement);

/// A document that must be accepted, at registration and again when its text changes.
#[Object]
impl Agreement {
    /// Names the document and its version: goes into `acceptedAgreements` and `acceptAgreements`.
    async fn id(&self) -> ID {
        ID(self.0.id())
    }

    /// What the document is.
    async fn kind(&self) -> AgreementKind {
        self.0.kind.into()
    }

    /// The day of this version.
    async fn version(&self) -> &str {
        self.0.version
    }

    /// Its title in the reader's language.
    async fn title(&self, ctx: &Context<'_>) -> Result<&'static str, TopError> {
        Ok(self.0.title(ctx.actor()?.locale))
    }

    /// Its text in the reader's language.
    async fn text(&self, ctx: &Context<'_>) -> Result<&'static str, TopError> {
        Ok(self.0.text(ctx.actor()?.locale))
    }

    /// Where it is published, when it is.
    async fn url(&self) -> Option<String> {
        None
    }
}

/// A document that the person accepted, in one of its versions.
pub struct AgreementAcceptance(agreement_acceptance::Model);

/// A document that the person accepted, in one of its versions.
#[Object]
impl AgreementAcceptance {
    /// TypeID with the prefix `acceptance`.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// What the document is.
    async fn kind(&self) -> AgreementKind {
        self.0.kind.into()
    }

    /// The day of the version that was accepted.
    async fn version(&self) -> &str {
        &self.0.version
    }

    /// When it was accepted.
    async fn accepted_at(&self) -> DateTime {
        DateTime(self.0.accepted_at)
    }

    /// Network address that it was accepted from.
    async fn address(&self) -> &str {
        &self.0.address
    }
}

/// What the person ticked.
#[derive(Clone, Debug, InputObject)]
pub struct AcceptAgreementsInput {
    /// Ids of `viewer.pendingAgreements`, each ticked by the person. Those accepted already are left as they were.
    pub ids: Vec<ID>,
}

/// What became of the acceptance.
#[derive(Default, SimpleObject)]
pub struct AcceptAgreementsPayload {
    /// The person, with what is still pending.
    pub viewer: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct AgreementMutation;

#[Object]
impl AgreementMutation {
    /// Accepts documents in force; version, time and network address are kept.
    async fn accept_agreements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the person ticked.")] input: AcceptAgreementsInput,
    ) -> Result<AcceptAgreementsPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        let ids: Vec<_> = input.ids.into_iter().map(|id| id.0).collect();
        let error = match ctx.services()?.identity.accept_agreements(actor, person, &ids).await {
            Ok(()) => return Ok(AcceptAgreementsPayload { viewer: viewer(ctx).await?, user_errors: Vec::new() }),
            Err(Failure::Fault(fault)) => return Err(fault.into()),
            Err(Failure::Refused(AcceptanceRefusal::NotConfirmed)) => {
                UserError::basic(ErrorCode::EmailNotConfirmed, None, actor.locale)
            }
            Err(Failure::Refused(AcceptanceRefusal::Empty)) => {
                UserError::basic(ErrorCode::Empty, path(["ids"]), actor.locale)
            }
            Err(Failure::Refused(AcceptanceRefusal::NotInForce { index })) => {
                UserError::basic(ErrorCode::AgreementNotInForce, path(["ids", &index.to_string()]), actor.locale)
            }
        };
        Ok(AcceptAgreementsPayload { viewer: None, user_errors: vec![error] })
    }
}

pub async fn pending(ctx: &Context<'_>) -> Result<Vec<Agreement>, TopError> {
    let pending = ctx.services()?.identity.pending_agreements(ctx.person()?).await?;
    Ok(pending.into_iter().map(Agreement).collect())
}

pub async fn accepted(ctx: &Context<'_>) -> Result<Vec<AgreementAcceptance>, TopError> {
    let accepted = ctx.services()?.identity.agreement_acceptances(ctx.person()?).await?;
    Ok(accepted.into_iter().map(AgreementAcceptance).collect())
}
