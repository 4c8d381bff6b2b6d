//! Answering, by the support service.

use entity::enums::SupportState;
use entity::ids::SupportRequestId;
use entity::support_request;

use super::error::SupportRefusal;
use super::event::SendSupportAnswer;
use super::{Support, store};
use crate::kernel::{Failure, Fault};

impl Support {
    /// Adds an answer to the thread and lets it be mailed to who asked; `close` says that nothing more is awaited. A message
    /// of the person opens it again.
    pub async fn answer(
        &self,
        id: SupportRequestId,
        text: &str,
        close: bool,
    ) -> Result<support_request::Model, Failure<SupportRefusal>> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Failure::Refused(SupportRefusal::TextMalformed));
        }
        let state = if close { SupportState::Closed } else { SupportState::Answered };
        let now = self.clock.now();
        let answered = self.db.transaction(|tx| async move {
            let request = store::lock_request_in(&tx, id).await?;
            let Some(request) = request else { return Err(Failure::Refused(SupportRefusal::RequestNotFound)) };
            let position = self.append_message_in(&tx, id, text, true).await?;
            store::move_request_in(&tx, id, state, now).await?;
            self.outbox.enqueue_in(&tx, &SendSupportAnswer { support_request_id: id, position }).await?;
            Ok(support_request::Model { state, moved_at: now, ..request })
        });
        answered.await
    }

    /// What waits for an answer, the longest first.
    pub async fn list_open(&self, most: u64) -> Result<Vec<support_request::Model>, Fault> {
        store::list_in_state(self.db.read(), SupportState::Open, most).await
    }
}
