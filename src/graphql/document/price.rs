//! What an operation costs, in points, as a formula of its variables.
//!
//! A field is one point, times the rows of every list that it stands in: a page has the rows that `first` or `last` ask
//! for, `ids` as many as are given, another list `graphql.list_size`. Where a value may be of several types, the dearest
//! counts. `@skip` and `@include` lower nothing. Twenty elements of the schema (introspection) are one point: they are
//! read from memory.
//!
//! Built once for a document, fragments once each; evaluated in one pass, each term once.

use async_graphql::parser::types::VariableDefinition;
use async_graphql::{Name, Positioned, Value, Variables};

/// Introspected elements for one point.
const ELEMENTS: u64 = 20;

#[derive(Debug, Default)]
pub struct Formula(Vec<Term>);

/// Which term; a term names only those before it.
pub type Index = usize;

#[derive(Debug)]
pub enum Term {
    Sum { fixed: u64, parts: Vec<(Size, Index)> },
    Most(Vec<Index>),
}

/// How often a part counts.
#[derive(Debug)]
pub enum Size {
    Times(u64),
    /// Rows of a page, by `first` and `last`.
    Page {
        first: Given,
        last: Given,
        default: u64,
        most: u64,
    },
    /// Items of a list argument.
    Items(Given),
    /// One point for `ELEMENTS`, rounded up.
    Elements,
}

/// An argument, as far as sizes need it.
#[derive(Debug)]
pub enum Given {
    Nothing,
    Literal(Value),
    Variable(Name),
}

/// The variables of one request over the defaults of their definitions.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    pub definitions: &'a [Positioned<VariableDefinition>],
    pub variables: &'a Variables,
}

impl Inputs<'_> {
    fn value<'a>(&'a self, given: &'a Given) -> Option<&'a Value> {
        let found = match given {
            Given::Nothing => None,
            Given::Literal(value) => Some(value),
            Given::Variable(name) => self.variables.get(name).or_else(|| {
                let mut definitions = self.definitions.iter().map(|definition| &definition.node);
                definitions.find(|definition| definition.name.node == *name)?.default_value()
            }),
        };
        found.filter(|value| **value != Value::Null)
    }

    fn number(&self, given: &Given) -> Option<u64> {
        match self.value(given)? {
            Value::Number(number) => Some(number.as_u64().unwrap_or(0)),
            _ => None,
        }
    }
}

impl Size {
    fn of(&self, inputs: Inputs<'_>, part: u64) -> u64 {
        let times = match self {
            Self::Times(times) => *times,
            // What asks for more than a page may have is refused by its field.
            Self::Page { first, last, default, most } => {
                inputs.number(first).or_else(|| inputs.number(last)).unwrap_or(*default).min(*most)
            }
            Self::Items(given) => match inputs.value(given) {
                Some(Value::List(items)) => u64::try_from(items.len()).unwrap_or(u64::MAX),
                Some(_) => 1,
                None => 0,
            },
            Self::Elements => return part.div_ceil(ELEMENTS),
        };
        times.saturating_mul(part)
    }
}

impl Formula {
    pub fn push(&mut self, term: Term) -> Index {
        self.0.push(term);
        self.0.len() - 1
    }

    /// Terms.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// Points of the term `of`.
    pub fn evaluate(&self, of: Index, inputs: Inputs<'_>) -> u64 {
        let mut values: Vec<u64> = Vec::with_capacity(self.0.len());
        for term in self.0.iter().take(of + 1) {
            let value = |index: &Index| values.get(*index).copied().unwrap_or(0);
            values.push(match term {
                Term::Most(indices) => indices.iter().map(value).max().unwrap_or(0),
                Term::Sum { fixed, parts } => {
                    parts.iter().fold(*fixed, |sum, (size, index)| sum.saturating_add(size.of(inputs, value(index))))
                }
            });
        }
        values.last().copied().unwrap_or(0)
    }
}
