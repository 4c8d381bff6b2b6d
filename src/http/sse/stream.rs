//! The life of one event stream: what its operation tells, and the clocks.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, ServerError};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::format::{self, COMPLETE, FAREWELL, HEARTBEAT};
use crate::graphql::resume::Resume;
use crate::http::Http;
use crate::http::caller::Caller;
use crate::http::graphql::document::Prepared;
use crate::http::graphql::outcome::coded;
use crate::http::live::operation::{Event, News, Operation};
use crate::http::live::{Vigil, over};
use crate::kernel::Actor;

/// The stream is over.
struct Over;

pub struct Stream<E> {
    http: Arc<Http<E>>,
    vigil: Option<Vigil<E>>,
    texts: Sender<String>,
    events: Sender<Event>,
    told: Receiver<Event>,
    stop: CancellationToken,
    #[expect(dead_code, reason = "held for its drop: the operation ends with the stream")]
    stopping: DropGuard,
}

impl<E: Executor> Stream<E> {
    pub fn new(http: Arc<Http<E>>, vigil: Option<Vigil<E>>, texts: Sender<String>) -> Self {
        // One: what the reader has not taken waits in the database.
        let (events, told) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let stopping = stop.clone().drop_guard();
        Self { http, vigil, texts, events, told, stop, stopping }
    }

    pub fn operation(&self, caller: Caller, actor: Actor, prepared: Prepared, resume: Resume) -> Operation<E> {
        Operation {
            http: Arc::clone(&self.http),
            caller,
            actor: Some(actor),
            id: String::new(),
            generation: 0,
            request: prepared.request,
            price: prepared.price,
            streams: prepared.kind == OperationType::Subscription,
            resume,
            events: self.events.clone(),
            stop: self.stop.clone(),
        }
    }

    /// Until the operation, the session, the reader or the server is at its end.
    pub async fn run(mut self) {
        let period = self.http.pace.heartbeat;
        let mut heartbeats = interval_at(Instant::now() + period, period);
        heartbeats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = self.http.shutdown.clone();
        loop {
            let step = tokio::select! {
                biased;
                () = shutdown.cancelled() => self.farewell(),
                () = over(&mut self.vigil) => self.session_ended(),
                () = self.texts.closed() => Err(Over),
                // Never none: this stream holds a sender.
                Some(event) = self.told.recv() => self.relay(event.news).await,
                _ = heartbeats.tick() => self.send(HEARTBEAT.to_owned()).await,
            };
            if step.is_err() {
                return;
            }
        }
    }

    async fn relay(&mut self, news: News) -> Result<(), Over> {
        match news {
            News::Next(outcome, cursor) => self.send(format::next(&outcome, cursor.as_deref())).await,
            News::Complete => self.last(COMPLETE.to_owned()).await,
            News::Refused(outcome) => self.last(format::next(&outcome, None) + COMPLETE).await,
            News::SessionEnded => self.session_ended(),
        }
    }

    /// Waits for a slow reader, but not for one that reads nothing at all, and for none when the stream must end.
    async fn send(&mut self, text: String) -> Result<(), Over> {
        let shutdown = self.http.shutdown.clone();
        tokio::select! {
            sent = self.texts.send(text) => sent.map_err(|_| Over),
            () = shutdown.cancelled() => self.farewell(),
            () = over(&mut self.vigil) => self.session_ended(),
            () = tokio::time::sleep(self.http.pace.silence) => Err(Over),
        }
    }

    async fn last(&mut self, text: String) -> Result<(), Over> {
        self.send(text).await.and(Err(Over))
    }

    /// Without `complete`: the client comes back with its last cursor. A reader that is behind finds a broken stream.
    fn farewell(&self) -> Result<(), Over> {
        let _ = self.texts.try_send(FAREWELL.to_owned());
        Err(Over)
    }

    /// With `complete`: coming back makes no sense.
    fn session_ended(&self) -> Result<(), Over> {
        let error = ServerError::new("The session has ended: sign in again.", None);
        let text = format::next(&coded(error, "UNAUTHENTICATED").into(), None) + COMPLETE;
        let _ = self.texts.try_send(text);
        Err(Over)
    }
}
