//! Where people are sent back to: compared character by character (RFC 9700, section 2.1), but for the port of a loopback
//! address, which a native app does not know before it listens (RFC 8252, section 7.3).

use std::net::Ipv6Addr;

const LONGEST: usize = 2048;
/// Loopback by number: what `localhost` means is the machine's to say (RFC 8252, section 8.3).
const LOOPBACK: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// Whether an app may have people sent there: https, or http of a loopback address; without a fragment.
pub fn is_registrable(uri: &str) -> bool {
    let plain = uri.len() <= LONGEST && uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\\"<>'".contains(&byte));
    plain && (https_host(uri).is_some() || loopback(uri).is_some())
}

/// Whether the address is the registered one.
pub fn is_same(registered: &str, given: &str) -> bool {
    if registered == given {
        return true;
    }
    match (loopback(registered), loopback(given)) {
        (Some((host, rest)), Some(other)) => (host, rest) == other && is_registrable(given),
        _ => false,
    }
}

/// Scheme, host and port, as a browser's policy names them; none where it cannot.
pub fn origin(uri: &str) -> Option<&str> {
    let authority = uri.find("://")? + 3;
    let end = uri[authority..].find(['/', '?']).map_or(uri.len(), |end| authority + end);
    let origin = &uri[..end];
    // Policies have no word for an IPv6 address.
    (!origin.contains('[')).then_some(origin)
}

fn https_host(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("https://")?;
    let authority = rest.split(['/', '?']).next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(literal) => {
            let (address, port) = literal.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (address, port)
        }
        None => authority.find(':').map_or((authority, ""), |at| authority.split_at(at)),
    };
    let named = !host.is_empty() && !host.contains('@');
    (named && is_port(port)).then_some(host)
}

/// Host, and what stands behind the port.
fn loopback(uri: &str) -> Option<(&'static str, &str)> {
    LOOPBACK.into_iter().find_map(|host| {
        let rest = uri.strip_prefix(host)?;
        let path = rest.find(['/', '?']).unwrap_or(rest.len());
        let (port, path) = rest.split_at(path);
        is_port(port).then_some((host, path))
    })
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_may_be_registered_and_nothing_else() {
        for uri in [
            "https://app.example/back",
            "https://app.example:8443/back?x=1",
            "https://[2001:db8::1]/back",
            "http://127.0.0.1/back",
            "http://127.0.0.1:4711",
            "http://[::1]/back",
        ] {
            assert!(is_registrable(uri), "{uri}");
        }
        for uri in [
            "",
            "app.example",
            "http://app.example/back",
            "http://localhost/back",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://127.0.0.1:80@evil.example/",
            "http://127.0.0.1:0/",
            "https://",
            "https:///back",
            "https://user@app.example/",
            "https://app.example:x/",
            "https://app.example/#here",
            "https://app.example/ x",
            "https://app.example\\@evil.example/",
            "https://app.example/\n",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/back",
            &format!("https://app.example/{}", "x".repeat(2048)),
        ] {
            assert!(!is_registrable(uri), "{uri}");
        }
    }

    #[test]
    fn an_address_is_the_registered_one_to_the_letter() {
        let same = |registered, given| is_same(registered, given);
        assert!(same("https://app.example/back", "https://app.example/back"));
        for other in [
            "https://app.example/back/",
            "https://app.example/back?x",
            "https://app.example:443/back",
            "https://APP.example/back",
            "https://app.example/back/../other",
            "https://app.example.evil.test/back",
            "http://app.example/back",
        ] {
            assert!(!same("https://app.example/back", other), "{other}");
        }
    }

    #[test]
    fn a_native_app_listens_where_it_can() {
        let registered = "http://127.0.0.1/back";
        for port in ["", ":1", ":4711", ":65535"] {
            assert!(is_same(registered, &format!("http://127.0.0.1{port}/back")), "{port}");
        }
        for other in [
            "http://127.0.0.1:4711/other",
            "http://127.0.0.1:0/back",
            "http://127.0.0.1:65536/back",
            "http://127.0.0.1:/back",
            "http://[::1]:4711/back",
            "https://127.0.0.1:4711/back",
            "http://127.0.0.1:80@evil.example/back",
            "http://127.0.0.2/back",
        ] {
            assert!(!is_same(registered, other), "{other}");
        }
        assert!(!is_same("https://app.example/back", "https://app.example:1/back"), "ports of others are theirs");
    }

    #[test]
    fn a_policy_names_an_origin() {
        assert_eq!(origin("https://app.example:8443/back?x=/"), Some("https://app.example:8443"));
        assert_eq!(origin("http://127.0.0.1:4711"), Some("http://127.0.0.1:4711"));
        assert_eq!(origin("http://[::1]:4711/back"), None);
    }
}
