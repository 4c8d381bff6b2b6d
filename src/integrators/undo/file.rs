//! Takes back what a file brought, a thousand statements at a time.

use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use entity::ids::{ImportFileId, StatementId};
use entity::import_file;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Became, Brought, Undo, UndoRefusal, Undone, store};
use crate::integrators::batch::MOST_ROWS;
use crate::integrators::register::Kind;
use crate::kernel::{Failure, Fault};

/// Statements that stayed, of which is told why.
const MOST_REFUSED: usize = 20;

/// How many statements of a file became what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndoneFile {
    /// They stand no more.
    pub withdrawn: u64,
    /// The earlier issues have their places again.
    pub restored: u64,
    /// They stood no more before.
    pub already: u64,
    /// They stay.
    pub refused: u64,
    /// The first of those that stay.
    pub reasons: Vec<Undone>,
    /// Stopped on request: the same once more goes on from there.
    pub interrupted: bool,
}

/// How a file is taken back.
#[derive(Clone, Copy, Debug, Default)]
pub struct How<'a> {
    /// Answers, and leaves nothing.
    pub dry_run: bool,
    /// In a dry run: the files of later months that were tried before.
    pub tried: &'a [Uuid],
}

impl AddAssign<Vec<Undone>> for UndoneFile {
    fn add_assign(&mut self, undone: Vec<Undone>) {
        for one in undone {
            match one.became {
                Became::Withdrawn => self.withdrawn += 1,
                Became::Restored => self.restored += 1,
                Became::Already => self.already += 1,
                Became::Refused(_) => {
                    self.refused += 1;
                    if self.reasons.len() < MOST_REFUSED {
                        self.reasons.push(one);
                    }
                }
            }
        }
    }
}

impl Undo {
    /// What was loaded from files, the one begun last first.
    pub async fn list_files(&self, most: u64) -> Result<Vec<import_file::Model>, Fault> {
        store::list_files(self.db.read(), most).await
    }

    /// Files of statements that a provider loaded under these names within a time.
    pub async fn find_loaded(
        &self,
        provider: &str,
        names: &[&str],
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Vec<import_file::Model>, Fault> {
        store::find_loaded(self.db.read(), provider, names, (from, to)).await
    }

    pub async fn find_file(&self, id: ImportFileId) -> Result<Option<import_file::Model>, Fault> {
        store::find_file(self.db.read(), id).await
    }

    /// Takes back what a file brought; as soon as something is, the file counts as not loaded. `advanced` hears how many statements more were
    /// looked at. Cut off, it goes on from there when it is asked again.
    pub async fn file(
        &self,
        file: &import_file::Model,
        how: How<'_>,
        stop: &CancellationToken,
        advanced: &(dyn Fn(u64) + Sync),
    ) -> Result<UndoneFile, Failure<UndoRefusal>> {
        if file.kind != Kind::Statements.word() {
            return Err(Failure::Refused(UndoRefusal::NotStatements));
        }
        let provider = self.accounts.provider_id(&file.provider_code).await?;
        let provider = match provider {
            Some(id) => self.accounts.find_provider(id).await?,
            None => None,
        };
        let context = self.context(provider.ok_or(Failure::Refused(UndoRefusal::NotFound))?)?;
        let (source, How { dry_run, tried }) = (file.id.0, how);
        let (mut done, mut after) = (UndoneFile::default(), None::<StatementId>);
        loop {
            if stop.is_cancelled() {
                return Ok(UndoneFile { interrupted: true, ..done });
            }
            let file = (!dry_run).then_some(file.id);
            let brought = Brought { source, after, most: MOST_ROWS as u64, tried, file };
            let (undone, last) = self.take_back(&context, brought, dry_run).await?;
            if last.is_none() {
                return Ok(done);
            }
            after = last;
            advanced(undone.len() as u64);
            done += undone;
        }
    }
}
