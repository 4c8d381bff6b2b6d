//! The deletion of the cabinet: asked for, told, cancelled.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use entity::enums::Locale;
use entity::ids::UserId;

use super::User;
use super::step_up::{StepUpInput, step_up_error};
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError};
use crate::graphql::scalars::DateTime;
use crate::identity::error::DeletionRefusal;
use crate::identity::kept_record;
use crate::kernel::{Failure, Fault};

/// What happens when a cabinet is deleted. To be shown before `deleteMyCabinet`.
#[derive(Clone, Debug, SimpleObject)]
pub struct CabinetDeletion {
    /// Days between asking and the deletion, in which it can be cancelled.
    pub grace_days: i32,
    /// What stays, under a pseudonym instead of the person. Everything else is deleted.
    pub kept_records: Vec<KeptRecord>,
}

/// Something that stays when a cabinet is deleted.
#[derive(Clone, Debug, SimpleObject)]
pub struct KeptRecord {
    /// What it is.
    pub kind: KeptRecordKind,
    /// What it is and why it is kept, for people, in the request's language.
    pub description: String,
    /// Years for which it is kept, since the law asks for it; null where the law names no term.
    pub years: Option<i32>,
}

/// What stays when a cabinet is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "kept_record::KeptRecord")]
pub enum KeptRecordKind {
    /// Payments, as accounting papers.
    Payments,
    /// Readings that were sent: they belong to the account's history.
    Readings,
    /// Which agreements were accepted and when.
    Acceptances,
    /// What was done and when, without from where.
    AuditChain,
    /// The record of the deletion.
    Erasure,
}

/// The deletion of the viewer's cabinet.
#[derive(Clone, InputObject)]
pub struct DeleteMyCabinetInput {
    /// The proof that it is the owner who asks.
    pub step_up: StepUpInput,
}

/// What became of the wish.
#[derive(Default, SimpleObject)]
pub struct DeleteMyCabinetPayload {
    /// The viewer, with `deletionScheduledFor`. Their other sessions have ended; this one goes on.
    pub viewer: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// The cabinet stays.
#[derive(Default, SimpleObject)]
pub struct CancelCabinetDeletionPayload {
    /// The viewer, whose cabinet stays.
    pub viewer: Option<User>,
    /// Always empty.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct DeletionQuery;

#[Object]
impl DeletionQuery {
    /// What happens when a cabinet is deleted, and what is kept.
    async fn cabinet_deletion(&self, ctx: &Context<'_>) -> Result<CabinetDeletion, TopError> {
        let config = &ctx.services()?.config;
        let days = config.identity.deletion_grace.num_days();
        let locale = ctx.actor()?.locale;
        let kept = kept_record::KeptRecord::ALL.into_iter().map(|record| KeptRecord {
            kind: record.into(),
            description: record.description(locale).to_owned(),
            years: record.years(&config.retention).and_then(|years| i32::try_from(years).ok()),
        });
        Ok(CabinetDeletion { grace_days: i32::try_from(days).unwrap_or(i32::MAX), kept_records: kept.collect() })
    }
}

#[derive(Default)]
pub struct DeletionMutation;

#[Object]
impl DeletionMutation {
    /// Asks for the deletion of the viewer's cabinet at the end of the days of grace. A letter tells the date and how to
    /// cancel. Asked again, the date stays.
    async fn delete_my_cabinet(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: DeleteMyCabinetInput,
    ) -> Result<DeleteMyCabinetPayload, TopError> {
        let (actor, person, step_up) = (ctx.actor()?, ctx.person()?, input.step_up.into());
        match ctx.services()?.identity.request_deletion(actor, person, &step_up).await {
            Ok(_) => Ok(DeleteMyCabinetPayload { viewer: Some(viewer(ctx).await?), user_errors: Vec::new() }),
            Err(Failure::Refused(refusal)) => {
                Ok(DeleteMyCabinetPayload { viewer: None, user_errors: vec![deletion_error(&refusal, actor.locale)] })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// The viewer's cabinet stays after all. Nothing changes when no deletion was asked for.
    async fn cancel_cabinet_deletion(&self, ctx: &Context<'_>) -> Result<CancelCabinetDeletionPayload, TopError> {
        ctx.services()?.identity.cancel_deletion(ctx.actor()?, ctx.person()?).await?;
        Ok(CancelCabinetDeletionPayload { viewer: Some(viewer(ctx).await?), user_errors: Vec::new() })
    }
}

fn deletion_error(refusal: &DeletionRefusal, locale: Locale) -> UserError {
    match refusal {
        DeletionRefusal::NotConfirmed => UserError::basic(ErrorCode::EmailNotConfirmed, None, locale),
        DeletionRefusal::StepUp(refusal) => step_up_error(refusal, locale),
    }
}

async fn viewer(ctx: &Context<'_>) -> Result<User, TopError> {
    let user = ctx.services()?.identity.find_person(ctx.person()?).await?;
    Ok(User::from(user.ok_or_else(|| Fault::internal("a session without a person"))?))
}

/// Also in the answer to a sign-in, whose request is nobody's yet.
pub async fn scheduled_for(ctx: &Context<'_>, user_id: UserId) -> Result<Option<DateTime>, TopError> {
    Ok(ctx.services()?.identity.deletion_of(user_id).await?.map(DateTime))
}
