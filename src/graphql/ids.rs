//! Ids as clients see them: TypeIDs.

use async_graphql::ID;
use entity::ids::TypedId;

use crate::kernel::type_id;

pub use crate::kernel::type_id::{decode, text};

pub fn encode<T: TypedId>(id: T) -> ID {
    ID(type_id::encode(id))
}
