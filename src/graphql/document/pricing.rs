//! Makes the formula of a document that is known to be valid, and looks at what validation leaves out.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Positioned, ServerError, Value};

use super::catalog::{Catalog, FieldShape, is_list, named};
use super::coercion::{fits, hole};
use super::price::{Formula, Given, Index, Size, Term};
use crate::config::GraphqlConfig;

pub struct Pricing<'a> {
    catalog: &'a Catalog,
    document: &'a ExecutableDocument,
    config: &'a GraphqlConfig,
    pub formula: Formula,
    /// Each fragment is summed up once, whatever spreads it.
    fragments: HashMap<&'a Name, Index>,
}

/// The part of one selection set that counts for every type, and what counts for some.
#[derive(Default)]
struct Parts {
    fixed: u64,
    always: Vec<(Size, Index)>,
    of_types: Vec<(Name, Index)>,
}

impl<'a> Pricing<'a> {
    pub fn new(catalog: &'a Catalog, document: &'a ExecutableDocument, config: &'a GraphqlConfig) -> Self {
        Self { catalog, document, config, formula: Formula::default(), fragments: HashMap::new() }
    }

    /// The term of a selection set on a type.
    pub fn selections(&mut self, set: &'a SelectionSet, parent: &str) -> Result<Index, ServerError> {
        let mut found = Parts::default();
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(field, parent, &mut found)?,
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref().map(|condition| &condition.node.on.node);
                    let on = condition.map_or(parent, Name::as_str);
                    let term = self.selections(&inline.node.selection_set.node, on)?;
                    self.narrowed(parent, on, term, &mut found);
                }
                Selection::FragmentSpread(spread) => {
                    let document = self.document;
                    let Some((name, fragment)) = document.fragments.get_key_value(&spread.node.fragment_name.node)
                    else {
                        continue;
                    };
                    let on = &fragment.node.type_condition.node.on.node;
                    let term = match self.fragments.get(name) {
                        Some(term) => *term,
                        None => self.selections(&fragment.node.selection_set.node, on)?,
                    };
                    self.fragments.insert(name, term);
                    self.narrowed(parent, on, term, &mut found);
                }
            }
        }
        Ok(self.dearest(parent, found))
    }

    fn narrowed(&self, parent: &str, on: &str, term: Index, found: &mut Parts) {
        if on == parent || self.catalog.members(parent).is_none() {
            found.always.push((Size::Times(1), term));
        } else {
            found.of_types.push((Name::new(on), term));
        }
    }

    fn dearest(&mut self, parent: &str, found: Parts) -> Index {
        let Parts { fixed, always: parts, of_types } = found;
        let always = self.formula.push(Term::Sum { fixed, parts });
        let Some(members) = self.catalog.members(parent).filter(|_| !of_types.is_empty()) else { return always };
        let mut each = Vec::new();
        for member in members {
            let applicable = of_types.iter().filter(|(on, _)| self.catalog.is_a(member, on));
            let mut parts: Vec<_> = applicable.map(|(_, term)| (Size::Times(1), *term)).collect();
            parts.push((Size::Times(1), always));
            each.push(self.formula.push(Term::Sum { fixed: 0, parts }));
        }
        self.formula.push(Term::Most(each))
    }

    fn field(&mut self, field: &'a Positioned<Field>, parent: &str, found: &mut Parts) -> Result<(), ServerError> {
        found.fixed = found.fixed.saturating_add(1);
        let name = field.node.name.node.as_str();
        if matches!(name, "__schema" | "__type") {
            if !self.config.introspection {
                return Err(ServerError::new("Questions about the schema are not answered here.", Some(field.pos)));
            }
            let term = self.introspected(&field.node.selection_set.node);
            found.always.push((Size::Elements, term));
            return Ok(());
        }
        let catalog = self.catalog;
        let Some(shape) = catalog.field(parent, name) else { return Ok(()) };
        literals(catalog, shape, &field.node)?;
        if !field.node.selection_set.node.items.is_empty() {
            let term = self.selections(&field.node.selection_set.node, named(&shape.result))?;
            found.always.push((self.size(shape, parent, &field.node), term));
        }
        Ok(())
    }

    fn size(&self, shape: &FieldShape, parent: &str, field: &Field) -> Size {
        let (has, given) = (|name| shape.arguments.contains_key(name), |name| given(field, name));
        if has("first") || has("last") {
            let rows = |rows| u64::try_from(rows).unwrap_or(u64::MAX);
            let (default, most) = (rows(self.config.default_page_size), rows(self.config.max_page_size));
            return Size::Page { first: given("first"), last: given("last"), default, most };
        }
        match is_list(&shape.result) {
            true if has("ids") => Size::Items(given("ids")),
            // The connection was multiplied by its rows already.
            true if !parent.ends_with("Connection") => Size::Times(self.config.list_size),
            _ => Size::Times(1),
        }
    }

    /// Elements of the schema that are asked for. Lists count with sizes as this schema has them.
    fn introspected(&mut self, set: &'a SelectionSet) -> Index {
        let mut found = Parts::default();
        for selection in &set.items {
            let (times, term) = match &selection.node {
                Selection::Field(field) => {
                    found.fixed = found.fixed.saturating_add(1);
                    let times = match field.node.name.node.as_str() {
                        "types" => u64::try_from(self.catalog.number_of_types()).unwrap_or(u64::MAX),
                        "fields" => 6,
                        "args" => 2,
                        "inputFields" | "possibleTypes" | "directives" => 4,
                        "enumValues" => 8,
                        _ => 1,
                    };
                    (times, self.introspected(&field.node.selection_set.node))
                }
                Selection::InlineFragment(inline) => (1, self.introspected(&inline.node.selection_set.node)),
                Selection::FragmentSpread(spread) => {
                    let document = self.document;
                    let Some((name, fragment)) = document.fragments.get_key_value(&spread.node.fragment_name.node)
                    else {
                        continue;
                    };
                    let known = self.fragments.get(name).copied();
                    let term = known.unwrap_or_else(|| self.introspected(&fragment.node.selection_set.node));
                    self.fragments.insert(name, term);
                    (1, term)
                }
            };
            found.always.push((Size::Times(times), term));
        }
        self.formula.push(Term::Sum { fixed: found.fixed, parts: found.always })
    }
}

fn given(field: &Field, name: &str) -> Given {
    let Some(value) = field.get_argument(name) else { return Given::Nothing };
    let mut only = None;
    let literal = value.node.clone().into_const_with(|variable| {
        only = Some(variable);
        Ok::<_, std::convert::Infallible>(hole())
    });
    match (literal, only) {
        (Ok(Value::Binary(_)), Some(variable)) => Given::Variable(variable),
        (Ok(literal), _) => Given::Literal(literal),
    }
}

/// Validation looks only at literals without variables, and takes any literal for an input object.
fn literals(catalog: &Catalog, shape: &FieldShape, field: &Field) -> Result<(), ServerError> {
    for (name, value) in &field.arguments {
        let Some(argument) = shape.arguments.get(&name.node) else { continue };
        let Ok(literal) = value.node.clone().into_const_with(|_| Ok::<_, std::convert::Infallible>(hole()));
        fits(catalog, &argument.expected, &literal).map_err(|mismatch| {
            ServerError::new(mismatch.message(&format!("Argument \"{}\"", name.node)), Some(value.pos))
        })?;
    }
    Ok(())
}
