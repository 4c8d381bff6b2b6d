//! A file per kind of register: how its rows become rows of tables.

mod accounts;
mod bills;
mod meters;
mod readings;
mod replacements;
mod service_changes;
mod services;
pub(super) mod settings;
mod tariffs;

pub use accounts::Accounts;
pub use bills::Bills;
pub use meters::Meters;
pub use readings::Readings;
pub use replacements::Replacements;
pub use service_changes::ServiceChanges;
pub use services::Services;
pub use tariffs::Tariffs;
