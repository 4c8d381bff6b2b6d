//! The real way to an acquirer: HTTPS with the shop's id and secret key (HTTP Basic).

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use super::transport::{Broken, Call, Reply, Transport};
use crate::config::Shop;
use crate::platform::outgoing::{Bounds, Header, Outgoing, Unanswered};

/// Bytes. A page of a list has up to a hundred payments of some kilobytes each.
const MOST_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug)]
pub struct Https {
    outgoing: Outgoing,
    /// Without a slash at the end.
    url: String,
    authorization: SecretString,
    bounds: Bounds,
}

impl Https {
    pub fn new(outgoing: Outgoing, shop: &Shop) -> Self {
        let pair = STANDARD.encode(format!("{}:{}", shop.id, shop.key.expose_secret()));
        Self {
            outgoing,
            url: shop.url.clone(),
            authorization: format!("Basic {pair}").into(),
            bounds: Bounds { within: shop.timeout, most_bytes: MOST_BYTES },
        }
    }
}

#[async_trait]
impl Transport for Https {
    async fn call(&self, call: &Call) -> Result<Reply, Broken> {
        let url = format!("{}{}", self.url, call.path);
        let mut headers: Vec<Header<'_>> = vec![("authorization", self.authorization.expose_secret())];
        headers.extend(call.idempotence_key.as_deref().map(|key| ("idempotence-key", key)));
        let answered = match &call.body {
            Some(body) => {
                let body = body.to_string().into_bytes();
                self.outgoing.post_json(&url, &headers, body, self.bounds).await
            }
            None => self.outgoing.get(&url, &headers, self.bounds).await,
        };
        match answered {
            Ok(reply) => Ok(Reply { status: reply.status, body: reply.body }),
            Err(cause @ Unanswered::Unreachable(_)) => Err(Broken::NotSent(cause.to_string())),
            Err(cause) => Err(Broken::Unanswered(cause.to_string())),
        }
    }
}
