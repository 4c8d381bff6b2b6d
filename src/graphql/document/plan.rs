//! A document that was parsed, validated and priced: what is left to do for each request.

use std::sync::Arc;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, ServerError};

use super::catalog::Catalog;
use super::needs::{Needs, Table};
use super::price::{Formula, Index};
use super::pricing::Pricing;
use crate::config::GraphqlConfig;
use crate::graphql::guard::TooExpensive;

/// Mutations that try secrets, send letters, move money or bring a thousand rows: at most one in a document. Every other mutation stands in the
/// list of the test below: a new one is decided about before it goes out.
pub const SENSITIVE: [&str; 43] = [
    "register",
    "signIn",
    "confirmEmail",
    "resendConfirmation",
    "requestPasswordReset",
    "resetPassword",
    "reportForeignSignIn",
    "changePassword",
    "requestEmailChange",
    "confirmEmailChange",
    "cancelEmailChange",
    "beginTwoFactor",
    "confirmTwoFactor",
    "disableTwoFactor",
    "regenerateRecoveryCodes",
    "deleteMyCabinet",
    "cancelCabinetDeletion",
    "attachPersonalAccount",
    "proveAccountAccess",
    "exportMyData",
    "createAccessToken",
    "startPayment",
    "sharePersonalAccount",
    "takeAccountShare",
    "sendSupportRequest",
    "addSupportMessage",
    "cancelPayment",
    "sendPaymentReceipt",
    "setAutopay",
    "importPersonalAccounts",
    "importServices",
    "importMeters",
    "importMeterReadings",
    "importTariffs",
    "importStatements",
    "undoImportBatch",
    "reportReadingDecisions",
    "reportPaymentPostings",
    "registerWebhook",
    "rotateWebhookKey",
    "pingWebhook",
    "registerApiClient",
    "rotateApiClientSecret",
];
/// Mutations that hash a password for whoever asks, without a token or a session: an address may do so many a minute.
pub const SIGN_INS: [&str; 2] = ["register", "signIn"];

/// Bytes of memory reckoned for each token and each term of the price: an estimate, on the high side.
const BYTES_PER_TOKEN: usize = 200;

pub struct Plan {
    pub document: ExecutableDocument,
    pub operations: Vec<Priced>,
    formula: Formula,
    /// Estimated memory.
    pub bytes: usize,
}

pub struct Priced {
    pub name: Option<Name>,
    pub term: Index,
    pub sign_ins: u64,
    pub needs: Arc<Needs>,
    /// Fields at the root, each once, between commas.
    pub roots: Arc<str>,
}

pub enum Unplannable {
    TooExpensive(TooExpensive),
    Invalid(ServerError),
}

impl From<ServerError> for Unplannable {
    fn from(error: ServerError) -> Self {
        Self::Invalid(error)
    }
}

impl Plan {
    /// Of a document that the guard and the validation have let through.
    pub fn new(
        document: ExecutableDocument,
        tokens: usize,
        (catalog, scopes): (&Catalog, &Table),
        config: &GraphqlConfig,
    ) -> Result<Self, Unplannable> {
        let mut pricing = Pricing::new(catalog, &document, config);
        let mut operations = Vec::new();
        for (name, operation) in document.operations.iter() {
            let set = &operation.node.selection_set.node;
            let roots = roots(&document, set);
            check_roots(operation, &roots, config)?;
            let root = match operation.node.ty {
                OperationType::Query => &catalog.roots.query,
                OperationType::Mutation => &catalog.roots.mutation,
                OperationType::Subscription => &catalog.roots.subscription,
            };
            let root = root.as_ref().map_or("", Name::as_str);
            let term = pricing.selections(set, root)?;
            let needs = Arc::new(scopes.needs(catalog, &document, set, root));
            let sign_ins = roots.iter().filter(|root| SIGN_INS.contains(root)).count();
            let sign_ins = if operation.node.ty == OperationType::Mutation { sign_ins } else { 0 };
            let sign_ins = sign_ins.try_into().unwrap_or(u64::MAX);
            let roots = named_once(&roots);
            operations.push(Priced { name: name.cloned(), term, sign_ins, needs, roots });
        }
        let formula = pricing.formula;
        let bytes = (tokens + formula.size()).saturating_mul(BYTES_PER_TOKEN);
        Ok(Self { document, operations, formula, bytes })
    }

    pub fn formula(&self) -> &Formula {
        &self.formula
    }

    /// GetOperation (GraphQL, September 2025, section 6.1). The text is for the request's author.
    pub fn operation(&self, name: Option<&str>) -> Result<(&OperationDefinition, &Priced), &'static str> {
        let found = match (&self.document.operations, name) {
            (DocumentOperations::Single(operation), None) => Some(operation),
            (DocumentOperations::Single(_), Some(_)) => None,
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
            (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => operations.values().next(),
            (DocumentOperations::Multiple(_), None) => return Err("\"operationName\" must name one operation."),
        };
        let priced = match name {
            None => self.operations.first(),
            Some(name) => self.operations.iter().find(|priced| priced.name.as_deref() == Some(name)),
        };
        let both = found.map(|operation| &operation.node).zip(priced);
        both.ok_or("There is no operation of this name.")
    }
}

/// Fields at the root, those in fragments too, as often as they stand there. The guard has bounded how many.
fn roots<'a>(document: &'a ExecutableDocument, set: &'a SelectionSet) -> Vec<&'a str> {
    let below = |selection: &'a Positioned<Selection>| match &selection.node {
        Selection::Field(field) => vec![field.node.name.node.as_str()],
        Selection::InlineFragment(inline) => roots(document, &inline.node.selection_set.node),
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment.map(|fragment| roots(document, &fragment.node.selection_set.node)).unwrap_or_default()
        }
    };
    set.items.iter().flat_map(below).collect()
}

fn named_once(roots: &[&str]) -> Arc<str> {
    let mut names: Vec<&str> = roots.to_vec();
    names.sort_unstable();
    names.dedup();
    names.join(",").into()
}

fn check_roots(
    operation: &Positioned<OperationDefinition>,
    roots: &[&str],
    config: &GraphqlConfig,
) -> Result<(), Unplannable> {
    if roots.len() > config.limits.max_root_fields {
        return Err(Unplannable::TooExpensive(TooExpensive::RootFields(config.limits.max_root_fields)));
    }
    let sensitive = roots.iter().filter(|root| SENSITIVE.contains(root)).count();
    match operation.node.ty {
        OperationType::Mutation if sensitive > 1 => {
            Err(Unplannable::TooExpensive(TooExpensive::Sensitive(SENSITIVE.join(", "))))
        }
        // GraphQL, September 2025, section 5.2.4.1; async-graphql merges the streams.
        OperationType::Subscription if roots.len() != 1 => Err(one_root(operation.pos).into()),
        _ => Ok(()),
    }
}

fn one_root(pos: Pos) -> ServerError {
    ServerError::new("A subscription has exactly one field at its root.", Some(pos))
}

#[cfg(test)]
impl Plan {
    pub(super) fn of_size(bytes: usize) -> Self {
        let document = async_graphql::parser::parse_query("{ __typename }").unwrap();
        Self { document, operations: Vec::new(), formula: Formula::default(), bytes }
    }
}
