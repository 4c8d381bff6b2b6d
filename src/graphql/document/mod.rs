//! From the text of a document to a request that may be executed: measured, parsed, guarded, validated, priced.
//!
//! A document that is known goes straight to its plan. Promises: nothing that costs more than the limits is walked
//! beyond them, nothing invalid is executed, and one caller cannot push out what others have cached.

pub mod cache;
pub mod catalog;
pub mod coercion;
pub mod matrix;
pub mod needs;
pub mod plan;
pub mod price;
pub mod pricing;
#[cfg(test)]
mod tests;
pub mod trusted;
pub mod validation;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use async_graphql::{ObjectType, Request, SchemaBuilder, ServerError, SubscriptionType, Variables};

pub use self::cache::Source;
use self::cache::{Cache, Hash};
use self::catalog::Catalog;
use self::needs::{Needs, Table};
use self::plan::{Plan, Unplannable};
use self::price::Inputs;
pub use self::trusted::{hash_of, parse_hash};
use self::validation::Validator;
use super::guard::{self, TooExpensive};
use crate::config::{DocumentsAccepted, GraphqlConfig};
use crate::kernel::Fault;

/// How a request names its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Text(String),
    /// Apollo's automatic persisted queries, when the server is to learn the text: the hash that it must have.
    Learn(String, Hash),
    /// Apollo's automatic persisted queries, when the server may know the text.
    Known(Hash),
    /// `documentId` of the persisted documents' draft.
    Id(String),
}

/// Ready to be executed.
#[derive(Debug)]
pub struct Prepared {
    pub request: Request,
    pub kind: OperationType,
    /// Points.
    pub cost: u64,
    /// Registrations and sign-ins in it.
    pub sign_ins: u64,
    /// What a token must be good for.
    pub needs: Arc<Needs>,
    /// Fields at the operation's root, each once, between commas.
    pub roots: Arc<str>,
}

/// A request error (GraphQL, September 2025, section 7.1.6): nothing was executed.
#[derive(Debug)]
pub enum Refusal {
    /// The text is no GraphQL document.
    Unparsable(ServerError),
    TooExpensive(TooExpensive),
    /// By the rules of validation.
    Invalid(Vec<ServerError>),
    /// What else is wrong with the request, for its author.
    Wrong(String),
    /// Send the text along with the hash.
    NotFound,
    UnknownId,
    NotTrusted,
    /// The source has brought too much that was new; in so many seconds it may again.
    Exhausted {
        retry_after: i64,
    },
}

/// Who brings the document, and whether it may have so many more bytes read that are new here. `Err`: seconds to wait.
#[derive(Clone, Copy)]
pub struct Bringer<'a> {
    pub source: Source,
    pub size: Size,
    pub may_bring: &'a dyn Fn(u64) -> Result<(), i64>,
}

/// How much may come as variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    Usual,
    /// Of a provider's program.
    Batch,
}

impl From<TooExpensive> for Refusal {
    fn from(cause: TooExpensive) -> Self {
        Self::TooExpensive(cause)
    }
}

pub struct Documents {
    validator: Validator,
    catalog: Catalog,
    scopes: Table,
    config: GraphqlConfig,
    cache: Cache,
    trusted: HashMap<Hash, Arc<Plan>>,
}

impl Documents {
    /// # Errors
    /// The schema's definition cannot be read back, or a trusted document is missing or not valid.
    pub fn new<Q, M, S>(schema: impl Fn() -> SchemaBuilder<Q, M, S>, config: &GraphqlConfig) -> Result<Self, Fault>
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let catalog = Catalog::read(&schema().finish().sdl());
        let mut documents = Self {
            validator: Validator::new(schema()),
            catalog: catalog.map_err(|cause| Fault::internal(format!("the schema's definition: {cause}")))?,
            scopes: Table::read(),
            config: config.clone(),
            cache: Cache::new(config.cache),
            trusted: HashMap::new(),
        };
        let texts = config.trusted_documents.as_deref().map(trusted::read).transpose()?.unwrap_or_default();
        for (hash, text) in texts {
            let plan = documents.plan(&text).map_err(|refusal| {
                let start: String = text.chars().take(60).collect();
                Fault::internal(format!("graphql.trusted_documents: {start}…: {refusal:?}"))
            })?;
            documents.trusted.insert(hash, Arc::new(plan));
        }
        Ok(documents)
    }

    /// Takes time in proportion to the document, and next to none for one that is known.
    pub fn prepare(
        &self,
        asked: &Asked,
        operation_name: Option<String>,
        variables: Variables,
        bringer: Bringer<'_>,
    ) -> Result<Prepared, Refusal> {
        let most = match bringer.size {
            Size::Usual => self.config.limits.max_variable_values,
            Size::Batch => self.config.limits.max_batch_values.max(self.config.limits.max_variable_values),
        };
        guard::values::check(&variables, most, self.config.limits.max_value_depth)?;
        let plan = self.find(asked, bringer)?;
        let (operation, priced) =
            plan.operation(operation_name.as_deref()).map_err(|text| Refusal::Wrong(text.to_owned()))?;
        let definitions = &operation.variable_definitions;
        coercion::check_variables(&self.catalog, definitions, &variables).map_err(Refusal::Wrong)?;
        let cost = plan.formula().evaluate(priced.term, Inputs { definitions, variables: &variables });
        if cost > self.config.max_complexity {
            return Err(TooExpensive::Price { requested: cost, most: self.config.max_complexity }.into());
        }
        let (kind, sign_ins, needs) = (operation.ty, priced.sign_ins, Arc::clone(&priced.needs));
        let roots = Arc::clone(&priced.roots);
        // The text is not needed any more: the executor takes the parsed document.
        let mut request = Request::new("").variables(variables);
        request.operation_name = operation_name;
        request.set_parsed_query(plan.document.clone());
        Ok(Prepared { request, kind, cost, sign_ins, needs, roots })
    }

    fn find(&self, asked: &Asked, bringer: Bringer<'_>) -> Result<Arc<Plan>, Refusal> {
        let source = bringer.source;
        let (text, hash) = match asked {
            Asked::Text(text) => (text, hash_of(text)),
            Asked::Learn(text, hash) if hash_of(text) == *hash => (text, *hash),
            Asked::Learn(..) => {
                return Err(Refusal::Wrong("The query has another SHA-256 than sha256Hash.".to_owned()));
            }
            Asked::Known(hash) => return self.known(hash, source).ok_or(Refusal::NotFound),
            Asked::Id(id) => {
                let hash = id.strip_prefix("sha256:").and_then(parse_hash);
                return hash.and_then(|hash| self.known(&hash, source)).ok_or(Refusal::UnknownId);
            }
        };
        if let Some(plan) = self.known(&hash, source) {
            return Ok(plan);
        }
        if self.config.documents == DocumentsAccepted::TrustedOnly {
            return Err(Refusal::NotTrusted);
        }
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        (bringer.may_bring)(bytes).map_err(|retry_after| Refusal::Exhausted { retry_after })?;
        let plan = Arc::new(self.plan(text)?);
        self.cache.add(hash, Arc::clone(&plan), source);
        Ok(plan)
    }

    /// With `trusted-only` nothing else ever comes into the cache.
    fn known(&self, hash: &Hash, source: Source) -> Option<Arc<Plan>> {
        self.trusted.get(hash).cloned().or_else(|| self.cache.find(hash, source))
    }

    fn plan(&self, text: &str) -> Result<Plan, Refusal> {
        let limits = &self.config.limits;
        let tokens = guard::tokens::count(text, limits)?;
        let document = parse_query(text).map_err(|error| Refusal::Unparsable(error.into()))?;
        guard::check(&document, limits)?;
        self.validator.check(document.clone()).map_err(Refusal::Invalid)?;
        Plan::new(document, tokens, (&self.catalog, &self.scopes), &self.config).map_err(|cause| match cause {
            Unplannable::TooExpensive(cause) => Refusal::TooExpensive(cause),
            Unplannable::Invalid(error) => Refusal::Invalid(vec![error]),
        })
    }
}
