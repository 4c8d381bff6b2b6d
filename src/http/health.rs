//! Probes for whoever runs the process: is it alive, should it get requests.

use std::sync::Arc;
use std::time::Duration;

use poem::Response;
use poem::http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Check, Http, answer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// A word for each check: anybody may read it.
    Words,
    /// With what each check took.
    Full,
}

/// 200 as long as the process serves requests at all.
pub fn live() -> Response {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// 200, or 503 when a part that requests need does not answer; the reasons are in the log only.
pub async fn ready<E>(http: Arc<Http<E>>, detail: Detail) -> Response {
    let mut checks = http.doors.ready().await;
    let draining = http.shutdown.is_cancelled().then(|| "the server is shutting down".to_owned());
    let result = draining.map_or(Ok(()), Err);
    checks.push(Check { name: "draining", needed: true, result, took: Duration::ZERO });
    let mut shown = Map::new();
    for check in &checks {
        if let Err(cause) = &check.result {
            tracing::warn!(check = check.name, cause, "not ready");
        }
        let word = if check.result.is_ok() { "ok" } else { "failed" };
        shown.insert(
            check.name.to_owned(),
            match detail {
                Detail::Words => Value::from(word),
                Detail::Full => json!({ "status": word, "needed": check.needed, "microseconds": micros(check.took) }),
            },
        );
    }
    let fit = checks.iter().all(|check| check.result.is_ok() || !check.needed);
    let (status, word) = if fit { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "unavailable") };
    answer::json(status, &json!({ "status": word, "checks": shown }))
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}
