//! How many connections there may be: of everybody, and of one network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::live::{count, release};
use crate::config::HttpConfig;
use crate::kernel::network;

#[derive(Debug)]
pub struct Seats {
    all: Arc<Semaphore>,
    networks: Mutex<HashMap<IpAddr, usize>>,
    most_of_one: usize,
    trusted: Vec<IpAddr>,
}

/// A place among `max_connections`, given back when it is dropped.
#[derive(Debug)]
pub struct Free(OwnedSemaphorePermit);

/// A place that a connection has taken. An upgraded connection takes it along in the request's extensions.
#[derive(Clone, Debug)]
pub struct Seat(#[expect(dead_code, reason = "held for its drop")] Arc<Taken>);

#[derive(Debug)]
struct Taken {
    #[expect(dead_code, reason = "held for its drop")]
    place: OwnedSemaphorePermit,
    seats: Arc<Seats>,
    /// None: a trusted proxy's.
    network: Option<IpAddr>,
}

impl Seats {
    pub fn new(config: &HttpConfig) -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(config.max_connections)),
            networks: Mutex::default(),
            most_of_one: config.max_connections_per_address,
            trusted: config.trusted_proxies.clone(),
        })
    }

    /// Waits for a place. None: the semaphore was closed, which nobody does.
    pub async fn free(&self) -> Option<Free> {
        Arc::clone(&self.all).acquire_owned().await.ok().map(Free)
    }

    /// The place is this peer's from now on. Its network has enough of them already: the place is given back.
    pub fn take(self: &Arc<Self>, Free(place): Free, peer: IpAddr) -> Result<Seat, Free> {
        let network = (!self.trusted.contains(&peer.to_canonical())).then(|| network(peer));
        if let Some(network) = network {
            let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
            if !count(&mut networks, &network, self.most_of_one) {
                return Err(Free(place));
            }
        }
        Ok(Seat(Arc::new(Taken { place, seats: Arc::clone(self), network })))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(network) = &self.network {
            release(&mut self.seats.networks.lock().unwrap_or_else(PoisonError::into_inner), network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::config;

    #[tokio::test]
    async fn one_network_takes_so_many_and_a_proxy_any_number() {
        let mut config = config().http;
        (config.max_connections, config.max_connections_per_address) = (9, 2);
        config.trusted_proxies = vec!["198.51.100.1".parse().unwrap()];
        let seats = Seats::new(&config);
        let take = async |peer: &str| seats.take(seats.free().await.unwrap(), peer.parse().unwrap()).ok();
        let first = take("2001:db8::1").await.unwrap();
        let upgraded = first.clone();
        let second = take("2001:db8:0:ff::1").await;
        assert!(second.is_some());
        assert!(take("2001:db8:0:1::5").await.is_none(), "the same /56");
        assert!(take("2001:db8:0:100::1").await.is_some(), "another /56");
        drop(first);
        assert!(take("2001:db8::1").await.is_none(), "a socket keeps its connection's place");
        drop(upgraded);
        assert!(take("2001:db8::1").await.is_some());
        drop(second);
        let mut proxied = Vec::new();
        for peer in ["198.51.100.1", "::ffff:198.51.100.1", "198.51.100.1", "198.51.100.1"] {
            proxied.push(take(peer).await.expect("a trusted proxy"));
        }
        let ours = [take("198.51.100.2").await, take("198.51.100.2").await];
        assert!(ours.iter().all(Option::is_some) && take("::ffff:198.51.100.2").await.is_none());
        assert_eq!(seats.all.available_permits(), 3, "what was turned away took nobody's place");
        drop((proxied, ours));
        assert_eq!(seats.all.available_permits(), 9);
        assert!(seats.networks.lock().unwrap().is_empty(), "nothing stays behind");
    }
}
