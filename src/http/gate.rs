//! How many requests are served at once. Beyond that a few wait, and the rest is told to come back: under overload the
//! accepted work stays as fast as ever, instead of all of it becoming slow.

use std::sync::Arc;
use std::time::Duration;

use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::refusal;
use crate::config::HttpConfig;

#[derive(Debug)]
pub struct Gate {
    serving: Arc<Semaphore>,
    /// Those that are served and those that wait.
    admitted: Arc<Semaphore>,
    patience: Duration,
}

/// The right to be served, until it is dropped.
#[derive(Debug)]
pub struct Place {
    #[expect(dead_code, reason = "held for its drop")]
    serving: OwnedSemaphorePermit,
    #[expect(dead_code, reason = "held for its drop")]
    admitted: OwnedSemaphorePermit,
}

impl Gate {
    pub fn new(config: &HttpConfig) -> Self {
        Self {
            serving: Arc::new(Semaphore::new(config.max_requests)),
            admitted: Arc::new(Semaphore::new(config.max_requests.saturating_add(config.max_waiting_requests))),
            patience: config.max_wait,
        }
    }

    /// Requests that are served or wait.
    #[cfg(test)]
    pub fn admitted(&self, config: &HttpConfig) -> usize {
        config.max_requests + config.max_waiting_requests - self.admitted.available_permits()
    }

    /// To be called when the request has arrived whole: whoever sends slowly takes nobody's place.
    /// 503 when too many wait already, or when the wait was too long.
    pub async fn enter(&self) -> Result<Place, Response> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else { return Err(overloaded()) };
        if let Ok(serving) = Arc::clone(&self.serving).try_acquire_owned() {
            return Ok(Place { serving, admitted });
        }
        tokio::select! {
            biased;
            serving = Arc::clone(&self.serving).acquire_owned() => match serving {
                Ok(serving) => Ok(Place { serving, admitted }),
                // The semaphore is never closed.
                Err(_) => Err(overloaded()),
            },
            () = tokio::time::sleep(self.patience) => Err(overloaded()),
        }
    }
}

fn overloaded() -> Response {
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", "Too much is asked at once. Try again.");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
