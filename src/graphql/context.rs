//! What a resolver finds in its context: the slices, the actor, the loaders.

use std::sync::Arc;

use async_graphql::Context;

use super::error::TopError;
use super::loaders::Loaders;
use crate::accounts::Accounts;
use crate::billing::Billing;
use crate::config::Config;
use crate::exports::Exports;
use crate::identity::Identity;
use crate::kernel::{Actor, Clock, Fault, Person};
use crate::metering::Metering;
use crate::payments::Payments;
use crate::platform::wakeups::Wakeups;

/// The slices as the schema reaches them.
#[derive(Clone, Debug)]
pub struct Services {
    pub identity: Arc<Identity>,
    pub accounts: Arc<Accounts>,
    pub metering: Arc<Metering>,
    pub billing: Arc<Billing>,
    pub payments: Arc<Payments>,
    pub exports: Arc<Exports>,
    pub wakeups: Wakeups,
    pub clock: Clock,
    pub config: Arc<Config>,
}

/// Short ways from a resolver's context.
pub trait Find {
    fn services(&self) -> Result<&Services, TopError>;
    fn actor(&self) -> Result<&Actor, TopError>;
    fn loaders(&self) -> Result<&Loaders, TopError>;

    /// The signed-in person, or UNAUTHENTICATED.
    fn person(&self) -> Result<&Person, TopError> {
        self.actor()?.person.as_ref().ok_or(TopError::Unauthenticated)
    }
}

impl Find for Context<'_> {
    fn services(&self) -> Result<&Services, TopError> {
        self.data_opt().ok_or_else(|| Fault::internal("no services in the schema").into())
    }

    fn actor(&self) -> Result<&Actor, TopError> {
        self.data_opt().ok_or_else(|| Fault::internal("no actor in the request").into())
    }

    fn loaders(&self) -> Result<&Loaders, TopError> {
        self.data_opt().ok_or_else(|| Fault::internal("no loaders in the request").into())
    }
}
