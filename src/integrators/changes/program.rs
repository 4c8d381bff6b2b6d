//! What a provider's program follows: changes of all accounts of the provider, first those that it missed, then live.

use std::collections::VecDeque;
use std::sync::Arc;

use entity::enums::ChangeKind;
use entity::ids::PersonalAccountId;

use super::cursor::Cursor;
use super::hub::{Follower, Topic};
use super::news::News;
use super::{Changes, FollowRefusal, store};
use crate::kernel::{ApiClient, Failure, Fault};

/// Changes read at once by who is behind.
const BATCH: u64 = 200;

#[derive(Debug)]
pub struct ProgramFeed {
    changes: Arc<Changes>,
    client: ApiClient,
    kind: ChangeKind,
    /// None: every account of the provider.
    only: Option<Vec<PersonalAccountId>>,
    /// Of the last change that was told, or passed over.
    position: i64,
    /// Reads the database until it has come up with what the hub tells.
    behind: bool,
    read: VecDeque<Arc<News>>,
    follower: Follower,
}

impl Changes {
    /// Changes of a kind behind the cursor, or from now on.
    pub async fn follow(
        self: &Arc<Self>,
        client: ApiClient,
        kind: ChangeKind,
        only: Option<Vec<PersonalAccountId>>,
        after: Option<Cursor>,
    ) -> Result<ProgramFeed, Failure<FollowRefusal>> {
        if let Some(only) = &only
            && self.sources.accounts.accounts_of(client.provider_id, only).await?.len() < distinct(only)
        {
            return Err(Failure::Refused(FollowRefusal::AccountNotFound));
        }
        // Before the first look, so that nothing falls between.
        let reached = self.head().await?;
        let topics = match &only {
            None => vec![Topic::Provider(client.provider_id, kind)],
            Some(only) => only.iter().map(|id| Topic::Account(*id, kind)).collect(),
        };
        let follower = self.join(topics, reached);
        let position = match after {
            Some(cursor) if cursor.provider == Some(client.provider_id) => {
                self.check(cursor.position).await?;
                cursor.position
            }
            Some(_) => return Err(Failure::Refused(FollowRefusal::Cursor)),
            None => reached,
        };
        let (changes, read) = (Arc::clone(self), VecDeque::new());
        let mut feed = ProgramFeed { changes, client, kind, only, position, behind: true, read, follower };
        feed.catch_up().await?;
        Ok(feed)
    }
}

impl ProgramFeed {
    pub fn client(&self) -> &ApiClient {
        &self.client
    }

    /// The next change, and the cursor behind it. Waits for as long as it takes: whoever listens ends it.
    pub async fn next(&mut self) -> Result<(Arc<News>, String), Fault> {
        loop {
            if let Some(news) = self.read.pop_front() {
                self.position = news.position;
                let cursor = Cursor { provider: Some(self.client.provider_id), position: news.position };
                return Ok((news, cursor.to_text()));
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            match self.follower.next().await? {
                Some(news) if news.position > self.position => self.read.push_back(news),
                Some(_) => {}
                None => self.behind = true,
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), Fault> {
        let wanted = (self.client.provider_id, self.kind);
        let db = self.changes.db.read();
        let changes = store::list_of_provider(db, wanted, self.only.as_deref(), self.position, BATCH).await?;
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
}

fn distinct(ids: &[PersonalAccountId]) -> usize {
    ids.iter().collect::<std::collections::HashSet<_>>().len()
}
