//! Who is asking, as the outer layers found out.

use std::net::IpAddr;
use std::sync::Arc;

use entity::enums::Locale;
use entity::ids::{ApiClientId, ProviderId, TypedId, UserId};
use uuid::Uuid;

use super::{ClientScopes, Limits, Scopes};

/// A person with a valid session, with a token of their own, or for whom an app acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub user_id: UserId,
    /// Hash of the session's or script's token: names the session without being able to open it.
    pub session: String,
    /// Whether the e-mail address is confirmed. An unconfirmed person can see the date and ask for the link again.
    pub confirmed: bool,
    /// What the token is good for; none for a session, which is good for everything.
    pub scopes: Option<Scopes>,
    /// How far an app reaches that acts for the person; none where the person asks.
    pub limits: Option<Arc<Limits>>,
}

/// A provider's own program with a valid token. What is people's is not for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiClient {
    pub id: ApiClientId,
    /// Whose accounts it follows; nobody else's.
    pub provider_id: ProviderId,
    pub name: String,
    /// Hash of the token, as of a person's.
    pub session: String,
    pub scopes: ClientScopes,
}

/// Whom a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    Person(Person),
    Client(ApiClient),
}

impl Bearer {
    /// Hash of the token.
    pub fn session(&self) -> &str {
        match self {
            Self::Person(person) => &person.session,
            Self::Client(client) => &client.session,
        }
    }

    /// Whose tokens can be ended together.
    pub fn holder(&self) -> Uuid {
        match self {
            Self::Person(person) => person.user_id.uuid(),
            Self::Client(client) => client.id.uuid(),
        }
    }

    pub fn person(self) -> Option<Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Client(_) => None,
        }
    }
}

/// A person, a provider's program, or, with neither, nobody that is known.
#[derive(Clone, Debug)]
pub struct Actor {
    pub person: Option<Person>,
    pub client: Option<ApiClient>,
    pub locale: Locale,
    pub address: IpAddr,
    /// What the client calls itself (User-Agent), at most [`DEVICE_CHARACTERS`] long; empty when it does not.
    pub device: String,
}

/// Longer than browsers' own words, short enough to keep with every session.
pub const DEVICE_CHARACTERS: usize = 256;
