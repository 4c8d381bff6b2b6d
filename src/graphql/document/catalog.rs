//! The schema as the price and the variables need it: which types there are, what they have, what they ask for.
//!
//! Read from the schema's own definition language, which is public and stable; async-graphql's registry is neither.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, SchemaDefinition, Type, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Positioned, parser};

#[derive(Debug, Default)]
pub struct Catalog {
    types: HashMap<Name, Shape>,
    /// Object types of each interface and union.
    members: HashMap<Name, Vec<Name>>,
    pub roots: Roots,
}

#[derive(Debug, Default)]
pub struct Roots {
    pub query: Option<Name>,
    pub mutation: Option<Name>,
    pub subscription: Option<Name>,
}

#[derive(Debug)]
pub enum Shape {
    /// Objects and interfaces; unions have no fields.
    Output(HashMap<Name, FieldShape>),
    Input {
        fields: HashMap<Name, InputShape>,
        /// Exactly one field is given.
        one_of: bool,
    },
    Enum(Vec<Name>),
    Scalar,
}

#[derive(Debug)]
pub struct FieldShape {
    pub result: Type,
    pub arguments: HashMap<Name, InputShape>,
}

#[derive(Debug)]
pub struct InputShape {
    pub expected: Type,
    pub has_default: bool,
}

impl Catalog {
    pub fn read(sdl: &str) -> Result<Self, parser::Error> {
        let mut catalog = Self::default();
        for definition in parse_schema(sdl)?.definitions {
            match definition {
                TypeSystemDefinition::Schema(schema) => catalog.roots = roots(schema.node),
                TypeSystemDefinition::Type(named) => catalog.add(named.node),
                TypeSystemDefinition::Directive(_) => {}
            }
        }
        for scalar in ["Int", "Float", "String", "Boolean", "ID"] {
            catalog.types.insert(Name::new(scalar), Shape::Scalar);
        }
        Ok(catalog)
    }

    fn add(&mut self, definition: TypeDefinition) {
        let name = definition.name.node;
        let shape = match definition.kind {
            TypeKind::Scalar => Shape::Scalar,
            TypeKind::Object(object) => {
                for interface in object.implements {
                    self.members.entry(interface.node).or_default().push(name.clone());
                }
                Shape::Output(fields(object.fields))
            }
            TypeKind::Interface(interface) => Shape::Output(fields(interface.fields)),
            TypeKind::Union(union) => {
                self.members
                    .entry(name.clone())
                    .or_default()
                    .extend(union.members.into_iter().map(|member| member.node));
                Shape::Output(HashMap::new())
            }
            TypeKind::Enum(values) => {
                Shape::Enum(values.values.into_iter().map(|value| value.node.value.node).collect())
            }
            TypeKind::InputObject(object) => Shape::Input {
                fields: inputs(object.fields),
                one_of: definition.directives.iter().any(|directive| directive.node.name.node == "oneOf"),
            },
        };
        self.types.insert(name, shape);
    }

    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.types.get(name)
    }

    pub fn field(&self, parent: &str, field: &str) -> Option<&FieldShape> {
        match self.types.get(parent)? {
            Shape::Output(fields) => fields.get(field),
            _ => None,
        }
    }

    /// The object types that a value of this type may be; none when it is an object type itself.
    pub fn members(&self, name: &str) -> Option<&[Name]> {
        self.members.get(name).map(Vec::as_slice)
    }

    /// Whether an object of the type `object` is also of the type `name`.
    pub fn is_a(&self, object: &str, name: &str) -> bool {
        object == name || self.members.get(name).is_some_and(|members| members.iter().any(|member| member == object))
    }

    /// Fields of objects and interfaces, with the type that has them.
    pub fn output_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.types.iter().flat_map(|(name, shape)| match shape {
            Shape::Output(fields) => fields.keys().map(|field| (name.as_str(), field.as_str())).collect(),
            _ => Vec::new(),
        })
    }

    pub fn number_of_types(&self) -> usize {
        self.types.len()
    }
}

/// The name at the end of a type, without its lists.
pub fn named(wanted: &Type) -> &Name {
    match &wanted.base {
        BaseType::Named(name) => name,
        BaseType::List(item) => named(item),
    }
}

pub fn is_list(wanted: &Type) -> bool {
    matches!(wanted.base, BaseType::List(_))
}

fn roots(schema: SchemaDefinition) -> Roots {
    let name = |root: Option<Positioned<Name>>| root.map(|root| root.node);
    Roots { query: name(schema.query), mutation: name(schema.mutation), subscription: name(schema.subscription) }
}

fn fields(definitions: Vec<Positioned<FieldDefinition>>) -> HashMap<Name, FieldShape> {
    let field = |definition: Positioned<FieldDefinition>| {
        let FieldDefinition { name, arguments, ty, .. } = definition.node;
        (name.node, FieldShape { result: ty.node, arguments: inputs(arguments) })
    };
    definitions.into_iter().map(field).collect()
}

fn inputs(definitions: Vec<Positioned<InputValueDefinition>>) -> HashMap<Name, InputShape> {
    let input = |definition: Positioned<InputValueDefinition>| {
        let InputValueDefinition { name, ty, default_value, .. } = definition.node;
        (name.node, InputShape { expected: ty.node, has_default: default_value.is_some() })
    };
    definitions.into_iter().map(input).collect()
}
