//! What the viewer says about themselves.

use async_graphql::{Context, InputObject, MaybeUndefined, Object, SimpleObject};

use super::User;
use crate::graphql::context::Find;
use crate::graphql::enums::Locale;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::identity::error::ProfileRefusal;
use crate::identity::profile::ProfileChange;
use crate::kernel::Failure;

/// What to change; a field that is not given stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct UpdateProfileInput {
    /// 1 to 200 characters, without control characters; null clears it.
    pub full_name: MaybeUndefined<String>,
    /// Kept in E.164 (`+79123456789`), however it is written; without a country code it is Russian. Null clears it.
    pub phone: MaybeUndefined<String>,
    /// The language of letters; null leaves it as it is.
    pub locale: Option<Locale>,
}

/// What became of the change.
#[derive(Default, SimpleObject)]
pub struct UpdateProfilePayload {
    /// The viewer as they are now.
    pub viewer: Option<User>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ProfileMutation;

#[Object]
impl ProfileMutation {
    /// Changes the viewer's name, phone and language.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateProfileInput,
    ) -> Result<UpdateProfilePayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        let change = ProfileChange {
            full_name: input.full_name.into(),
            phone: input.phone.into(),
            locale: input.locale.map(Into::into),
        };
        let (code, field) = match ctx.services()?.identity.update_profile(actor, person, change).await {
            Ok(user) => return Ok(UpdateProfilePayload { viewer: Some(User::from(user)), user_errors: Vec::new() }),
            Err(Failure::Fault(fault)) => return Err(fault.into()),
            Err(Failure::Refused(ProfileRefusal::NotConfirmed)) => (ErrorCode::EmailNotConfirmed, None),
            Err(Failure::Refused(ProfileRefusal::NameMalformed)) => (ErrorCode::NameMalformed, path(["fullName"])),
            Err(Failure::Refused(ProfileRefusal::PhoneMalformed)) => (ErrorCode::PhoneMalformed, path(["phone"])),
        };
        Ok(UpdateProfilePayload { viewer: None, user_errors: vec![UserError::basic(code, field, actor.locale)] })
    }
}
