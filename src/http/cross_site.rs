//! Keeps other sites' pages from using the cookies of a customer's browser (ASVS 5.0, 3.5.1; OWASP's cheat sheet on
//! cross-site request forgery: Fetch Metadata first, Origin where a browser does not send it).
//!
//! Requests without a cookie pass: they carry no authority that a page did not have itself.

use poem::http::{HeaderMap, HeaderValue, Method, header};

use super::origin::Origin;
use crate::config::HttpConfig;

/// A page can set none of these on another site's request without a preflight, which `cors` grants to listed pages only.
/// Apollo Server's and the convention's names; any value but an empty one.
const PREFLIGHTED: [&str; 3] = ["apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight"];

/// Whether the request must be refused. A POST is taken for one of JSON, which is not sent without a preflight either.
pub fn forged(method: &Method, headers: &HeaderMap, config: &HttpConfig) -> bool {
    if !headers.contains_key(header::COOKIE) {
        return false;
    }
    let origin = Origin::of(headers, config);
    match origin {
        Origin::Foreign => true,
        Origin::Allowed => false,
        Origin::Own | Origin::Unnamed => match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
            Some(site) => !matches!(site, b"same-origin" | b"none"),
            None => origin == Origin::Unnamed && *method == Method::GET && !is_preflighted(headers),
        },
    }
}

fn is_preflighted(headers: &HeaderMap) -> bool {
    PREFLIGHTED.iter().any(|name| headers.get(*name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing;

    #[test]
    fn what_browsers_say_decides() {
        let mut config = testing::config().http;
        config.public_url = "https://cabinet.example".to_owned();
        config.allowed_origins = vec!["https://app.example".to_owned()];
        let (own, allowed, foreign) = ("https://cabinet.example", "https://app.example", "https://evil.example");
        for (origin, site, get, post) in [
            ("", "", true, false),
            ("", "same-origin", false, false),
            ("", "none", false, false),
            ("", "same-site", true, true),
            ("", "cross-site", true, true),
            ("", "nonsense", true, true),
            (own, "", false, false),
            (own, "same-origin", false, false),
            (own, "cross-site", true, true),
            (allowed, "", false, false),
            (allowed, "cross-site", false, false),
            (foreign, "", true, true),
            (foreign, "same-origin", true, true),
            (foreign, "cross-site", true, true),
            ("null", "", true, true),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert!(!forged(&Method::GET, &headers, &config), "without a cookie: {headers:?}");
            headers.insert(header::COOKIE, "a=b".parse().unwrap());
            assert_eq!(forged(&Method::GET, &headers, &config), get, "{headers:?}");
            assert_eq!(forged(&Method::POST, &headers, &config), post, "{headers:?}");
        }
    }
}
