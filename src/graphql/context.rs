//! What a resolver finds in its context: the slices, the actor, the loaders.

use std::sync::{Arc, OnceLock};

use async_graphql::{Context, QueryPathNode, QueryPathSegment};

use super::error::TopError;
use super::loaders::Loaders;
use crate::accounts::Accounts;
use crate::billing::Billing;
use crate::config::Config;
use crate::consent::Consents;
use crate::exports::Exports;
use crate::identity::Identity;
use crate::integrators::api_client::ApiClients;
use crate::integrators::batch::Batches;
use crate::integrators::changes::Changes;
use crate::integrators::undo::Undo;
use crate::integrators::webhooks::Webhooks;
use crate::kernel::{Actor, ApiClient, Clock, Fault, Person};
use crate::metering::Metering;
use crate::payments::Payments;
use crate::platform::wakeups::Wakeups;
use crate::support::Support;

/// The slices as the schema reaches them.
#[derive(Clone, Debug)]
pub struct Services {
    pub identity: Arc<Identity>,
    pub accounts: Arc<Accounts>,
    pub consents: Arc<Consents>,
    pub metering: Arc<Metering>,
    pub billing: Arc<Billing>,
    pub payments: Arc<Payments>,
    pub exports: Arc<Exports>,
    pub api_clients: Arc<ApiClients>,
    pub batches: Arc<Batches>,
    pub undo: Arc<Undo>,
    pub changes: Arc<Changes>,
    pub support: Arc<Support>,
    pub webhooks: Arc<Webhooks>,
    pub wakeups: Wakeups,
    pub clock: Clock,
    pub config: Arc<Config>,
}

/// Of a request: who has signed in by it. Below that mutation they are who asks; beside it nothing changes.
#[derive(Debug, Default)]
pub struct Arrivals(OnceLock<Arrival>);

#[derive(Debug)]
struct Arrival {
    /// The mutation's name in the answer.
    root: String,
    actor: Actor,
    /// Of their own: what one person may see is never another's answer.
    loaders: Loaders,
}

/// Short ways from a resolver's context.
pub trait Find {
    fn services(&self) -> Result<&Services, TopError>;
    fn actor(&self) -> Result<&Actor, TopError>;
    fn loaders(&self) -> Result<&Loaders, TopError>;

    /// The provider's program that asks, or FORBIDDEN for people and UNAUTHENTICATED for nobody.
    fn client(&self) -> Result<&ApiClient, TopError> {
        let actor = self.actor()?;
        let refused = || if actor.person.is_some() { TopError::NotForPeople } else { TopError::Unauthenticated };
        actor.client.as_ref().ok_or_else(refused)
    }

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
        if let Some(arrival) = arrival(self) {
            return Ok(&arrival.actor);
        }
        self.data_opt().ok_or_else(|| Fault::internal("no actor in the request").into())
    }

    fn loaders(&self) -> Result<&Loaders, TopError> {
        if let Some(arrival) = arrival(self) {
            return Ok(&arrival.loaders);
        }
        let loaders = self.data_opt::<OnceLock<Loaders>>();
        let loaders = loaders.ok_or_else(|| Fault::internal("no loaders in the request"))?;
        let (services, actor) = (self.services()?, self.actor()?);
        Ok(loaders.get_or_init(|| Loaders::new(services, actor.person.clone())))
    }
}

/// To be called by the mutation that signs a person in, once: a document has one at most.
pub fn arrive(ctx: &Context<'_>, person: Person) -> Result<(), TopError> {
    let Some(root) = ctx.path_node.as_ref().and_then(root_of) else { return Ok(()) };
    let arrivals: Option<&Arrivals> = ctx.data_opt();
    let arrivals = arrivals.ok_or_else(|| Fault::internal("no arrivals in the request"))?;
    let loaders = Loaders::new(ctx.services()?, Some(person.clone()));
    let actor = Actor { person: Some(person), client: None, ..ctx.actor()?.clone() };
    // The first stays: nobody asks as two people.
    let _ = arrivals.0.set(Arrival { root: root.to_owned(), actor, loaders });
    Ok(())
}

fn arrival<'a>(ctx: &'a Context<'_>) -> Option<&'a Arrival> {
    let arrival = ctx.data_opt::<Arrivals>()?.0.get()?;
    let root = ctx.path_node.as_ref().and_then(root_of)?;
    (arrival.root == root).then_some(arrival)
}

fn root_of<'a>(mut node: &'a QueryPathNode<'_>) -> Option<&'a str> {
    while let Some(parent) = node.parent {
        node = parent;
    }
    match node.segment {
        QueryPathSegment::Name(name) => Some(name),
        QueryPathSegment::Index(_) => None,
    }
}
