//! Connections as the Relay cursor specification has them, over pages by key.

use async_graphql::connection::{Connection, Edge, EmptyFields};
use async_graphql::{InputObject, OutputType};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::TopError;
use crate::config::GraphqlConfig;
use crate::kernel::{Direction, Fault, Page, Slice};

/// Which rows of a list.
#[derive(Clone, Debug, Default, InputObject)]
pub struct Window {
    /// So many rows from the start, or behind `after`: 1 to 100.
    pub first: Option<i32>,
    /// Cursor of the row before the first wanted.
    pub after: Option<String>,
    /// So many rows from the end, or before `before`: 1 to 100.
    pub last: Option<i32>,
    /// Cursor of the row after the last wanted.
    pub before: Option<String>,
}

impl Window {
    pub fn new(first: Option<i32>, after: Option<String>, last: Option<i32>, before: Option<String>) -> Self {
        Self { first, after, last, before }
    }

    /// # Errors
    /// BAD_INPUT: both directions at once, a size out of range, a cursor that is none of this list's.
    pub fn page<K: DeserializeOwned>(&self, config: &GraphqlConfig) -> Result<Page<K>, TopError> {
        let backward = self.last.is_some() || self.before.is_some();
        if backward && (self.first.is_some() || self.after.is_some()) {
            return Err(TopError::BadInput("Give first and after, or last and before, not both.".to_owned()));
        }
        let size = match self.first.or(self.last) {
            None => config.default_page_size,
            Some(wanted) => usize::try_from(wanted)
                .ok()
                .filter(|size| (1..=config.max_page_size).contains(size))
                .ok_or_else(|| TopError::BadInput(format!("A page has 1 to {} rows.", config.max_page_size)))?,
        };
        let cursor = if backward { self.before.as_deref() } else { self.after.as_deref() };
        let from = cursor.map(decode).transpose()?;
        let direction = if backward { Direction::Backward } else { Direction::Forward };
        Ok(Page { size, direction, from })
    }
}

fn decode<K: DeserializeOwned>(cursor: &str) -> Result<K, TopError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let key = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    key.ok_or_else(|| TopError::BadInput("The cursor is none of this list's.".to_owned()))
}

pub fn encode<K: Serialize>(key: &K) -> Result<String, Fault> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key)?))
}

/// A connection of the rows; `key` is what the list is ordered by.
pub fn connection<T, K, N>(
    slice: Slice<T>,
    key: impl Fn(&T) -> K,
    node: impl Fn(T) -> N,
) -> Result<Connection<String, N, EmptyFields, EmptyFields>, TopError>
where
    K: Serialize,
    N: OutputType,
{
    let mut connection = Connection::new(slice.has_previous, slice.has_next);
    for item in slice.items {
        let cursor = encode(&key(&item))?;
        connection.edges.push(Edge::new(cursor, node(item)));
    }
    Ok(connection)
}
