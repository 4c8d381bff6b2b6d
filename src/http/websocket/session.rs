//! The life of one socket: what the client says, what its operations tell, and the clocks.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Executor;
use async_graphql::parser::types::OperationType;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use poem::web::websocket::{Message, WebSocketStream};
use serde_json::{Map, Value};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::protocol::{self, End, FromClient};
use crate::graphql::document::Size;
use crate::graphql::resume::Resume;
use crate::http::Http;
use crate::http::caller::Caller;
use crate::http::detached::{detached, logged};
use crate::http::graphql::document::{Prepared, prepare};
use crate::http::graphql::envelope::Envelope;
use crate::http::live::operation::{Event, News, Operation};
use crate::http::live::{Vigil, over};
use crate::kernel::Bearer;
use crate::platform::telemetry::Bond;

/// Events that wait for a slow reader, all operations together.
const WAITING_EVENTS: usize = 16;

/// None: the client is gone, and there is nobody to tell why.
type Ended = Option<End>;

const SESSION_ENDED: End = End::Forbidden("the session has ended");

struct Running {
    generation: u64,
    #[expect(dead_code, reason = "held for its drop")]
    stop: DropGuard,
}

pub struct Session<E> {
    http: Arc<Http<E>>,
    caller: Caller,
    sink: SplitSink<WebSocketStream, Message>,
    source: SplitStream<WebSocketStream>,
    acknowledged: bool,
    running: HashMap<String, Running>,
    generations: u64,
    /// Also counts operations that the client has ended and that are still finishing.
    places: Arc<Semaphore>,
    events: Sender<Event>,
    told: Receiver<Event>,
    /// None for an anonymous session, which nothing ends.
    vigil: Option<Vigil<E>>,
    heard: Instant,
}

impl<E: Executor> Session<E> {
    pub fn new(http: Arc<Http<E>>, caller: Caller, stream: WebSocketStream) -> Self {
        let (sink, source) = stream.split();
        let (events, told) = mpsc::channel(WAITING_EVENTS);
        let places = Arc::new(Semaphore::new(http.config.http.max_subscriptions_per_socket.saturating_mul(2)));
        Self {
            http,
            caller,
            sink,
            source,
            acknowledged: false,
            running: HashMap::new(),
            generations: 0,
            places,
            events,
            told,
            vigil: None,
            heard: Instant::now(),
        }
    }

    /// Serves the socket to its end. Operations that still run are told to stop.
    pub async fn run(mut self, subprotocol_offered: bool) {
        let end = if subprotocol_offered { self.serve().await } else { Some(End::SubprotocolNotAcceptable) };
        self.running.clear();
        if let Some(end) = end {
            self.close(&end).await;
        }
    }

    async fn serve(&mut self) -> Ended {
        let pace = self.http.pace;
        let init_deadline = Instant::now() + pace.init;
        let mut pings = every(pace.ping);
        let shutdown = self.http.shutdown.clone();
        loop {
            let step = tokio::select! {
                biased;
                () = shutdown.cancelled() => Err(Some(End::GoingAway)),
                () = over(&mut self.vigil) => Err(Some(SESSION_ENDED)),
                () = sleep_until(init_deadline), if !self.acknowledged => Err(Some(End::InitTimeout)),
                _ = pings.tick() => self.ping().await,
                message = self.source.next() => self.hear(message).await,
                // Never none: this session holds a sender.
                Some(event) = self.told.recv() => self.relay(event).await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, std::io::Error>>) -> Result<(), Ended> {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Text(text))) => match FromClient::parse(&text) {
                Ok(message) => self.obey(message).await,
                Err(cause) => Err(Some(End::BadMessage(cause))),
            },
            Some(Ok(Message::Binary(_))) => Err(Some(End::BadMessage("a message must be text".to_owned()))),
            // The library answers pings of the WebSocket's own.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => Err(None),
            Some(Err(cause)) => Err(Some(End::BadMessage(cause.to_string()))),
        }
    }

    async fn obey(&mut self, message: FromClient) -> Result<(), Ended> {
        match message {
            FromClient::ConnectionInit(_) if self.acknowledged => Err(Some(End::SecondInit)),
            FromClient::ConnectionInit(payload) => self.init(&payload).await,
            FromClient::Ping(payload) => self.send(protocol::pong(payload)).await,
            FromClient::Pong => Ok(()),
            FromClient::Subscribe { .. } if !self.acknowledged => Err(Some(End::Unauthorized)),
            FromClient::Subscribe { id, envelope } => self.subscribe(id, envelope).await,
            FromClient::Complete { id } => {
                self.running.remove(&id);
                Ok(())
            }
        }
    }

    /// A token in the message takes the place of the header's. Without any, the session is anonymous.
    async fn init(&mut self, payload: &Map<String, Value>) -> Result<(), Ended> {
        match protocol::token(payload) {
            Ok(None) => {}
            Ok(token) => self.caller.token = token,
            Err(()) => return Err(Some(End::Forbidden("authorization must be \"Bearer …\""))),
        }
        if let Some(token) = self.caller.token.clone() {
            let bearer = self.bearer(token.clone()).await?;
            let most = self.http.config.http.max_live_per_session;
            let watched = self.http.live.watch(&bearer, most).ok_or(Some(End::TooManySockets))?;
            self.vigil = Some(Vigil::new(Arc::clone(&self.http), token, &bearer, watched));
        }
        self.acknowledged = true;
        self.send(protocol::connection_ack()).await
    }

    async fn bearer(&self, token: String) -> Result<Bearer, Ended> {
        let doors = Arc::clone(&self.http.doors);
        match detached(&self.http.tasks, async move { doors.bearer(&token).await }).await {
            Ok(Ok(Some(bearer))) => Ok(bearer),
            Ok(Ok(None)) => Err(Some(End::Forbidden("there is no such session"))),
            Ok(Err(fault)) => Err(Some(End::Failed(logged(&fault)))),
            Err(panicked) => Err(Some(End::Failed(panicked.reference))),
        }
    }

    async fn subscribe(&mut self, id: String, envelope: Envelope) -> Result<(), Ended> {
        if self.running.contains_key(&id) {
            return Err(Some(End::DuplicateId(id)));
        }
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) if self.running.len() < self.http.config.http.max_subscriptions_per_socket => place,
            _ => return Err(Some(End::TooManyOperations)),
        };
        match prepare(&self.http.door, envelope, self.caller.address, Size::Usual) {
            Ok(prepared) => {
                self.start(id, prepared, place);
                Ok(())
            }
            Err(refused) => {
                let outcome = refused.outcome();
                self.send(protocol::error(&id, &outcome.errors)).await
            }
        }
    }

    fn start(&mut self, id: String, prepared: Prepared, place: OwnedSemaphorePermit) {
        self.generations += 1;
        let stop = CancellationToken::new();
        let operation = Operation {
            http: Arc::clone(&self.http),
            caller: self.caller.clone(),
            actor: None,
            id: id.clone(),
            generation: self.generations,
            request: prepared.request,
            price: prepared.price,
            streams: prepared.kind == OperationType::Subscription,
            resume: Resume::default(),
            events: self.events.clone(),
            stop: stop.clone(),
        };
        self.running.insert(id, Running { generation: self.generations, stop: stop.drop_guard() });
        self.http.tasks.spawn(Bond::operation(self.generations).run(async move {
            operation.run().await;
            drop(place);
        }));
    }

    /// Passes on what an operation tells, unless the client has ended it and perhaps begun another under its id.
    async fn relay(&mut self, event: Event) -> Result<(), Ended> {
        let Event { id, generation, news } = event;
        if matches!(news, News::SessionEnded) {
            return Err(Some(SESSION_ENDED));
        }
        if self.running.get(&id).is_none_or(|running| running.generation != generation) {
            return Ok(());
        }
        if !matches!(news, News::Next(..)) {
            self.running.remove(&id);
        }
        match news {
            News::Next(outcome, _) => self.send(protocol::next(&id, &outcome)).await,
            News::Refused(outcome) => self.send(protocol::error(&id, &outcome.errors)).await,
            News::Complete => self.send(protocol::complete(&id)).await,
            News::SessionEnded => Err(Some(SESSION_ENDED)),
        }
    }

    async fn ping(&mut self) -> Result<(), Ended> {
        if self.heard.elapsed() > self.http.pace.silence {
            return Err(Some(End::Silent));
        }
        // The WebSocket's own ping is answered by every library, the protocol's by its clients.
        self.send(Message::Ping(Vec::new())).await?;
        if self.acknowledged { self.send(protocol::ping()).await } else { Ok(()) }
    }

    /// Waits for a slow reader, but not for one that reads nothing at all, and for none when the session must end.
    async fn send(&mut self, message: Message) -> Result<(), Ended> {
        tokio::select! {
            sent = self.sink.send(message) => sent.map_err(|_| None),
            () = self.http.shutdown.cancelled() => Err(Some(End::GoingAway)),
            () = over(&mut self.vigil) => Err(Some(SESSION_ENDED)),
            () = tokio::time::sleep(self.http.pace.silence) => Err(None),
        }
    }

    /// Says why and gives the client a moment to answer.
    async fn close(&mut self, end: &End) {
        let farewell = async {
            if self.sink.send(end.frame()).await.is_ok() {
                while let Some(Ok(_)) = self.source.next().await {}
            }
        };
        #[expect(clippy::disallowed_methods, reason = "bounds how long the client may take; no database work inside")]
        let _ = tokio::time::timeout(self.http.pace.grace, farewell).await;
    }
}

fn every(period: std::time::Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
