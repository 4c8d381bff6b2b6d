//! How a transport that marks events itself (`id:` and `Last-Event-ID` of server-sent events) goes on behind one of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Data of one request. Without it a subscription goes by its arguments alone.
#[derive(Clone, Debug, Default)]
pub struct Resume {
    after: Option<String>,
    stream: Arc<Mutex<Stream>>,
}

#[derive(Debug, Default)]
struct Stream {
    followed: usize,
    last: Option<String>,
}

impl Resume {
    pub fn after(cursor: Option<String>) -> Self {
        Self { after: cursor, stream: Arc::default() }
    }

    /// Where the subscription begins: the transport is further than the argument, which stays as the client first wrote it.
    pub fn begin(&self, argument: Option<String>) -> Option<String> {
        self.stream().followed += 1;
        self.after.clone().or(argument)
    }

    /// Notes the cursor of the event that is told next.
    pub fn note(&self, cursor: &str) {
        self.stream().last = Some(cursor.to_owned());
    }

    /// The cursor of the event that was told last; none where two fields are followed, each with cursors of its own.
    pub fn last(&self) -> Option<String> {
        let stream = self.stream();
        stream.last.clone().filter(|_| stream.followed == 1)
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
