//! Pure words that every room uses: time, chance, who is asking, addresses, ids, pages, faults.

pub mod actor;
pub mod clock;
pub mod email_address;
pub mod entropy;
pub mod fault;
pub mod limits;
pub mod network;
pub mod page;
pub mod scopes;
pub mod type_id;

pub use actor::{Actor, ApiClient, Bearer, DEVICE_CHARACTERS, Person};
pub use clock::Clock;
pub use email_address::{EmailAddress, mail_domain};
pub use entropy::Entropy;
pub use fault::{Failure, Fault};
pub use limits::{Limits, Since};
pub use network::network;
pub use page::{Direction, Page, Slice};
pub use scopes::{ClientScopes, Scopes, all_scopes};
