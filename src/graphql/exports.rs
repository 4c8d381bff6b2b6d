//! The archive of all data of a person.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::data_export;
use entity::enums::Locale;

use super::context::Find;
use super::error::{ErrorCode, TopError, UserError};
use super::identity::step_up::{StepUpInput, step_up_error};
use super::ids;
use super::scalars::DateTime;
use crate::exports::error::ExportRefusal;
use crate::exports::request;
use crate::kernel::Failure;

/// Where an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "request::ExportState")]
pub enum DataExportState {
    /// It waits or is being made.
    Pending,
    /// It can be fetched.
    Ready,
    /// It could not be made within a day: ask for another.
    Failed,
}

/// An archive of all data of a person that they asked for.
#[derive(Clone, Debug)]
pub struct DataExport(pub data_export::Model);

/// An archive of all data of a person that they asked for.
#[Object]
impl DataExport {
    /// TypeID with the prefix `export`.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// Where it is.
    async fn state(&self, ctx: &Context<'_>) -> Result<DataExportState, TopError> {
        Ok(ctx.services()?.exports.state(&self.0).into())
    }

    /// When it was asked for.
    async fn requested_at(&self) -> DateTime {
        DateTime(self.0.requested_at)
    }

    /// Rows that are written so far, those of CSV and those of JSON: grows while it is made.
    async fn records(&self) -> i32 {
        i32::try_from(self.0.records).unwrap_or(i32::MAX)
    }

    /// When it was ready; null before.
    async fn ready_at(&self) -> Option<DateTime> {
        self.0.ready_at.map(DateTime)
    }

    /// It is deleted then; null before it is ready.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime)
    }

    /// Size in KiB, rounded up; null before it is ready.
    async fn size_kib(&self) -> Option<i32> {
        Some(i32::try_from(u64::try_from(self.0.size?).ok()?.div_ceil(1024)).unwrap_or(i32::MAX))
    }

    /// Where it is fetched by GET, with the viewer's session in the cookie or as bearer; null before it is ready.
    async fn download_url(&self, ctx: &Context<'_>) -> Result<Option<String>, TopError> {
        let site = &ctx.services()?.config.http.public_url;
        let id = ids::text("export", self.0.id.0);
        Ok(self.0.ready_at.map(|_| format!("{site}/exports/{id}")))
    }
}

/// The archive of the viewer's data.
#[derive(Clone, InputObject)]
pub struct ExportMyDataInput {
    /// The proof that it is the owner who asks.
    pub step_up: StepUpInput,
}

/// What became of the wish.
#[derive(Default, SimpleObject)]
pub struct ExportMyDataPayload {
    /// The archive that will be made.
    pub export: Option<DataExport>,
    /// Why none will be; empty when one will.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ExportMutation;

#[Object]
impl ExportMutation {
    /// Asks for an archive (zip) of all data of the viewer, as CSV and as JSON. It is made in the background; a letter tells
    /// when it is ready. One at a time, and a few in 24 hours.
    async fn export_my_data(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: ExportMyDataInput,
    ) -> Result<ExportMyDataPayload, TopError> {
        let (actor, person, step_up) = (ctx.actor()?, ctx.person()?, input.step_up.into());
        match ctx.services()?.exports.request_export(actor, person, &step_up).await {
            Ok(export) => Ok(ExportMyDataPayload { export: Some(DataExport(export)), user_errors: Vec::new() }),
            Err(Failure::Refused(refusal)) => {
                Ok(ExportMyDataPayload { export: None, user_errors: vec![export_error(&refusal, actor.locale)] })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn export_error(refusal: &ExportRefusal, locale: Locale) -> UserError {
    match refusal {
        ExportRefusal::NotConfirmed => UserError::basic(ErrorCode::EmailNotConfirmed, None, locale),
        ExportRefusal::StepUp(refusal) => step_up_error(refusal, locale),
        ExportRefusal::Running => UserError::basic(ErrorCode::ExportRunning, None, locale),
        ExportRefusal::TooMany { seconds } => UserError::retry_later(ErrorCode::TooManyExports, None, *seconds, locale),
    }
}

pub async fn list(ctx: &Context<'_>) -> Result<Vec<DataExport>, TopError> {
    let exports = ctx.services()?.exports.list(ctx.person()?).await?;
    Ok(exports.into_iter().map(DataExport).collect())
}
