//! Whether values fit their types: variables before each execution (GraphQL, September 2025, section 6.1.2), literals once.
//!
//! async-graphql looks at variables only while it validates in full, and at literals that hold a variable not at all.

use async_graphql::parser::types::{BaseType, Type, VariableDefinition};
use async_graphql::{Positioned, Value, Variables};

use super::catalog::{Catalog, InputShape, Shape};
use crate::graphql::scalars;

/// Where a value does not fit, and what was expected there.
#[derive(Debug, PartialEq, Eq)]
pub struct Mismatch {
    path: String,
    expected: String,
}

impl Mismatch {
    pub fn message(&self, of: &str) -> String {
        let Self { path, expected } = self;
        format!("{of}{path} must be {expected}.")
    }

    fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// The text is for the request's author.
pub fn check_variables(
    catalog: &Catalog,
    definitions: &[Positioned<VariableDefinition>],
    variables: &Variables,
) -> Result<(), String> {
    for definition in definitions {
        let definition = &definition.node;
        let (name, wanted) = (&definition.name.node, &definition.var_type.node);
        match variables.get(name) {
            Some(value) => {
                let fit = fits(catalog, wanted, value);
                fit.map_err(|mismatch| mismatch.message(&format!("Variable \"${name}\"")))?;
            }
            None if wanted.nullable || definition.default_value.is_some() => {}
            None => return Err(format!("Variable \"${name}\" is required and has no value.")),
        }
    }
    Ok(())
}

/// Stands in a literal where a variable was: fits everywhere. No document can hold binary data.
pub fn hole() -> Value {
    Value::Binary(<_>::default())
}

pub fn fits(catalog: &Catalog, wanted: &Type, value: &Value) -> Result<(), Mismatch> {
    match (value, &wanted.base) {
        (Value::Binary(_), _) => Ok(()),
        (Value::Null, _) if wanted.nullable => Ok(()),
        (Value::Null, _) => mismatch(wanted.to_string()),
        (Value::List(items), BaseType::List(item)) => items.iter().enumerate().try_for_each(|(number, value)| {
            fits(catalog, item, value).map_err(|mismatch| mismatch.below(&format!("[{number}]")))
        }),
        // A single value stands for a list of one.
        (value, BaseType::List(item)) => fits(catalog, item, value),
        (value, BaseType::Named(name)) => match catalog.shape(name) {
            Some(Shape::Scalar) if scalars::accepts(name, value) => Ok(()),
            Some(Shape::Enum(values)) if is_one_of(values, value) => Ok(()),
            Some(Shape::Input { fields, one_of }) => match value {
                Value::Object(members) => object(catalog, fields, *one_of, members),
                _ => mismatch(wanted.to_string()),
            },
            _ => mismatch(wanted.to_string()),
        },
    }
}

fn mismatch<T>(expected: String) -> Result<T, Mismatch> {
    Err(Mismatch { path: String::new(), expected })
}

fn is_one_of(values: &[async_graphql::Name], value: &Value) -> bool {
    match value {
        Value::Enum(name) => values.contains(name),
        Value::String(name) => values.iter().any(|value| value == name),
        _ => false,
    }
}

type Members = async_graphql::indexmap::IndexMap<async_graphql::Name, Value>;

fn object(
    catalog: &Catalog,
    fields: &std::collections::HashMap<async_graphql::Name, InputShape>,
    one_of: bool,
    members: &Members,
) -> Result<(), Mismatch> {
    if one_of && (members.len() != 1 || members.values().any(|value| *value == Value::Null)) {
        return mismatch("an object with exactly one field".to_owned());
    }
    for (name, value) in members {
        let step = format!(".{name}");
        match fields.get(name) {
            Some(field) => fits(catalog, &field.expected, value).map_err(|mismatch| mismatch.below(&step))?,
            None => {
                return mismatch("left out: there is no such field".to_owned())
                    .map_err(|found: Mismatch| found.below(&step));
            }
        }
    }
    let missing = |(name, field): &(&async_graphql::Name, &InputShape)| {
        !field.expected.nullable && !field.has_default && !members.contains_key(*name)
    };
    match fields.iter().find(missing) {
        Some((name, field)) => {
            mismatch(field.expected.to_string()).map_err(|found: Mismatch| found.below(&format!(".{name}")))
        }
        None => Ok(()),
    }
}
