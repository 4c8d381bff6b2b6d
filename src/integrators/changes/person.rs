//! Readings that a person follows: of every account that they may see, first those that they missed, then live.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use entity::enums::ChangeKind;
use entity::ids::PersonalAccountId;
use tokio::time::Instant;

use super::cursor::Cursor;
use super::hub::{Follower, Topic};
use super::news::{About, News};
use super::{Changes, FollowRefusal, store};
use crate::accounts::AccountAccess;
use crate::accounts::error::AccessRefusal;
use crate::kernel::{Failure, Fault, Person};
use crate::platform::wakeups::{Watch, Woken};

/// Changes read at once by who is behind.
const BATCH: u64 = 100;
const KIND: ChangeKind = ChangeKind::Reading;

type Access = HashMap<PersonalAccountId, AccountAccess>;

#[derive(Debug)]
pub struct PersonFeed {
    changes: Arc<Changes>,
    person: Person,
    /// None: every account that the person may see, later ones included.
    only: Option<Vec<PersonalAccountId>>,
    /// Of the last change that was told, or passed over.
    position: i64,
    /// Reads the database until it has come up with what the hub tells.
    behind: bool,
    read: VecDeque<Arc<News>>,
    access: Access,
    looked_at: Instant,
    follower: Follower,
    watch: Watch,
}

impl Changes {
    pub async fn follow_readings(
        self: &Arc<Self>,
        person: Person,
        only: Option<Vec<PersonalAccountId>>,
        after: Option<Cursor>,
    ) -> Result<PersonFeed, Failure<FollowRefusal>> {
        let watch = self.wakeups.watch(&person.session);
        let looked_at = Instant::now();
        let access = self.access(&person, only.as_deref()).await?;
        if only.as_ref().is_some_and(|only| only.iter().any(|id| !access.contains_key(id))) {
            return Err(Failure::Refused(FollowRefusal::AccountNotFound));
        }
        // Before the first look, so that nothing falls between.
        let reached = self.head().await?;
        let follower = self.join(topics(&access), reached);
        let position = match after {
            Some(Cursor { provider: None, position }) => {
                self.check(position).await?;
                position
            }
            Some(_) => return Err(Failure::Refused(FollowRefusal::Cursor)),
            None => reached,
        };
        let (changes, read) = (Arc::clone(self), VecDeque::new());
        Ok(PersonFeed { changes, person, only, position, behind: true, read, access, looked_at, follower, watch })
    }

    async fn access(
        &self,
        person: &Person,
        only: Option<&[PersonalAccountId]>,
    ) -> Result<Access, Failure<FollowRefusal>> {
        let accounts = &self.sources.accounts;
        let access = match only {
            Some(ids) => accounts.access_to(person, ids).await,
            None => accounts.all_access(person).await,
        };
        let access = access.map_err(|failure| {
            failure.map(|refusal| match refusal {
                AccessRefusal::NotConfirmed => FollowRefusal::NotConfirmed,
                AccessRefusal::NotFound => FollowRefusal::AccountNotFound,
            })
        })?;
        Ok(access.into_iter().map(|access| (access.id(), access)).collect())
    }
}

impl PersonFeed {
    /// The next change, the account as the person may see it, and the cursor behind it; none when the session has ended.
    pub async fn next(&mut self) -> Result<Option<(Arc<News>, AccountAccess, String)>, Fault> {
        loop {
            // Whoever takes what was read slowly does not go on seeing what they may see no more.
            if !self.read.is_empty() && self.looked_at.elapsed() >= self.changes.look_every {
                self.look_up_access().await?;
            }
            while let Some(news) = self.read.pop_front() {
                self.position = news.position;
                let cursor = Cursor { provider: None, position: news.position };
                if let Some(access) = self.shown(&news) {
                    return Ok(Some((news, access, cursor.to_text())));
                }
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            tokio::select! {
                told = self.follower.next() => match told? {
                    Some(news) if news.position > self.position => {
                        self.look_up_access().await?;
                        // What an account that joined brings may come before it.
                        if !self.behind {
                            self.read.push_back(news);
                        }
                    }
                    Some(_) => {}
                    None => self.behind = true,
                },
                woken = self.watch.woken() => match woken {
                    Woken::SessionEnded => return Ok(None),
                    Woken::Look => self.look_up_access().await?,
                },
                () = tokio::time::sleep_until(self.looked_at + self.changes.look_every) => self.look_up_access().await?,
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), Fault> {
        self.look_up_access().await?;
        let accounts: Vec<_> = self.access.keys().copied().collect();
        let db = self.changes.db.read();
        let changes = store::list_of_accounts(db, KIND, &accounts, self.position, BATCH).await?;
        self.changes.holds(self.position).await?;
        let Some(last) = changes.last().and_then(|change| change.position) else {
            self.behind = false;
            return Ok(());
        };
        self.read = self.changes.sources.read(&changes).await?.into_iter().map(Arc::new).collect();
        if self.read.is_empty() {
            self.position = last;
        }
        Ok(())
    }

    /// Accounts attached meanwhile join, detached ones leave.
    async fn look_up_access(&mut self) -> Result<(), Fault> {
        self.looked_at = Instant::now();
        let access = self.changes.access(&self.person, self.only.as_deref()).await;
        let access = access.map_err(|failure| match failure {
            Failure::Fault(fault) => fault,
            Failure::Refused(_) => Fault::internal("a confirmed person became unconfirmed"),
        })?;
        if access.len() != self.access.len() || access.keys().any(|id| !self.access.contains_key(id)) {
            self.follower.follow(topics(&access));
            self.read.clear();
            self.behind = true;
        }
        self.access = access;
        Ok(())
    }

    /// History needs FULL access; one's own reading does not. An app sees as far back as it was granted.
    fn shown(&self, news: &News) -> Option<AccountAccess> {
        let About::Reading(reading, ..) = &news.about else { return None };
        let access = self.access.get(&reading.personal_account_id)?;
        let own = reading.submitted_by == Some(self.person.user_id);
        let granted = access.key().since().shows_day(reading.taken_on);
        (granted && (access.is_full() || own)).then(|| access.clone())
    }
}

fn topics(access: &Access) -> Vec<Topic> {
    access.keys().map(|id| Topic::Account(*id, KIND)).collect()
}
