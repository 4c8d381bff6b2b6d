//! The one way in for every transport: known documents, their price, and what a client may spend.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::Timelike;
use entity::ids::{ApiClientId, ClientGrantId, UserId};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::outcome::Outcome;
use crate::config::BudgetLimits;
use crate::graphql::document::needs::{Lacking, Needs};
use crate::graphql::document::{Documents, Source};
use crate::kernel::{Actor, Clock};
use crate::platform::throttle::budget::{Budgets, Standing};

/// What a call of the token endpoints takes of its address's budget: a statement or two.
const TOKEN_POINTS: u64 = 100;

pub struct Door {
    pub documents: Documents,
    budgets: Budgets<Client>,
    limits: BudgetLimits,
    hearer: Option<Hearer>,
}

/// Whose budget pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Client {
    Person(UserId),
    /// An app that acts for a person does not spend what is theirs.
    App(ClientGrantId),
    Program(ApiClientId),
    Address(Source),
    SignIns(Source),
    Unknown(Source),
}

/// What an operation asks for, known before it runs.
#[derive(Clone, Debug)]
pub struct Price {
    /// Points.
    pub points: u64,
    /// Registrations and sign-ins in it.
    pub sign_ins: u64,
    /// What a token must be good for.
    pub needs: Arc<Needs>,
    /// Fields at its root, between commas.
    pub roots: Arc<str>,
}

/// Hears what apps ask that act for people: of which grant, the fields at the root, from where.
pub type Hearer = Box<dyn Fn(ClientGrantId, &str, IpAddr) + Send + Sync>;

/// What was taken, for `extensions.cost`.
#[derive(Clone, Copy, Debug)]
pub struct Bill {
    requested: u64,
    standing: Standing,
}

impl Serialize for Bill {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bill = serializer.serialize_struct("Bill", 2)?;
        bill.serialize_field("requested", &self.requested)?;
        bill.serialize_field("budget", &Left(self.standing))?;
        bill.end()
    }
}

struct Left(Standing);

impl Serialize for Left {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Standing { limit, remaining, resets_at } = self.0;
        let mut left = serializer.serialize_struct("Left", 3)?;
        left.serialize_field("limit", &limit)?;
        left.serialize_field("remaining", &remaining)?;
        left.serialize_field("resetsAt", &resets_at.with_nanosecond(0))?;
        left.end()
    }
}

impl Door {
    pub fn new(documents: Documents, clock: Clock, limits: BudgetLimits) -> Self {
        Self { documents, budgets: Budgets::new(clock), limits, hearer: None }
    }

    #[must_use]
    pub fn heard_by(self, hearer: Hearer) -> Self {
        Self { hearer: Some(hearer), ..self }
    }

    /// Takes what it costs to read a document of so many bytes that is new here. `Err`: seconds until it may be.
    pub fn bring(&self, source: Source, bytes: u64) -> Result<(), i64> {
        let spent = self.budgets.spend(&Client::Unknown(source), bytes, self.limits.unknown_bytes);
        spent.map(drop).map_err(|exhausted| exhausted.retry_after)
    }

    /// Takes what a call of the token endpoints costs; a call for a token is a sign-in. `Err`: seconds until it may be.
    pub fn charge_token(&self, address: IpAddr, grants: bool) -> Result<(), i64> {
        let source = source(address);
        if grants {
            let spent = self.budgets.spend(&Client::SignIns(source), 1, self.limits.sign_in);
            spent.map_err(|exhausted| exhausted.retry_after)?;
        }
        let spent = self.budgets.spend(&Client::Address(source), TOKEN_POINTS, self.limits.address);
        spent.map(drop).map_err(|exhausted| exhausted.retry_after)
    }

    /// A signed-in person pays wherever he sits, and so does a provider's program; who is anonymous pays with all of his
    /// address. `Err` is the answer. A token that is not good for it is refused before.
    pub fn charge(&self, price: &Price, actor: &Actor) -> Result<Bill, Box<Outcome>> {
        if let Some(lacking) = lacking(price, actor) {
            return Err(Box::new(Outcome::lacking(lacking)));
        }
        let address = source(actor.address);
        if price.sign_ins > 0 {
            let sign_ins = self.budgets.spend(&Client::SignIns(address), price.sign_ins, self.limits.sign_in);
            sign_ins.map_err(|exhausted| Box::new(Outcome::rate_limited(exhausted.retry_after)))?;
        }
        let (client, limit) = match (&actor.person, &actor.client) {
            (Some(person), _) => {
                let app = person.limits.as_ref().map(|limits| Client::App(limits.grant));
                (app.unwrap_or(Client::Person(person.user_id)), self.limits.person)
            }
            (None, Some(client)) => (Client::Program(client.id), self.limits.client),
            (None, None) => (Client::Address(address), self.limits.address),
        };
        if let (Some(hear), Some(limits)) = (&self.hearer, actor.person.as_ref().and_then(|one| one.limits.as_ref())) {
            hear(limits.grant, &price.roots, actor.address);
        }
        let bill = |standing| Bill { requested: price.points, standing };
        let spent = self.budgets.spend(&client, price.points, limit);
        spent.map(bill).map_err(|exhausted| {
            Box::new(Outcome::rate_limited(exhausted.retry_after).with_cost(bill(exhausted.standing)))
        })
    }
}

fn lacking(price: &Price, actor: &Actor) -> Option<Lacking> {
    if let Some(client) = &actor.client {
        return price.needs.lacking_of_client(client.scopes);
    }
    price.needs.lacking(actor.person.as_ref()?.scopes?)
}

pub fn source(address: IpAddr) -> Source {
    Source::of(address)
}
