//! The parameters of a request, and how a client shows who it is (RFC 6749, sections 2.3.1 and 3.2).

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poem::http::{HeaderMap, header};

use crate::http::ClientProof;

#[derive(Debug)]
pub struct Form(HashMap<String, String>);

/// Why the request is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misshapen(pub &'static str);

pub fn is_form(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = named.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

impl Form {
    pub fn read(body: &[u8]) -> Result<Self, Misshapen> {
        let mut parameters = HashMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            // Without a value it counts as left out.
            if !value.is_empty() && parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Misshapen("A parameter comes twice."));
            }
        }
        Ok(Self(parameters))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What stands behind this beginning in the names of parameters.
    pub fn names_behind<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |name| name.strip_prefix(beginning))
    }

    /// By the header or by the parameters, never by both; none of a client that says neither. A public client says its id alone.
    pub fn proof(&self, headers: &HeaderMap) -> Result<Option<ClientProof>, Misshapen> {
        let (id, secret) = (self.get("client_id"), self.get("client_secret"));
        let Some(header) = headers.get(header::AUTHORIZATION) else {
            let secret = secret.unwrap_or_default();
            return Ok(id.map(|id| ClientProof { id: id.to_owned(), secret: secret.to_owned() }));
        };
        if secret.is_some() {
            return Err(Misshapen("Give the secret in the header or in the form, not in both."));
        }
        let proof = header.to_str().ok().and_then(basic);
        if id.is_some_and(|id| proof.as_ref().is_some_and(|proof| proof.id != id)) {
            return Err(Misshapen("client_id is another than in the header."));
        }
        Ok(proof)
    }
}

/// Both parts are form-encoded before they are joined.
fn basic(header: &str) -> Option<ClientProof> {
    let (scheme, pair) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |part: &str| Some(form_urlencoded::parse(part.as_bytes()).next()?.0.into_owned());
    Some(ClientProof { id: decoded(id)?, secret: decoded(secret)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(value: &str) -> HeaderMap {
        [(header::AUTHORIZATION, value.parse().unwrap())].into_iter().collect()
    }

    fn shown(form: &str, headers: &HeaderMap) -> Result<Option<(String, String)>, Misshapen> {
        let proof = Form::read(form.as_bytes())?.proof(headers)?;
        Ok(proof.map(|proof| (proof.id, proof.secret)))
    }

    #[test]
    fn a_client_shows_who_it_is_in_one_of_two_ways() {
        let pair = |id: &str, secret: &str| Ok(Some((id.to_owned(), secret.to_owned())));
        let none = HeaderMap::new();
        assert_eq!(shown("client_id=a&client_secret=b%2Bc", &none), pair("a", "b+c"));
        assert_eq!(shown("client_id=a", &none), pair("a", ""));
        assert_eq!(shown("client_secret=a", &none), Ok(None));
        // a%3Ab:c+d
        let basic = header("Basic YSUzQWI6Yytk");
        assert_eq!(shown("", &basic), pair("a:b", "c d"));
        assert_eq!(shown("client_id=a%3Ab", &basic), pair("a:b", "c d"));
        assert!(shown("client_id=x", &basic).is_err());
        assert!(shown("client_secret=x", &basic).is_err());
        for other in ["Bearer YTpi", "Basic !", "Basic YWI="] {
            assert_eq!(shown("", &header(other)), Ok(None), "{other}");
        }
    }

    #[test]
    fn a_parameter_comes_once_and_an_empty_one_not_at_all() {
        assert!(Form::read(b"a=1&a=1").is_err());
        assert_eq!(Form::read(b"a=&b=1").unwrap().get("a"), None);
        assert_eq!(Form::read(b"a=&a=2").unwrap().get("a"), Some("2"));
    }
}
