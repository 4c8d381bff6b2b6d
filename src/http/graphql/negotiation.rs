//! Media types of requests and responses (GraphQL over HTTP, September 2026).

use poem::http::{HeaderMap, StatusCode, header};

use super::document::Refused;
use crate::http::quality::weighed;

/// What the client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `application/graphql-response+json`.
    Modern,
    /// `application/json` only: told apart from a proxy's answer by a 2xx status alone.
    Legacy,
}

const MODERN: &str = "application/graphql-response+json; charset=utf-8";
const LEGACY: &str = "application/json; charset=utf-8";

impl Dialect {
    /// None: nothing that the client accepts can be served (406). The modern type is preferred where weights are equal,
    /// except that a type named beats a wildcard. ("Accept"; RFC 9110, section 12.5.1.)
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let Some(accept) = joined(headers) else { return Some(Self::Modern) };
        let modern = preference(&accept, "application/graphql-response+json");
        let legacy = preference(&accept, "application/json");
        match (modern.weight, legacy.weight) {
            (0, 0) => None,
            _ if legacy > modern => Some(Self::Legacy),
            _ => Some(Self::Modern),
        }
    }

    /// The refusal's own, but Apollo's clients that read only `application/json` send the text after a 200 only.
    pub fn status_of(self, refused: &Refused) -> StatusCode {
        if self == Self::Legacy && refused.is_unknown_hash() { StatusCode::OK } else { refused.status }
    }

    /// 294 says partial success (data and errors) where the media type says that it is ours.
    pub fn status_of_data(self, with_errors: bool) -> StatusCode {
        match self {
            Self::Modern if with_errors => StatusCode::from_u16(294).unwrap_or(StatusCode::OK),
            _ => StatusCode::OK,
        }
    }

    /// The type of a GraphQL response with this status: legacy JSON on success only.
    pub fn content_type(self, status: StatusCode) -> &'static str {
        match self {
            Self::Legacy if status.is_success() => LEGACY,
            _ => MODERN,
        }
    }
}

/// What the client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub dialect: Option<Dialect>,
    /// `text/event-stream` by its name: no wildcard means a stream.
    takes_stream: bool,
    likes_stream_best: bool,
}

impl Accepted {
    /// None: nothing that can be served (406).
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let accept = joined(headers).unwrap_or_default();
        let stream = preference(&accept, "text/event-stream");
        let others = ["application/graphql-response+json", "application/json"].map(|name| preference(&accept, name));
        let takes_stream = stream.named == 2 && stream.weight > 0;
        let dialect = Dialect::accepted(headers);
        let likes_stream_best = takes_stream && (dialect.is_none() || others.iter().all(|other| stream > *other));
        (takes_stream || dialect.is_some()).then_some(Self { dialect, takes_stream, likes_stream_best })
    }

    /// The dialect of an answer, or none for an event stream. Clients that name all types for all operations get a stream
    /// where only a stream can answer.
    pub fn dialect_for(self, subscription: bool) -> Option<Dialect> {
        let streams = self.likes_stream_best || (subscription && self.takes_stream);
        self.dialect.filter(|_| !streams)
    }
}

fn joined(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    values.peek()?;
    Some(values.filter_map(|value| value.to_str().ok()).collect::<Vec<_>>().join(","))
}

#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Preference {
    weight: u16,
    /// 0: `*/*`, 1: everything of its kind, 2: the type itself.
    named: u8,
}

/// The weight that the most specific matching range gives.
fn preference(accept: &str, media_type: &str) -> Preference {
    let mut found: Option<Preference> = None;
    for (range, weight) in weighed(accept) {
        let named = match range.to_ascii_lowercase().as_str() {
            "*/*" => 0,
            "application/*" if media_type.starts_with("application/") => 1,
            "text/*" if media_type.starts_with("text/") => 1,
            range if range == media_type => 2,
            _ => continue,
        };
        if found.is_none_or(|found| named > found.named) {
            found = Some(Preference { weight, named });
        }
    }
    found.unwrap_or_default()
}

/// Whether the body is JSON in UTF-8. Everything else is refused: a form's types reach the server from any page of the
/// web without a preflight (ASVS 5.0, 3.5.1).
pub fn is_json(headers: &HeaderMap) -> bool {
    let plain = headers.get(header::CONTENT_ENCODING).is_none_or(|coding| coding.as_bytes() == b"identity");
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else { return false };
    let mut parts = value.to_str().unwrap_or_default().split(';').map(str::trim);
    plain && parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) && parts.all(is_utf8)
}

/// Any parameter but another charset.
fn is_utf8(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn the_best_liked_type_is_spoken() {
        use Dialect::{Legacy, Modern};
        for (accept, expected) in [
            ("application/graphql-response+json", Some(Modern)),
            ("application/json", Some(Legacy)),
            ("*/*", Some(Modern)),
            ("application/*", Some(Modern)),
            ("application/json, text/plain, */*", Some(Legacy)),
            ("application/json, application/graphql-response+json", Some(Modern)),
            ("application/graphql-response+json;q=0.5, application/json", Some(Legacy)),
            ("application/graphql-response+json; charset=utf-8, application/json; charset=utf-8", Some(Modern)),
            ("application/graphql-response+json;q=0, */*", Some(Legacy)),
            ("APPLICATION/JSON", Some(Legacy)),
            ("text/html", None),
            ("text/html, application/json;q=0", None),
            ("text/event-stream", None),
            ("", None),
        ] {
            assert_eq!(Dialect::accepted(&one(header::ACCEPT, accept)), expected, "{accept}");
        }
        assert_eq!(Dialect::accepted(&HeaderMap::new()), Some(Modern));
    }

    #[test]
    fn a_stream_is_served_where_it_is_named() {
        let every = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed";
        for (accept, for_query, for_subscription) in [
            ("text/event-stream", true, true),
            (every, false, true),
            ("text/event-stream, */*;q=0.5", true, true),
            ("text/event-stream;q=0.1, application/json", false, true),
            ("text/event-stream;q=0, application/json", false, false),
            ("*/*", false, false),
            ("text/*, application/json", false, false),
        ] {
            let accepted = Accepted::of(&one(header::ACCEPT, accept)).unwrap();
            let streams = [false, true].map(|subscription| accepted.dialect_for(subscription).is_none());
            assert_eq!(streams, [for_query, for_subscription], "{accept}");
        }
        for accept in ["text/event-stream;q=0", "text/*", "text/html", ""] {
            assert_eq!(Accepted::of(&one(header::ACCEPT, accept)), None, "{accept}");
        }
    }

    #[test]
    fn only_json_in_utf8_is_taken() {
        for (value, expected) in [
            ("application/json", true),
            ("Application/JSON; Charset=\"UTF-8\"", true),
            ("application/json; profile=x", true),
            ("application/json; charset=latin1", false),
            ("application/json; charset", false),
            ("application/graphql", false),
            ("application/jsonp", false),
            ("text/plain", false),
            ("text/plain; application/json", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("", false),
        ] {
            assert_eq!(is_json(&one(header::CONTENT_TYPE, value)), expected, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
        let mut packed = one(header::CONTENT_TYPE, "application/json");
        packed.insert(header::CONTENT_ENCODING, "gzip".parse().unwrap());
        assert!(!is_json(&packed));
    }
}
