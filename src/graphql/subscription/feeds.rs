//! Feeds of changes as streams of events.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::enums::ChangeKind;
use entity::ids::PersonalAccountId;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::accounts::AccountAccess;
use crate::graphql::context::Find;
use crate::graphql::error::TopError;
use crate::graphql::ids;
use crate::graphql::resume::Resume;
use crate::integrators::changes::FollowRefusal;
use crate::integrators::changes::cursor::Cursor;
use crate::integrators::changes::news::News;
use crate::integrators::changes::person::PersonFeed;
use crate::integrators::changes::program::ProgramFeed;
use crate::kernel::{ApiClient, Failure};

pub type Events<T> = BoxStream<'static, Result<T, TopError>>;
/// Makes an event of a change, the account as whoever follows may see it, and the cursor.
pub type Told<T> = fn(&News, AccountAccess, String) -> Option<T>;

/// What is asked for: which accounts, and from where on.
pub struct Asked {
    pub only: Option<Vec<PersonalAccountId>>,
    pub after: Option<String>,
    pub resume: Resume,
}

impl Asked {
    pub fn read(ctx: &Context<'_>, ids: Option<Vec<ID>>, after: Option<String>) -> Result<Self, TopError> {
        let decode_all = |ids: Vec<ID>| ids.iter().map(|id| ids::decode(id)).collect::<Option<Vec<_>>>();
        let only = ids.map(|ids| decode_all(ids).ok_or_else(no_account)).transpose()?;
        let resume = ctx.data_opt::<Resume>().cloned().unwrap_or_default();
        let after = resume.begin(after);
        Ok(Self { only, after, resume })
    }

    fn cursor(&self) -> Result<Option<Cursor>, TopError> {
        self.after.as_deref().map(|text| Cursor::from_text(text).ok_or_else(bad_cursor)).transpose()
    }
}

pub fn no_account() -> TopError {
    TopError::BadInput("There is no such account, or it is not attached.".to_owned())
}

pub fn bad_cursor() -> TopError {
    TopError::BadInput("The cursor is none of this subscription's.".to_owned())
}

/// Changes of every account of the program's provider.
pub async fn of_program<T: Send + 'static>(
    ctx: &Context<'_>,
    client: &ApiClient,
    kind: ChangeKind,
    asked: Asked,
    event: Told<T>,
) -> Result<Events<T>, TopError> {
    let cursor = asked.cursor()?;
    let changes = Arc::clone(&ctx.services()?.changes);
    let feed = changes.follow(client.clone(), kind, asked.only, cursor).await.map_err(refused)?;
    let begin = Some((feed, asked.resume));
    let next = move |state: Option<(ProgramFeed, Resume)>| async move {
        let (mut feed, resume) = state?;
        loop {
            match feed.next().await {
                Ok((news, cursor)) => {
                    let Some(access) = AccountAccess::of_client(feed.client(), news.account.clone()) else { continue };
                    let Some(told) = event(&news, access, cursor.clone()) else { continue };
                    resume.note(&cursor);
                    return Some((Ok(told), Some((feed, resume))));
                }
                // A stream that failed ends: the client comes back with its cursor.
                Err(fault) => return Some((Err(fault.into()), None)),
            }
        }
    };
    Ok(stream::unfold(begin, next).boxed())
}

/// Changes of readings of the accounts that the person may see.
pub async fn of_person<T: Send + 'static>(
    ctx: &Context<'_>,
    asked: Asked,
    event: Told<T>,
) -> Result<Events<T>, TopError> {
    let cursor = asked.cursor()?;
    let (changes, person) = (Arc::clone(&ctx.services()?.changes), ctx.person()?.clone());
    let feed = changes.follow_readings(person, asked.only, cursor).await.map_err(refused)?;
    let begin = Some((feed, asked.resume));
    let next = move |state: Option<(PersonFeed, Resume)>| async move {
        let (mut feed, resume) = state?;
        loop {
            match feed.next().await {
                Ok(news) => {
                    let (news, access, cursor) = news?;
                    let Some(told) = event(&news, access, cursor.clone()) else { continue };
                    resume.note(&cursor);
                    return Some((Ok(told), Some((feed, resume))));
                }
                Err(fault) => return Some((Err(fault.into()), None)),
            }
        }
    };
    Ok(stream::unfold(begin, next).boxed())
}

fn refused(failure: Failure<FollowRefusal>) -> TopError {
    match failure {
        Failure::Fault(fault) => fault.into(),
        Failure::Refused(FollowRefusal::NotConfirmed) => TopError::NotConfirmed,
        Failure::Refused(FollowRefusal::AccountNotFound) => no_account(),
        Failure::Refused(FollowRefusal::Cursor) => bad_cursor(),
        Failure::Refused(FollowRefusal::CursorTooOld) => TopError::CursorTooOld,
    }
}
