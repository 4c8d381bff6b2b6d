//! A mutation that is selected twice under one name is refused.
//!
//! async-graphql 7.2.1 executes a field as often as it is selected and merges the results, where the specification
//! (September 2025, section 6.3.2) collects the selections first. For a mutation that is an act done twice, and the
//! errors of the second are lost when the first had none.

use std::collections::BTreeSet;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Request, ServerError};

use super::error::TopCode;

/// Spreads followed from a mutation's root; more are refused. Validation, which knows cycles, comes later.
const MOST_SPREADS: usize = 100;

/// None: each act is asked for once.
pub fn refusal(request: &mut Request) -> Option<ServerError> {
    let name = request.operation_name.clone();
    // What does not parse is told by whoever executes it.
    let document = request.parsed_query().ok()?;
    let operation = operation(document, name.as_deref())?;
    if operation.ty != OperationType::Mutation {
        return None;
    }
    let mut roots = Roots { document, seen: BTreeSet::new(), spreads: 0 };
    let repeated = roots.repeated(&operation.selection_set.node)?;
    let mut error = ServerError::new(format!("\"{repeated}\" is selected twice: select each mutation once."), None);
    error.extensions.get_or_insert_default().set("code", TopCode::BadInput.word());
    Some(error)
}

fn operation<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) => operations.values().next(),
    };
    found.map(|operation| &operation.node)
}

struct Roots<'a> {
    document: &'a ExecutableDocument,
    seen: BTreeSet<&'a str>,
    spreads: usize,
}

impl<'a> Roots<'a> {
    /// The first name in the answer that is taken twice.
    fn repeated(&mut self, set: &'a SelectionSet) -> Option<&'a str> {
        for selection in &set.items {
            let found = match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    (!self.seen.insert(key)).then_some(key)
                }
                Selection::InlineFragment(fragment) => self.repeated(&fragment.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    self.spreads += 1;
                    let name = &spread.node.fragment_name.node;
                    if self.spreads > MOST_SPREADS {
                        return Some(name.as_str());
                    }
                    self.document
                        .fragments
                        .get(name)
                        .and_then(|fragment| self.repeated(&fragment.node.selection_set.node))
                }
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(query: &str) -> bool {
        refusal(&mut Request::new(query)).is_some()
    }

    #[test]
    fn an_act_is_asked_for_once() {
        for query in [
            "mutation { pay { id } pay { userErrors { code } } }",
            "mutation { a: pay { id } a: pay { id } }",
            "mutation { pay { id } ... { pay { id } } }",
            "mutation { pay { id } ...F } fragment F on Mutation { pay { id } }",
            "mutation { ...F ...F } fragment F on Mutation { pay { id } }",
            "mutation { ...F } fragment F on Mutation { ...F }",
        ] {
            assert!(refused(query), "{query}");
        }
        for query in [
            "mutation { a: pay { id } b: pay { id } }",
            "mutation { pay { id id } }",
            "query { viewer { id } viewer { email } }",
            "mutation { ...F } fragment F on Mutation { pay { id } }",
            "mutation { pay",
        ] {
            assert!(!refused(query), "{query}");
        }
    }
}
