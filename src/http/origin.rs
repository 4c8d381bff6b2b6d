//! Which pages of the web may speak to this server.

use poem::http::{HeaderMap, Uri, header};

use crate::config::HttpConfig;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// No browser's page, or one that does not say so.
    Unnamed,
    /// A page of this server: `public_url`'s, or of the host that the request was sent to.
    Own,
    /// In `http.allowed_origins`.
    Allowed,
    Foreign,
}

impl Origin {
    pub fn of(headers: &HeaderMap, config: &HttpConfig) -> Self {
        let Some(origin) = headers.get(header::ORIGIN) else { return Self::Unnamed };
        let Ok(origin) = origin.to_str() else { return Self::Foreign };
        if config.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
            return Self::Allowed;
        }
        let Some((scheme, authority)) = origin.split_once("://") else { return Self::Foreign };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let own = host.is_some_and(|host| host.eq_ignore_ascii_case(authority)) || is_public(scheme, authority, config);
        if own { Self::Own } else { Self::Foreign }
    }
}

fn is_public(scheme: &str, authority: &str, config: &HttpConfig) -> bool {
    let Ok(public) = config.public_url.parse::<Uri>() else { return false };
    let same_scheme = public.scheme_str().is_some_and(|public| public.eq_ignore_ascii_case(scheme));
    same_scheme && public.authority().is_some_and(|public| public.as_str().eq_ignore_ascii_case(authority))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing;

    #[test]
    fn only_own_and_allowed_pages_are_at_home() {
        let mut config = testing::config().http;
        config.public_url = "https://cabinet.example/base".to_owned();
        config.allowed_origins = vec!["https://app.example".to_owned()];
        for (origin, host, expected) in [
            (None, "cabinet.example", Origin::Unnamed),
            (Some("https://cabinet.example"), "10.0.0.5:8080", Origin::Own),
            (Some("http://cabinet.example"), "10.0.0.5:8080", Origin::Foreign),
            (Some("http://10.0.0.5:8080"), "10.0.0.5:8080", Origin::Own),
            (Some("http://10.0.0.5"), "10.0.0.5:8080", Origin::Foreign),
            (Some("https://app.example"), "cabinet.example", Origin::Allowed),
            (Some("https://app.example.evil.test"), "cabinet.example", Origin::Foreign),
            (Some("null"), "cabinet.example", Origin::Foreign),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(Origin::of(&headers, &config), expected, "{origin:?} at {host}");
        }
    }
}
