//! Looks whether a connection's session still lives: when told to, and from time to time.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::Watched;
use crate::http::Http;
use crate::kernel::{Bearer, Fault, Limits};

/// None: the look panicked.
type Look = JoinHandle<Result<Option<Bearer>, Fault>>;

pub struct Vigil<E> {
    http: Arc<Http<E>>,
    token: String,
    /// Of who was let in.
    limits: Option<Arc<Limits>>,
    watched: Watched,
    ticks: Interval,
    look: Option<Look>,
}

impl<E: Send + Sync + 'static> Vigil<E> {
    pub fn new(http: Arc<Http<E>>, token: String, bearer: &Bearer, watched: Watched) -> Self {
        let limits = limits_of(bearer);
        let period = match bearer {
            // An app's token ends by itself, and an operator may end the app beside the server.
            Bearer::Person(_) if limits.is_some() => http.pace.recheck_client,
            Bearer::Person(_) => http.pace.recheck,
            Bearer::Client(_) => http.pace.recheck_client,
        };
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { http, token, limits, watched, ticks, look: None }
    }

    /// Until the session has ended, or the app that was let in reaches other accounts than then: it comes back as it is now. May be dropped and called again at any time: a look that is under way goes on.
    pub async fn over(&mut self) {
        loop {
            let look = match &mut self.look {
                Some(look) => look,
                none => {
                    tokio::select! {
                        _ = self.ticks.tick() => {}
                        () = self.watched.called() => {}
                    }
                    let (doors, token) = (Arc::clone(&self.http.doors), self.token.clone());
                    none.insert(self.http.tasks.spawn(async move { doors.look(&token).await }))
                }
            };
            let answer = look.await;
            self.look = None;
            match answer {
                Ok(Ok(Some(bearer))) if limits_of(&bearer) == self.limits => {}
                Ok(Ok(_)) => return,
                // What cannot be looked up now is looked up again later.
                Ok(Err(fault)) => tracing::warn!(%fault, "a live connection's session could not be looked up"),
                Err(cause) => tracing::error!(%cause, "a look at a session broke off"),
            }
        }
    }
}

fn limits_of(bearer: &Bearer) -> Option<Arc<Limits>> {
    match bearer {
        Bearer::Person(person) => person.limits.clone(),
        Bearer::Client(_) => None,
    }
}

/// The same for a connection that may be nobody's: that one is never over.
pub async fn over<E: Send + Sync + 'static>(vigil: &mut Option<Vigil<E>>) {
    match vigil {
        Some(vigil) => vigil.over().await,
        None => std::future::pending().await,
    }
}
