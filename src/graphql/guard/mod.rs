//! Refuses documents that cost more to look at than to answer, before anything else walks them.
//!
//! A fragment that spreads the next one twice, twenty times over, is 786 bytes; async-graphql's validation visits every
//! path through it and stalled a core for 5.7 s. Here each fragment is summed up once, whatever spreads it.

pub mod tokens;
pub mod values;

use std::collections::HashMap;

use async_graphql::parser::types::{Directive, ExecutableDocument, Field, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned};

use crate::config::DocumentLimits;

/// Selection sets within each other on the way down, inline fragments and spreads included: bounds this walk's stack.
const MAX_NESTING: usize = 128;

/// Why a document is not executed; the text is for its author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooExpensive {
    #[error("The query is longer than {0} bytes.")]
    Bytes(usize),
    #[error("The query has more than {0} tokens.")]
    Tokens(usize),
    #[error("The query has brackets more than {max} deep.", max = tokens::MAX_BRACKETS)]
    Brackets,
    #[error("The query has a name that is too long.")]
    Name,
    #[error("The query nests deeper than {0} fields.")]
    Depth(usize),
    #[error("The query nests its selections deeper than {MAX_NESTING}.")]
    Nesting,
    #[error("The query expands to more than {0} fields.")]
    Fields(usize),
    #[error("The query has more than {0} operations.")]
    Operations(usize),
    #[error("The query has more than {0} fragments.")]
    Fragments(usize),
    #[error("The query spreads fragments more than {0} times.")]
    Spreads(usize),
    #[error("The query has more than {0} aliases.")]
    Aliases(usize),
    #[error("The query has more than {0} directives on one place.")]
    Directives(usize),
    #[error("The query has more than {0} directives.")]
    AllDirectives(usize),
    #[error("The query has more than {0} arguments.")]
    Arguments(usize),
    #[error("The query has more than {0} variables.")]
    Variables(usize),
    #[error("The operation has more than {0} fields at its root.")]
    RootFields(usize),
    #[error("The variables hold more than {0} values.")]
    Values(usize),
    #[error("The variables nest lists and objects deeper than {0}.")]
    ValueDepth(usize),
    #[error("The fragment \"{0}\" contains itself.")]
    Cycle(String),
    #[error("Of {0} only one may be sent in one request.")]
    Sensitive(String),
    #[error("The operation costs {requested} points; at most {most} may be asked for at once.")]
    Price { requested: u64, most: u64 },
}

/// Takes time in proportion to the document's length.
pub fn check(document: &ExecutableDocument, limits: &DocumentLimits) -> Result<(), TooExpensive> {
    if document.fragments.len() > limits.max_fragments {
        return Err(TooExpensive::Fragments(limits.max_fragments));
    }
    if document.operations.iter().count() > limits.max_operations {
        return Err(TooExpensive::Operations(limits.max_operations));
    }
    let mut walk = Walk { document, limits, sums: HashMap::new(), count: Count::default() };
    let mut fields = 0_usize;
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        walk.directives(&operation.directives)?;
        walk.count.variables += operation.variable_definitions.len();
        for variable in &operation.variable_definitions {
            walk.directives(&variable.node.directives)?;
        }
        fields = fields.saturating_add(walk.selections(&operation.selection_set.node, 0)?.fields);
    }
    if walk.count.variables > limits.max_variables {
        return Err(TooExpensive::Variables(limits.max_variables));
    }
    // Validation also walks fragments that no operation spreads.
    let mut apart = 0_usize;
    for (name, fragment) in &document.fragments {
        apart = apart.saturating_add(walk.fragment(name, fragment, 0)?.fields);
    }
    if fields.max(apart) > limits.max_fields { Err(TooExpensive::Fields(limits.max_fields)) } else { Ok(()) }
}

#[derive(Clone, Copy, Default)]
struct Sum {
    fields: usize,
    depth: usize,
}

enum Visit {
    Open,
    Done(Sum),
}

/// What was seen so far, each thing once however often it is spread.
#[derive(Default)]
struct Count {
    spreads: usize,
    aliases: usize,
    directives: usize,
    arguments: usize,
    variables: usize,
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    limits: &'a DocumentLimits,
    sums: HashMap<&'a Name, Visit>,
    count: Count,
}

impl<'a> Walk<'a> {
    fn selections(&mut self, set: &'a SelectionSet, nesting: usize) -> Result<Sum, TooExpensive> {
        if nesting > MAX_NESTING {
            return Err(TooExpensive::Nesting);
        }
        let mut total = Sum::default();
        for selection in &set.items {
            self.directives(selection.node.directives())?;
            let sum = match &selection.node {
                Selection::Field(field) => self.field(&field.node, nesting)?,
                Selection::InlineFragment(inline) => self.selections(&inline.node.selection_set.node, nesting + 1)?,
                Selection::FragmentSpread(spread) => self.spread(&spread.node.fragment_name.node, nesting)?,
            };
            total.fields = total.fields.saturating_add(sum.fields);
            total.depth = total.depth.max(sum.depth);
        }
        let most = self.limits.max_depth;
        if total.depth > most { Err(TooExpensive::Depth(most)) } else { Ok(total) }
    }

    fn field(&mut self, field: &'a Field, nesting: usize) -> Result<Sum, TooExpensive> {
        if field.alias.is_some() {
            self.count.aliases += 1;
            if self.count.aliases > self.limits.max_aliases {
                return Err(TooExpensive::Aliases(self.limits.max_aliases));
            }
        }
        self.arguments(field.arguments.len())?;
        let below = self.selections(&field.selection_set.node, nesting + 1)?;
        Ok(Sum { fields: below.fields.saturating_add(1), depth: below.depth + 1 })
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), TooExpensive> {
        if directives.len() > self.limits.max_directives {
            return Err(TooExpensive::Directives(self.limits.max_directives));
        }
        self.count.directives += directives.len();
        if self.count.directives > self.limits.max_directives_in_document {
            return Err(TooExpensive::AllDirectives(self.limits.max_directives_in_document));
        }
        self.arguments(directives.iter().map(|directive| directive.node.arguments.len()).sum())
    }

    fn arguments(&mut self, number: usize) -> Result<(), TooExpensive> {
        self.count.arguments += number;
        let most = self.limits.max_arguments;
        if self.count.arguments > most { Err(TooExpensive::Arguments(most)) } else { Ok(()) }
    }

    fn spread(&mut self, name: &'a Name, nesting: usize) -> Result<Sum, TooExpensive> {
        self.count.spreads += 1;
        if self.count.spreads > self.limits.max_spreads {
            return Err(TooExpensive::Spreads(self.limits.max_spreads));
        }
        // Validation tells about fragments that do not exist.
        let document = self.document;
        document.fragments.get(name).map_or(Ok(Sum::default()), |fragment| self.fragment(name, fragment, nesting))
    }

    fn fragment(
        &mut self,
        name: &'a Name,
        fragment: &'a Positioned<FragmentDefinition>,
        nesting: usize,
    ) -> Result<Sum, TooExpensive> {
        match self.sums.get(name) {
            Some(Visit::Done(sum)) => return Ok(*sum),
            Some(Visit::Open) => return Err(TooExpensive::Cycle(name.to_string())),
            None => {}
        }
        self.sums.insert(name, Visit::Open);
        self.directives(&fragment.node.directives)?;
        let sum = self.selections(&fragment.node.selection_set.node, nesting + 1)?;
        self.sums.insert(name, Visit::Done(sum));
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use async_graphql::parser::parse_query;

    use super::*;
    use crate::config::Config;

    pub(super) fn limits() -> DocumentLimits {
        Config::load::<String>(None, std::iter::empty()).unwrap().graphql.limits
    }

    fn verdict(query: &str) -> Result<(), TooExpensive> {
        check(&parse_query(query).unwrap(), &limits())
    }

    /// `levels` fragments of which each spreads the next one `times` times.
    fn fan_out(levels: usize, times: usize) -> String {
        let mut query = String::from("{ ...f0 }");
        for level in 0..levels {
            write!(query, " fragment f{level} on Query {{").unwrap();
            for _ in 0..times {
                write!(query, " ...f{}", level + 1).unwrap();
            }
            query.push_str(" }");
        }
        write!(query, " fragment f{levels} on Query {{ __typename }}").unwrap();
        query
    }

    #[test]
    fn fragments_that_double_are_refused_at_once() {
        assert_eq!(verdict(&fan_out(31, 2)), Err(TooExpensive::Fields(5000)));
        assert_eq!(verdict(&fan_out(45, 4)), Err(TooExpensive::Fields(5000)));
        assert_eq!(verdict(&fan_out(5, 50)), Err(TooExpensive::Spreads(200)));
        assert_eq!(verdict(&fan_out(8, 2)), Ok(()));
    }

    #[test]
    fn fragments_that_nobody_spreads_count_too() {
        let query = fan_out(31, 2).replacen("{ ...f0 }", "{ __typename }", 1);
        assert_eq!(verdict(&query), Err(TooExpensive::Fields(5000)));
    }

    #[test]
    fn a_fragment_within_itself_is_refused() {
        let cycle = verdict("{ ...a } fragment a on Q { ...b } fragment b on Q { x { ...a } }");
        assert!(matches!(cycle, Err(TooExpensive::Cycle(_))), "{cycle:?}");
    }

    #[test]
    fn depth_is_counted_through_fragments() {
        let nested = |depth: usize| format!("{}x{}", "{a".repeat(depth), "}".repeat(depth)).replace("ax", "a");
        assert_eq!(verdict(&nested(15)), Ok(()));
        assert_eq!(verdict(&nested(16)), Err(TooExpensive::Depth(15)));
        let halves = "{a{a{a{a{a{a{a{a{...h}}}}}}}}} fragment h on Q {a{a{a{a{a{a{a{a}}}}}}}}";
        assert_eq!(verdict(halves), Err(TooExpensive::Depth(15)));
    }

    #[test]
    fn long_chains_of_fragments_do_not_exhaust_the_stack() {
        let mut query = String::from("{ ...f0 }");
        for level in 0..49 {
            let (open, close) = ("... on Q {".repeat(20), "}".repeat(20));
            write!(query, " fragment f{level} on Q {{ {open} ...f{} {close} }}", level + 1).unwrap();
        }
        query.push_str(" fragment f49 on Q { x }");
        assert_eq!(verdict(&query), Err(TooExpensive::Nesting));
    }

    #[test]
    fn aliases_and_fragments_are_limited() {
        let aliases = |n: usize| (0..n).fold(String::from("{"), |text, i| text + &format!(" a{i}: x")) + "}";
        assert_eq!(verdict(&aliases(50)), Ok(()));
        assert_eq!(verdict(&aliases(51)), Err(TooExpensive::Aliases(50)));
        let fragments = (0..51).fold(String::from("{ x }"), |text, i| text + &format!(" fragment f{i} on Q {{ x }}"));
        assert_eq!(verdict(&fragments), Err(TooExpensive::Fragments(50)));
    }

    #[test]
    fn what_tools_ask_about_the_schema_passes() {
        let of_type = "ofType { kind name ".repeat(9) + &"}".repeat(9);
        let query = format!(
            "query IntrospectionQuery {{ __schema {{ types {{ ...FullType }} directives {{ args {{ ...InputValue }} }} }} }}
             fragment FullType on __Type {{ fields(includeDeprecated: true) {{ args {{ ...InputValue }} type {{ ...TypeRef }} }} }}
             fragment InputValue on __InputValue {{ name type {{ ...TypeRef }} defaultValue }}
             fragment TypeRef on __Type {{ kind name {of_type} }}"
        );
        assert_eq!(verdict(&query), Ok(()));
    }

    #[test]
    fn directives_count_wherever_they_stand() {
        let many = |n: usize| "@skip(if: false) ".repeat(n);
        for place in ["{ x DIR }", "query DIR { x }", "{ ... DIR { x } }", "{ ...f DIR } fragment f on Q { x }"] {
            assert_eq!(verdict(&place.replace("DIR", &many(8))), Ok(()), "{place}");
            assert_eq!(verdict(&place.replace("DIR", &many(9))), Err(TooExpensive::Directives(8)), "{place}");
        }
        let apart = |n: usize| format!("{{ {} }}", "x @a ".repeat(n));
        assert_eq!(verdict(&apart(50)), Ok(()));
        assert_eq!(verdict(&apart(51)), Err(TooExpensive::AllDirectives(50)));
        assert_eq!(verdict(&format!("fragment f on Q {} {{ x }} {{ x }}", many(9))), Err(TooExpensive::Directives(8)));
        assert_eq!(verdict(&format!("query($n: Int {}) {{ x }}", many(9))), Err(TooExpensive::Directives(8)));
    }

    #[test]
    fn operations_arguments_and_variables_are_limited() {
        let operations = |n: usize| (0..n).fold(String::new(), |text, i| text + &format!("query q{i} {{ x }} "));
        assert_eq!(verdict(&operations(50)), Ok(()));
        assert_eq!(verdict(&operations(51)), Err(TooExpensive::Operations(50)));
        let arguments = |n: usize| (0..n).fold(String::from("{ x("), |text, i| text + &format!("a{i}: 1 ")) + ") }";
        assert_eq!(verdict(&arguments(200)), Ok(()));
        assert_eq!(verdict(&arguments(201)), Err(TooExpensive::Arguments(200)));
        let variables =
            |n: usize| (0..n).fold(String::from("query("), |text, i| text + &format!("$a{i}: Int ")) + ") { x }";
        assert_eq!(verdict(&variables(100)), Ok(()));
        assert_eq!(verdict(&variables(101)), Err(TooExpensive::Variables(100)));
    }
}
