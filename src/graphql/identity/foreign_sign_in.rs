//! "It was not me", said by a client.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::User;
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::identity::error::ReportRefusal;
use crate::kernel::Failure;

/// Which sign-in was somebody else's.
#[derive(Clone, InputObject)]
pub struct ReportForeignSignInInput {
    /// From the link in the letter about a sign-in from a new device.
    pub token: String,
}

/// What became of the report.
#[derive(Default, SimpleObject)]
pub struct ReportForeignSignInPayload {
    /// Whose sessions have ended. Their password is void: the letter that is on its way sets another.
    pub user: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ForeignSignInMutation;

#[Object]
impl ForeignSignInMutation {
    /// Says that a sign-in was somebody else's: every session of the person ends, the password is void, and a letter with a
    /// link that sets another is sent. The token works once, for seven days.
    async fn report_foreign_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sign-in was somebody else's.")] input: ReportForeignSignInInput,
    ) -> Result<ReportForeignSignInPayload, TopError> {
        let actor = ctx.actor()?;
        match ctx.services()?.identity.report_foreign_sign_in(actor, &input.token).await {
            Ok(user) => Ok(ReportForeignSignInPayload { user: Some(User::from(user)), user_errors: Vec::new() }),
            Err(Failure::Refused(ReportRefusal::BadToken)) => {
                let error = UserError::basic(ErrorCode::TokenInvalid, path(["token"]), actor.locale);
                Ok(ReportForeignSignInPayload { user: None, user_errors: vec![error] })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}
