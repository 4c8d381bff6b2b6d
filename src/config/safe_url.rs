//! Addresses of services that get a secret of ours.

use std::net::IpAddr;

/// What an unsafe address is told.
pub(super) const EXPECTED: &str = "must begin with https://, or with http:// and an address of this machine";

/// Whether a secret may travel to this address.
pub(super) fn is_safe(url: &str) -> bool {
    if let Some(rest) = url.strip_prefix("https://") {
        return !rest.is_empty() && !rest.starts_with('/');
    }
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_travels_unencrypted_on_this_machine_only() {
        for (url, safe) in [
            ("https://captcha.example/verify", true),
            ("http://127.0.0.1:8080/verify", true),
            ("http://[::1]:8080/verify", true),
            ("http://localhost/verify", true),
            ("http://captcha.example/verify", false),
            ("http://localhost.example/verify", false),
            ("http://127.0.0.1@captcha.example/", false),
            ("captcha.example", false),
            ("https://", false),
        ] {
            assert_eq!(is_safe(url), safe, "{url}");
        }
    }
}
