//! Who is asking, as the outer layers found out.

use std::net::IpAddr;

use entity::enums::Locale;
use entity::ids::UserId;

use super::Scopes;

/// A person with a valid session, or with a token of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub user_id: UserId,
    /// Hash of the session's or script's token: names the session without being able to open it.
    pub session: String,
    /// Whether the e-mail address is confirmed. An unconfirmed person can see the date and ask for the link again.
    pub confirmed: bool,
    /// What the token is good for; none for a session, which is good for everything.
    pub scopes: Option<Scopes>,
}

#[derive(Clone, Debug)]
pub struct Actor {
    pub person: Option<Person>,
    pub locale: Locale,
    pub address: IpAddr,
    /// What the client calls itself (User-Agent), at most [`DEVICE_CHARACTERS`] long; empty when it does not.
    pub device: String,
}

/// Longer than browsers' own words, short enough to keep with every session.
pub const DEVICE_CHARACTERS: usize = 256;
