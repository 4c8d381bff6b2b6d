//! Walks every chain and says where one is broken.

use entity::ids::UserId;

use super::chain::{Flaw, Walk};
use super::{Audit, store};
use crate::kernel::Fault;

const ROWS_AT_ONCE: u64 = 1000;

/// Where a chain is broken first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub user_id: UserId,
    pub sequence: i64,
    pub flaw: Flaw,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    pub chains: u64,
    pub events: u64,
    pub broken: Vec<Broken>,
}

impl Verification {
    fn end(&mut self, user_id: UserId, walk: Option<&Walk>) {
        if let Some(Err((sequence, flaw))) = walk.map(Walk::end) {
            self.broken.push(Broken { user_id, sequence, flaw });
        }
    }
}

impl Audit {
    /// Reads the log a thousand events at a time; acts may go on meanwhile.
    pub async fn verify(&self) -> Result<Verification, Fault> {
        let mut found = Verification::default();
        // The walk is none once the chain was found broken: its other events are not looked at.
        let mut current: Option<(UserId, Option<Walk>)> = None;
        let mut behind = None;
        loop {
            let rows = store::walk(self.db.read(), behind, ROWS_AT_ONCE).await?;
            let Some((last, _)) = rows.last() else { break };
            behind = Some((last.user_id, last.sequence));
            for (event, circumstances) in &rows {
                found.events = found.events.saturating_add(1);
                let user_id = event.user_id;
                let mut walk = match current.take() {
                    Some((same, walk)) if same == user_id => walk,
                    before => {
                        found.chains = found.chains.saturating_add(1);
                        if let Some((user_id, walk)) = before {
                            found.end(user_id, walk.as_ref());
                        }
                        Some(Walk::default())
                    }
                };
                if let Some(Err(flaw)) = walk.as_mut().map(|walk| walk.step(event, circumstances.as_ref())) {
                    found.broken.push(Broken { user_id, sequence: event.sequence, flaw });
                    walk = None;
                }
                current = Some((user_id, walk));
            }
        }
        if let Some((user_id, walk)) = current {
            found.end(user_id, walk.as_ref());
        }
        Ok(found)
    }
}
