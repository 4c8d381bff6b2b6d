//! The parameters of a GraphQL request, from a body, from a URL or from a socket's message.

use async_graphql::Variables;
use poem::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::graphql::document::{Asked, parse_hash};

/// A well-formed request; its document may still be nonsense. Members that are not known here are left out.
#[derive(Debug)]
pub struct Envelope {
    pub asked: Asked,
    pub operation_name: Option<String>,
    pub variables: Variables,
}

/// What is wrong with the request's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    pub status: StatusCode,
    pub message: &'static str,
}

fn bad(message: &'static str) -> Malformed {
    Malformed { status: StatusCode::BAD_REQUEST, message }
}

pub fn misshapen(message: &'static str) -> Malformed {
    Malformed { status: StatusCode::UNPROCESSABLE_ENTITY, message }
}

/// The parameters of a URL, all texts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UrlParameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Envelope {
    /// A POST's body: 400 for what is no JSON or is a batch, 422 for another shape.
    pub fn from_body(body: &[u8]) -> Result<Self, Malformed> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Self::from_members(members),
            Ok(Value::Array(_)) => Err(bad("Batches of requests are not taken: send one request at a time.")),
            Ok(_) => Err(misshapen("The body must be a JSON object.")),
            Err(_) => Err(bad("The body is no JSON.")),
        }
    }

    /// `null` is as good as absent.
    pub fn from_members(mut members: Map<String, Value>) -> Result<Self, Malformed> {
        let mut take = |name| members.remove(name).filter(|value| !value.is_null());
        let (query, id) = (take("query"), take("documentId"));
        let operation_name = match take("operationName") {
            None => None,
            Some(Value::String(name)) => Some(name).filter(|name| !name.is_empty()),
            Some(_) => return Err(misshapen("\"operationName\" must be a string.")),
        };
        let variables = match take("variables") {
            None => Variables::default(),
            Some(map @ Value::Object(_)) => Variables::from_json(map),
            Some(_) => return Err(misshapen("\"variables\" must be an object.")),
        };
        let hash = match take("extensions") {
            None => None,
            Some(Value::Object(extensions)) => persisted_query(&extensions)?,
            Some(_) => return Err(misshapen("\"extensions\" must be an object.")),
        };
        Ok(Self { asked: asked(query, id, hash)?, operation_name, variables })
    }

    /// A GET's query. An empty text is as good as absent.
    pub fn from_url(parameters: UrlParameters) -> Result<Self, Malformed> {
        let mut members = Map::new();
        let texts = [
            ("query", parameters.query),
            ("documentId", parameters.document_id),
            ("operationName", parameters.operation_name),
        ];
        for (name, text) in texts {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                members.insert(name.to_owned(), Value::String(text));
            }
        }
        for (name, text) in [("variables", parameters.variables), ("extensions", parameters.extensions)] {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                let value = serde_json::from_str(&text);
                members.insert(name.to_owned(), value.map_err(|_| bad("A parameter of the URL is no JSON."))?);
            }
        }
        Self::from_members(members)
    }
}

/// `documentId` stands instead of the text (GraphQL over HTTP, September 2026, appendix A, a draft); a hash instead of
/// it or beside it (Apollo).
fn asked(query: Option<Value>, id: Option<Value>, hash: Option<[u8; 32]>) -> Result<Asked, Malformed> {
    match (query, id, hash) {
        (Some(Value::String(text)), None, None) => Ok(Asked::Text(text)),
        (Some(Value::String(text)), None, Some(hash)) => Ok(Asked::Learn(text, hash)),
        (None, None, Some(hash)) => Ok(Asked::Known(hash)),
        (None, Some(Value::String(id)), None) => Ok(Asked::Id(id)),
        (None, Some(_), None) => Err(misshapen("\"documentId\" must be a string.")),
        (_, Some(_), _) => Err(misshapen("Give \"documentId\", or \"query\" or its hash, not both.")),
        _ => Err(misshapen("\"query\" must be a string.")),
    }
}

fn persisted_query(extensions: &Map<String, Value>) -> Result<Option<[u8; 32]>, Malformed> {
    let Some(persisted) = extensions.get("persistedQuery").filter(|value| !value.is_null()) else { return Ok(None) };
    if persisted.get("version").and_then(Value::as_u64) != Some(1) {
        return Err(misshapen("Persisted queries of version 1 are known here."));
    }
    let hash = persisted.get("sha256Hash").and_then(Value::as_str).and_then(parse_hash);
    hash.map(Some).ok_or_else(|| misshapen("\"sha256Hash\" must be 64 hexadecimal digits."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(body: &str) -> u16 {
        Envelope::from_body(body.as_bytes()).map_or_else(|malformed| malformed.status.as_u16(), |_| 200)
    }

    #[test]
    fn shapes_are_told_from_syntax() {
        for (body, expected) in [
            (r#"{"query":"{a}"}"#, 200),
            (r#"{"query":"nonsense","operationName":null,"variables":null,"extensions":null,"other":[1]}"#, 200),
            (r#"{"query":"{a}","operationName":"","variables":{},"extensions":{}}"#, 200),
            ("", 400),
            ("{\"query\":", 400),
            (r#"[{"query":"{a}"}]"#, 400),
            ("\"{a}\"", 422),
            ("{}", 422),
            (r#"{"query":null}"#, 422),
            (r#"{"query":["{a}"]}"#, 422),
            (r#"{"query":"{a}","operationName":1}"#, 422),
            (r#"{"query":"{a}","variables":[7]}"#, 422),
            (r#"{"query":"{a}","variables":"{}"}"#, 422),
            (r#"{"query":"{a}","extensions":false}"#, 422),
        ] {
            assert_eq!(status(body), expected, "{body}");
        }
        assert_eq!(status(&("[".repeat(100_000))), 400);
    }

    #[test]
    fn a_url_holds_json_in_texts() {
        let parameters = |variables: &str| UrlParameters {
            query: Some("{a}".to_owned()),
            document_id: None,
            operation_name: Some(String::new()),
            variables: Some(variables.to_owned()),
            extensions: None,
        };
        let envelope = Envelope::from_url(parameters(r#"{"n":1}"#)).unwrap();
        assert_eq!((envelope.operation_name, envelope.variables.len()), (None, 1));
        assert!(Envelope::from_url(parameters("")).is_ok());
        assert_eq!(Envelope::from_url(parameters("{")).unwrap_err().status, StatusCode::BAD_REQUEST);
        assert_eq!(Envelope::from_url(parameters("[]")).unwrap_err().status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn a_document_is_named_in_one_way() {
        let hash = "ab".repeat(32);
        let persisted = |version: u8, hash: &str| {
            format!(r#""extensions":{{"persistedQuery":{{"version":{version},"sha256Hash":"{hash}"}}}}"#)
        };
        let asked =
            |members: String| Envelope::from_body(format!("{{{members}}}").as_bytes()).map(|envelope| envelope.asked);
        let (text, id) = (r#""query":"{a}""#, r#""documentId":"sha256:0""#);
        assert_eq!(asked(text.to_owned()), Ok(Asked::Text("{a}".to_owned())));
        assert_eq!(asked(format!("{text},{}", persisted(1, &hash))), Ok(Asked::Learn("{a}".to_owned(), [0xab; 32])));
        assert_eq!(asked(persisted(1, &hash)), Ok(Asked::Known([0xab; 32])));
        assert_eq!(asked(id.to_owned()), Ok(Asked::Id("sha256:0".to_owned())));
        for bad in [
            persisted(2, &hash),
            persisted(1, "abc"),
            format!("{text},{id}"),
            format!("{id},{}", persisted(1, &hash)),
            r#""documentId":7"#.to_owned(),
            r#""extensions":{"persistedQuery":true}"#.to_owned(),
        ] {
            assert_eq!(asked(bad.clone()).unwrap_err().status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        }
    }
}
