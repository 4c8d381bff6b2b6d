//! One operation of a live connection, in tasks of its own.

use std::sync::Arc;

use async_graphql::{Executor, Request, Response, Value};
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::graphql::resume::Resume;
use crate::http::Http;
use crate::http::caller::Caller;
use crate::http::detached::{detached, logged};
use crate::http::graphql::door::Price;
use crate::http::graphql::outcome::Outcome;
use crate::kernel::{Actor, Fault};

/// What an operation tells its connection. The generation tells it from another of the same id.
pub struct Event {
    pub id: String,
    pub generation: u64,
    pub news: News,
}

pub enum News {
    /// With the cursor to go on behind it, where the event has one.
    Next(Box<Outcome>, Option<String>),
    Complete,
    /// A request error; nothing follows.
    Refused(Box<Outcome>),
    /// The session behind the connection has ended.
    SessionEnded,
}

pub struct Operation<E> {
    pub http: Arc<Http<E>>,
    pub caller: Caller,
    /// None: the caller's session is asked for when the operation begins.
    pub actor: Option<Actor>,
    pub id: String,
    pub generation: u64,
    pub request: Request,
    pub price: Price,
    /// A subscription, else a query or a mutation.
    pub streams: bool,
    pub resume: Resume,
    /// Bounded: a client that reads slowly makes the stream wait.
    pub events: Sender<Event>,
    /// Cancelled when the client or the session is done with it.
    pub stop: CancellationToken,
}

impl<E: Executor> Operation<E> {
    /// Runs to the end of the operation. Work in the database is never cut off: a query or a mutation runs to its end,
    /// a subscription has `Pace::grace` to finish the event that it is in.
    pub async fn run(self) {
        let http = Arc::clone(&self.http);
        let (id, generation, events) = (self.id.clone(), self.generation, self.events.clone());
        if let Err(panicked) = detached(&http.tasks, self.execute()).await {
            let news = News::Refused(Box::new(Outcome::internal(&panicked.reference)));
            // The session may be over.
            let _ = events.send(Event { id, generation, news }).await;
        }
    }

    async fn execute(mut self) {
        let actor = match self.actor().await {
            Ok(actor) => actor,
            Err(news) => return self.tell(news).await,
        };
        let bill = match self.http.door.charge(&self.price, &actor) {
            Ok(bill) => bill,
            Err(limited) => return self.tell(News::Refused(limited)).await,
        };
        let request = std::mem::replace(&mut self.request, Request::new(""));
        let request = request.data(actor).data(self.resume.clone());
        let most = self.http.config.graphql.max_answer_bytes;
        if !self.streams {
            let Ok(_place) = self.http.gate.enter().await else {
                return self.tell(News::Refused(Box::new(Outcome::unavailable()))).await;
            };
            let response = self.http.executor.execute(request).await;
            return self.conclude(Outcome::from(response).with_cost(bill).within(most)).await;
        }
        // The first event carries what the subscription cost.
        let mut bill = Some(bill);
        let mut stream = self.http.executor.execute_stream(request, None);
        let mut first = true;
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                response = stream.next() => match response {
                    Some(response) => {
                        let outcome = bill.take().into_iter().fold(event(response, first), Outcome::with_cost);
                        match outcome.within(most) {
                            refused @ Outcome { data: None, .. } => {
                                return self.tell(News::Refused(Box::new(refused))).await;
                            }
                            outcome => self.tell(News::Next(Box::new(outcome), self.resume.last())).await,
                        }
                    }
                    None => return self.tell(self.end().await).await,
                },
            }
            first = false;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "nobody listens any more: lets running work end, then drops the wait"
        )]
        let _ = tokio::time::timeout(self.http.pace.grace, stream.next()).await;
    }

    /// Looks again at each operation: a session that was ended elsewhere starts nothing.
    async fn actor(&mut self) -> Result<Actor, News> {
        if let Some(actor) = self.actor.take() {
            return Ok(actor);
        }
        let Some(token) = &self.caller.token else { return Ok(self.caller.actor(None)) };
        match self.http.doors.bearer(token).await {
            Ok(Some(bearer)) => Ok(self.caller.actor(Some(bearer))),
            Ok(None) => Err(News::SessionEnded),
            Err(fault) => {
                let reference = logged(&fault);
                Err(News::Refused(Box::new(match fault {
                    Fault::Unavailable(_) | Fault::Busy { .. } | Fault::Conflict(_) => Outcome::unavailable(),
                    Fault::Internal(_) => Outcome::internal(&reference),
                })))
            }
        }
    }

    /// A stream ends when there is nothing more to tell, and when its session has ended: clients must know which.
    async fn end(&self) -> News {
        match &self.caller.token {
            Some(token) if matches!(self.http.doors.look(token).await, Ok(None)) => News::SessionEnded,
            _ => News::Complete,
        }
    }

    async fn conclude(&self, outcome: Outcome) {
        match outcome {
            refused @ Outcome { data: None, .. } => self.tell(News::Refused(Box::new(refused))).await,
            outcome => {
                self.tell(News::Next(Box::new(outcome), None)).await;
                self.tell(News::Complete).await;
            }
        }
    }

    /// Waits until the session takes it, unless nobody wants it any more.
    async fn tell(&self, news: News) {
        let event = Event { id: self.id.clone(), generation: self.generation, news };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            // An error means that the session is over, and then `stop` comes too.
            _ = self.events.send(event) => {}
        }
    }
}

/// A subscription that is refused at its start is a request error (GraphQL, September 2025, section 6.2.3.1).
/// async-graphql 7.2.1 sends it as an event of which the root field failed.
fn event(response: Response, first: bool) -> Outcome {
    let mut outcome = Outcome::from(response);
    let at_root = outcome.errors.iter().all(|error| error.path.len() <= 1);
    if first && at_root && !outcome.errors.is_empty() && outcome.data == Some(Value::Null) {
        outcome.data = None;
    }
    outcome
}
