//! What the schema offers to ask and to do, and a document for each of it.

use std::collections::BTreeMap;

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use kabinet::graphql::definition;
use serde_json::{Map, Value, json};

pub struct Surface {
    types: BTreeMap<String, TypeKind>,
}

impl Surface {
    pub fn read() -> Self {
        let document = parse_schema(definition()).expect("the exported schema is one");
        let types = document.definitions.into_iter().filter_map(|definition| match definition {
            TypeSystemDefinition::Type(found) => Some((found.node.name.node.to_string(), found.node.kind)),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        });
        Self { types: types.collect() }
    }

    /// Every act, every question, every subscription, and every field of each type that has an id of its own, as `Type.field`.
    pub fn operations(&self) -> Vec<String> {
        let roots = ["Mutation", "Query", "Subscription"].into_iter().map(str::to_owned);
        let types = roots.chain(self.types.keys().filter(|name| self.is_node(name)).cloned());
        let operations = types.flat_map(|name| {
            self.fields(&name).iter().map(|field| format!("{name}.{}", field.name)).collect::<Vec<_>>()
        });
        operations.collect()
    }

    fn is_node(&self, name: &str) -> bool {
        let Some(TypeKind::Object(object)) = self.types.get(name) else { return false };
        object.implements.iter().any(|interface| interface.node == "Node")
    }

    fn fields(&self, name: &str) -> Vec<&FieldDefinition> {
        match self.types.get(name) {
            Some(TypeKind::Object(object)) => object.fields.iter().map(|field| &field.node).collect(),
            Some(TypeKind::Interface(interface)) => interface.fields.iter().map(|field| &field.node).collect(),
            _ => Vec::new(),
        }
    }

    fn field(&self, operation: &str) -> (&str, &FieldDefinition) {
        let (name, field) = operation.split_once('.').unwrap_or_else(|| panic!("{operation} is no Type.field"));
        let (name, _) = self.types.get_key_value(name).unwrap_or_else(|| panic!("no type {name}"));
        let found = self.fields(name).into_iter().find(|found| found.name.node == field);
        (name, found.unwrap_or_else(|| panic!("{name} has no field {field}")))
    }

    /// A document for an operation with these arguments. A field of a type with an id is reached by `$id`.
    pub fn document(&self, operation: &str, arguments: &Map<String, Value>) -> String {
        let (name, field) = self.field(operation);
        let given = field.arguments.iter().filter(|argument| arguments.contains_key(argument.node.name.node.as_str()));
        let (mut variables, mut values) = (Vec::new(), Vec::new());
        for argument in given {
            variables.push(format!("${0}: {1}", argument.node.name, argument.node.ty));
            values.push(format!("{0}: ${0}", argument.node.name));
        }
        let node = !matches!(name, "Mutation" | "Query" | "Subscription");
        // Who signs in is nobody yet in that request: of a payload's person only what is in the row is asked.
        let depth = if matches!(name, "Mutation" | "Subscription") { 1 } else { 2 };
        if node {
            variables.push("$id: ID!".to_owned());
        }
        let asked = format!("{}{} {}", field.name, list(&values), self.selection(base(&field.ty.node), depth));
        let variables = list(&variables);
        match name {
            "Mutation" => format!("mutation{variables} {{ {asked} }}"),
            "Query" => format!("query{variables} {{ {asked} }}"),
            "Subscription" => format!("subscription{variables} {{ {asked} }}"),
            _ => format!("query{variables} {{ node(id: $id) {{ ... on {name} {{ {asked} }} }} }}"),
        }
    }

    fn selection(&self, name: &str, depth: u32) -> String {
        let fields = self.fields(name);
        if fields.is_empty() {
            return String::new();
        }
        let answerable =
            fields.iter().filter(|field| !field.arguments.iter().any(|argument| is_required(&argument.node)));
        let asked = answerable.filter_map(|field| {
            let inner = base(&field.ty.node);
            match self.fields(inner).is_empty() {
                true => Some(field.name.to_string()),
                false if depth == 0 => None,
                false => Some(format!("{} {}", field.name, self.selection(inner, depth - 1))),
            }
        });
        format!("{{ __typename {} }}", asked.collect::<Vec<_>>().join(" "))
    }

    /// The arguments that an operation needs, each with a word in the place of its value.
    pub fn needed_arguments(&self, operation: &str) -> Value {
        let (_, field) = self.field(operation);
        self.needed(&field.arguments)
    }

    fn needed(&self, arguments: &[Positioned<InputValueDefinition>]) -> Value {
        let required = arguments.iter().map(|argument| &argument.node).filter(|argument| is_required(argument));
        let needed = required.map(|argument| {
            let value = match self.types.get(base(&argument.ty.node)) {
                Some(TypeKind::InputObject(input)) => self.needed(&input.fields),
                _ => json!(argument.ty.node.to_string()),
            };
            (argument.name.to_string(), value)
        });
        Value::Object(needed.collect())
    }
}

fn is_required(argument: &InputValueDefinition) -> bool {
    !argument.ty.node.nullable && argument.default_value.is_none()
}

/// The name inside the lists.
fn base(found: &Type) -> &str {
    match &found.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base(inner),
    }
}

/// `(a, b)`, or nothing.
fn list(parts: &[String]) -> String {
    if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
}
