//! What a token must be good for to have a document executed: known with its plan, before anybody asks.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use entity::enums::{ClientScope, Scope};

use super::catalog::{Catalog, named};
use crate::kernel::{ClientScopes, Scopes};

/// Every field of the schema and its scope, in one place.
const TABLE: &str = include_str!("scopes.txt");

/// What one field asks for of a person's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    OneOf(Scopes),
    Session,
}

/// What one field asks for of the token of a provider's program. What nobody has decided about is not for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ClientNeed {
    #[default]
    Never,
    Nothing,
    OneOf(ClientScopes),
}

/// What an operation asks for, all of its fields together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    session: bool,
    /// One of each set.
    sets: Vec<Scopes>,
    /// Something is for people only.
    people: bool,
    /// One of each set, of a provider's program.
    client_sets: Vec<ClientScopes>,
}

impl Needs {
    /// What a token lacks; none when it may.
    pub fn lacking(&self, token: Scopes) -> Option<Lacking> {
        if self.session {
            return Some(Lacking::Session);
        }
        let set = self.sets.iter().find(|set| token.lacking(**set) == **set)?;
        Some(Lacking::OneOf(*set))
    }

    /// What the token of a provider's program lacks; none when it may.
    pub fn lacking_of_client(&self, token: ClientScopes) -> Option<Lacking> {
        if self.people {
            return Some(Lacking::People);
        }
        let set = self.client_sets.iter().find(|set| token.lacking(**set) == **set)?;
        Some(Lacking::OneOfClient(*set))
    }

    fn add(&mut self, (need, of_client): (Need, ClientNeed)) {
        match of_client {
            ClientNeed::Never => self.people = true,
            ClientNeed::OneOf(set) if !self.client_sets.contains(&set) => self.client_sets.push(set),
            ClientNeed::Nothing | ClientNeed::OneOf(_) => {}
        }
        match need {
            Need::Nothing => {}
            Need::Session => self.session = true,
            Need::OneOf(set) if self.sets.contains(&set) => {}
            Need::OneOf(set) => self.sets.push(set),
        }
    }

    fn add_all(&mut self, other: &Self) {
        self.session |= other.session;
        self.people |= other.people;
        other.sets.iter().for_each(|set| self.add((Need::OneOf(*set), ClientNeed::Nothing)));
        other.client_sets.iter().for_each(|set| self.add((Need::Nothing, ClientNeed::OneOf(*set))));
    }
}

/// Why a token may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// Only a session may.
    Session,
    OneOf(Scopes),
    /// No provider's program may.
    People,
    OneOfClient(ClientScopes),
}

#[derive(Debug)]
pub struct Table(HashMap<&'static str, (Need, ClientNeed)>);

impl Table {
    pub fn read() -> Self {
        let rows = TABLE.lines().map(|line| line.split('#').next().unwrap_or_default());
        let cells = rows.filter_map(|row| {
            let mut cells = row.split_whitespace();
            Some((cells.next()?, (need(cells.next()?), cells.next().map(client_need).unwrap_or_default())))
        });
        Self(cells.collect())
    }

    /// The row of a field, of its type, or of types that are called like it.
    pub(super) fn find(&self, parent: &str, field: &str) -> Option<(Need, ClientNeed)> {
        let own = self.0.get(format!("{parent}.{field}").as_str()).or_else(|| self.0.get(parent));
        let alike = || self.0.iter().find(|(name, _)| name.strip_prefix('*').is_some_and(|end| parent.ends_with(end)));
        own.copied().or_else(|| alike().map(|(_, need)| *need))
    }

    /// Of a document that is known to be valid.
    pub fn needs<'a>(
        &self,
        catalog: &Catalog,
        document: &'a ExecutableDocument,
        set: &'a SelectionSet,
        root: &str,
    ) -> Needs {
        Walk { table: self, catalog, document, fragments: HashMap::new() }.selections(set, root)
    }
}

fn need(cell: &str) -> Need {
    match cell {
        "-" => Need::Nothing,
        "SESSION" => Need::Session,
        words => Need::OneOf(words.split('|').filter_map(Scope::from_word).collect()),
    }
}

fn client_need(cell: &str) -> ClientNeed {
    match cell {
        "-" => ClientNeed::Nothing,
        words => ClientNeed::OneOf(words.split('|').filter_map(ClientScope::from_word).collect()),
    }
}

struct Walk<'a, 'b> {
    table: &'b Table,
    catalog: &'b Catalog,
    document: &'a ExecutableDocument,
    /// Each fragment is walked once, whatever spreads it.
    fragments: HashMap<&'a Name, Needs>,
}

impl<'a> Walk<'a, '_> {
    fn selections(&mut self, set: &'a SelectionSet, parent: &str) -> Needs {
        let mut needs = Needs::default();
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    // Questions about the schema, which are nobody's.
                    if name.starts_with("__") {
                        continue;
                    }
                    needs.add(self.table.find(parent, name).unwrap_or((Need::Session, ClientNeed::Never)));
                    if let Some(shape) = self.catalog.field(parent, name) {
                        needs.add_all(&self.selections(&field.node.selection_set.node, named(&shape.result)));
                    }
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(parent, |on| on.node.on.node.as_str());
                    needs.add_all(&self.selections(&inline.node.selection_set.node, on));
                }
                Selection::FragmentSpread(spread) => needs.add_all(&self.fragment(&spread.node.fragment_name.node)),
            }
        }
        needs
    }

    fn fragment(&mut self, name: &Name) -> Needs {
        let document = self.document;
        let Some((name, fragment)) = document.fragments.get_key_value(name) else { return Needs::default() };
        if let Some(known) = self.fragments.get(name) {
            return known.clone();
        }
        let on = fragment.node.type_condition.node.on.node.as_str();
        let needs = self.selections(&fragment.node.selection_set.node, on);
        self.fragments.insert(name, needs.clone());
        needs
    }
}

#[cfg(test)]
#[path = "needs_tests.rs"]
mod tests;
