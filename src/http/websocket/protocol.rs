//! The messages of graphql-transport-ws and the codes that end it.

use async_graphql::ServerError;
use poem::web::websocket::{CloseCode, Message};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::http::caller::bearer;
use crate::http::graphql::envelope::Envelope;
use crate::http::graphql::outcome::Outcome;

/// Bytes of a close frame's reason (RFC 6455, section 5.5: 125 with the code).
const MAX_REASON: usize = 122;
/// Bytes of an operation's id. Clients use numbers or UUIDs.
const MAX_ID: usize = 256;

#[derive(Debug)]
pub enum FromClient {
    ConnectionInit(Map<String, Value>),
    Ping(Option<Value>),
    Pong,
    Subscribe { id: String, envelope: Envelope },
    Complete { id: String },
}

impl FromClient {
    /// What a text says, or what is wrong with it (4400).
    pub fn parse(text: &str) -> Result<Self, String> {
        let Ok(Value::Object(mut message)) = serde_json::from_str(text) else {
            return Err("a message must be a JSON object".to_owned());
        };
        let payload = message.remove("payload").filter(|payload| !payload.is_null());
        match message.get("type").and_then(Value::as_str) {
            Some("connection_init") => Ok(Self::ConnectionInit(optional_object(payload)?.unwrap_or_default())),
            Some("ping") => Ok(Self::Ping(optional_object(payload)?.map(Value::Object))),
            Some("pong") => optional_object(payload).map(|_| Self::Pong),
            Some("subscribe") => {
                let Some(Value::Object(members)) = payload else {
                    return Err("subscribe needs an object as its payload".to_owned());
                };
                let envelope = Envelope::from_members(members).map_err(|malformed| malformed.message.to_owned())?;
                Ok(Self::Subscribe { id: id(&message)?, envelope })
            }
            Some("complete") => Ok(Self::Complete { id: id(&message)? }),
            Some(other) => Err(format!("unknown message type \"{other}\"")),
            None => Err("a message must have a type".to_owned()),
        }
    }
}

fn optional_object(payload: Option<Value>) -> Result<Option<Map<String, Value>>, String> {
    match payload {
        None => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err("the payload must be an object".to_owned()),
    }
}

fn id(message: &Map<String, Value>) -> Result<String, String> {
    match message.get("id") {
        Some(Value::String(id)) if !id.is_empty() && id.len() <= MAX_ID => Ok(id.clone()),
        _ => Err(format!("the id must be a string of 1 to {MAX_ID} bytes")),
    }
}

/// The token in `{"authorization": "Bearer …"}`; `Err` when there is one that is no bearer's.
pub fn token(payload: &Map<String, Value>) -> Result<Option<String>, ()> {
    match payload.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, value)) => value.as_str().and_then(bearer).map(|token| Some(token.to_owned())).ok_or(()),
    }
}

fn text(message: &impl Serialize) -> Message {
    // Values and strings have no way to fail.
    Message::Text(serde_json::to_string(message).unwrap_or_default())
}

pub fn connection_ack() -> Message {
    text(&json!({ "type": "connection_ack" }))
}

pub fn ping() -> Message {
    text(&json!({ "type": "ping" }))
}

pub fn pong(payload: Option<Value>) -> Message {
    match payload {
        Some(payload) => text(&json!({ "type": "pong", "payload": payload })),
        None => text(&json!({ "type": "pong" })),
    }
}

#[derive(Serialize)]
struct Tagged<'a, T> {
    id: &'a str,
    r#type: &'static str,
    payload: &'a T,
}

pub fn next(id: &str, outcome: &Outcome) -> Message {
    text(&Tagged { id, r#type: "next", payload: outcome })
}

/// A request error: nothing was executed, and nothing follows.
pub fn error(id: &str, errors: &Vec<ServerError>) -> Message {
    text(&Tagged { id, r#type: "error", payload: errors })
}

pub fn complete(id: &str) -> Message {
    text(&json!({ "id": id, "type": "complete" }))
}

/// Why the server ends a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    GoingAway,
    Silent,
    BadMessage(String),
    Unauthorized,
    Forbidden(&'static str),
    SubprotocolNotAcceptable,
    InitTimeout,
    DuplicateId(String),
    SecondInit,
    TooManyOperations,
    TooManySockets,
    Failed(String),
}

impl End {
    pub fn frame(&self) -> Message {
        let (code, reason) = match self {
            Self::GoingAway => (1001, "The server is shutting down".to_owned()),
            Self::Silent => (1001, "Nothing was heard for too long".to_owned()),
            Self::Failed(reference) => (1011, format!("Something went wrong on our side: {reference}")),
            Self::BadMessage(cause) => (4400, format!("Bad message: {cause}")),
            Self::Unauthorized => (4401, "Unauthorized".to_owned()),
            Self::Forbidden(cause) => (4403, format!("Forbidden: {cause}")),
            Self::SubprotocolNotAcceptable => (4406, "Subprotocol not acceptable".to_owned()),
            Self::InitTimeout => (4408, "Connection initialisation timeout".to_owned()),
            Self::DuplicateId(id) => (4409, format!("Subscriber for {id} already exists")),
            Self::SecondInit => (4429, "Too many initialisation requests".to_owned()),
            Self::TooManyOperations => (4429, "Too many operations at once".to_owned()),
            Self::TooManySockets => (4429, "Too many live connections of this session".to_owned()),
        };
        let end = reason.floor_char_boundary(MAX_REASON);
        Message::close_with(CloseCode::from(code), reason.get(..end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_another_shape_are_refused() {
        for text in [
            "",
            "{}",
            "[]",
            "{\"type\":1}",
            "{\"type\":\"start\",\"id\":\"1\",\"payload\":{\"query\":\"{a}\"}}",
            "{\"type\":\"connection_init\",\"payload\":\"x\"}",
            "{\"type\":\"subscribe\",\"payload\":{\"query\":\"{a}\"}}",
            "{\"type\":\"subscribe\",\"id\":\"\",\"payload\":{\"query\":\"{a}\"}}",
            "{\"type\":\"subscribe\",\"id\":\"1\"}",
            "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":1}}",
            "{\"type\":\"complete\"}",
        ] {
            assert!(FromClient::parse(text).is_err(), "{text}");
        }
        assert!(FromClient::parse("{\"type\":\"pong\",\"payload\":null}").is_ok());
    }

    #[test]
    fn a_close_reason_fits_its_frame() {
        let Message::Close(Some((_, reason))) = End::BadMessage("ы".repeat(300)).frame() else { panic!() };
        assert!(reason.len() <= 123, "{}", reason.len());
    }
}
