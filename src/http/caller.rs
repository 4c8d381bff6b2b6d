//! Who is asking: address, language and the session's token, read from the head of a request.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use entity::enums::Locale;
use poem::Request;
use poem::http::{HeaderMap, header};

use super::quality::weighed;
use crate::config::HttpConfig;
use crate::kernel::{Actor, Bearer, DEVICE_CHARACTERS};

#[derive(Clone, Debug)]
pub struct Caller {
    pub address: IpAddr,
    pub locale: Locale,
    /// What stands behind `Authorization: Bearer`, or else in the session's cookie.
    pub token: Option<String>,
    pub device: String,
}

impl Caller {
    pub fn of(request: &Request, config: &HttpConfig) -> Self {
        let peer = request.remote_addr().as_socket_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), SocketAddr::ip);
        let headers = request.headers();
        Self {
            address: client_address(peer, headers, &config.trusted_proxies),
            locale: locale(headers),
            token: token(headers, config.session_cookie()).map(str::to_owned),
            device: device(headers),
        }
    }

    pub fn actor(&self, bearer: Option<Bearer>) -> Actor {
        let (person, client) = match bearer {
            Some(Bearer::Person(person)) => (Some(person), None),
            Some(Bearer::Client(client)) => (None, Some(client)),
            None => (None, None),
        };
        Actor { person, client, locale: self.locale, address: self.address, device: self.device.clone() }
    }
}

/// The header goes before the cookie: a client that sends both means the one that it had to add.
fn token<'a>(headers: &'a HeaderMap, cookie: &str) -> Option<&'a str> {
    let named = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.to_str().ok()?));
    named.or_else(|| {
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == cookie).map(|(_, token)| token)
    })
}

/// Without what could break a line of a log.
fn device(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    text.unwrap_or_default().chars().filter(|c| !c.is_control()).take(DEVICE_CHARACTERS).collect()
}

/// The token of `Bearer …` (RFC 6750, section 2.1).
pub fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The right-most address of X-Forwarded-For that no proxy of ours has: everything left of it is the client's claim.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut address = peer.to_canonical();
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut hops: Vec<&str> = hops.flat_map(|value| value.split(',')).collect();
    while trusted.contains(&address) {
        match hops.pop().and_then(hop_address) {
            Some(hop) => address = hop,
            None => break,
        }
    }
    address
}

/// An address, with a port or without.
fn hop_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// The better liked of the languages that are spoken here; Russian when neither is named.
pub fn locale(headers: &HeaderMap) -> Locale {
    let languages = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    let mut best = (Locale::Ru, 0);
    for (tag, weight) in languages.flat_map(weighed) {
        let language = match tag.split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "ru" => Locale::Ru,
            "en" => Locale::En,
            _ => continue,
        };
        if weight > best.1 {
            best = (language, weight);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn forwarded_addresses_are_believed_from_our_proxies_only() {
        let trusted: Vec<IpAddr> = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &["1.1.1.1"][..], "203.0.113.9"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("10.0.0.1", &["[2001:db8::1]:80"], "2001:db8::1"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, what"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            let headers = headers("x-forwarded-for", forwarded);
            let found = client_address(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn the_better_liked_language_wins() {
        for (value, expected) in [
            ("en-GB,en;q=0.9", Locale::En),
            ("en;q=0.5,ru;q=0.6", Locale::Ru),
            ("de,en;q=0.2", Locale::En),
            ("en;q=0", Locale::Ru),
            ("de", Locale::Ru),
        ] {
            assert_eq!(locale(&headers("accept-language", &[value])), expected, "{value}");
        }
        assert_eq!(locale(&HeaderMap::new()), Locale::Ru);
    }

    #[test]
    fn a_token_is_read_from_the_header_or_else_from_the_cookie_of_that_name() {
        let cookies = headers("cookie", &["a=b; __Host-kabinet=sess_1", "kabinet=sess_2"]);
        assert_eq!(token(&cookies, "__Host-kabinet"), Some("sess_1"));
        assert_eq!(token(&cookies, "kabinet"), Some("sess_2"));
        assert_eq!(token(&cookies, "binet"), None);
        let mut both = cookies.clone();
        both.insert(header::AUTHORIZATION, "Bearer sess_3".parse().unwrap());
        assert_eq!(token(&both, "kabinet"), Some("sess_3"));
    }

    #[test]
    fn a_device_is_called_by_at_most_256_characters() {
        assert_eq!(device(&headers("user-agent", &[&"x".repeat(999)])).len(), 256);
        assert_eq!(device(&headers("user-agent", &["curl/8\t1"])), "curl/81");
        assert_eq!(device(&HeaderMap::new()), "");
    }

    #[test]
    fn a_token_stands_behind_bearer() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for text in ["Basic abc", "Bearer ", "Bearer", "abc"] {
            assert_eq!(bearer(text), None, "{text:?}");
        }
    }
}
