use chrono::{DateTime, Utc};
use entity::enums::WebhookStop;
use minijinja::{Value, context};

use super::reader::{Reader, sample_time};

/// Nothing is sent to an address of a provider's server any more.
#[derive(Clone, Debug)]
pub struct WebhookStopped {
    pub provider: String,
    /// Of the address, as `kabinet webhooks` takes it.
    pub id: String,
    pub url: String,
    pub stop: WebhookStop,
    pub stopped_at: DateTime<Utc>,
}

impl WebhookStopped {
    pub(super) fn sample() -> Self {
        Self {
            provider: "Межрегионгаз Воронеж".to_owned(),
            id: "webhook_01h455vb4pex5vsknk084sn02q".to_owned(),
            url: "https://billing.example/kabinet".to_owned(),
            stop: WebhookStop::Exhausted,
            stopped_at: sample_time(),
        }
    }

    pub(super) fn values(&self, reader: &Reader) -> Value {
        let Self { provider, id, url, stop, stopped_at } = self;
        let (gone, key) = (*stop == WebhookStop::Gone, *stop == WebhookStop::Key);
        context! { provider, id, url, gone, key, at => reader.day_and_time(*stopped_at) }
    }
}
