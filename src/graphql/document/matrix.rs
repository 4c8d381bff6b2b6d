//! `docs/scopes.md`: which token opens which field, written from the table that decides it.

use std::fmt::Write;

use entity::enums::{ClientScope, Scope};

use super::catalog::Catalog;
use super::needs::{ClientNeed, Need, Table};
use crate::kernel::{ClientScopes, Scopes};

const HEAD: &str = "# Scopes

Written by `make scopes` from `src/graphql/document/scopes.txt`; a test compares, and another asks for a row of every field.

Which token opens which field: ● opens it, · does not, ? nobody has decided. A document is executed when its token opens every field in it, else it is
refused whole (FORBIDDEN). A session, or nobody, is not asked for scopes: what a field needs then it says itself. What is opened
here is still only what the person may see, or what is the provider's.

";

const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// The page, ready to be stored.
pub fn matrix(catalog: &Catalog) -> String {
    let table = Table::read();
    let people: Vec<_> = Scope::ALL.iter().map(|scope| scope.word()).collect();
    let programs: Vec<_> = ClientScope::ALL.iter().map(|scope| scope.word()).collect();
    let mut page = HEAD.to_owned();
    // Writing to a string does not fail.
    let _ = writeln!(page, "Of a person's token: {}. Of a program's: {}.\n", list(&people), list(&programs));
    let head =
        people.iter().map(|word| (*word).to_owned()).chain(programs.iter().map(|word| format!("program {word}")));
    let head = head.collect::<Vec<_>>().join(" | ");
    let mut fields: Vec<_> = catalog.output_fields().collect();
    fields.sort_unstable();
    let (operations, fields): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(parent, _)| ROOTS.contains(parent));
    for (title, fields) in [("Operations", operations), ("Fields of what they answer", fields)] {
        let _ = writeln!(page, "## {title}\n\n| field | {head} |");
        let _ = writeln!(page, "|---|{}", "---|".repeat(people.len() + programs.len()));
        for (parent, field) in fields {
            let _ = writeln!(page, "| `{parent}.{field}` | {} |", cells(&table, parent, field).join(" | "));
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn cells(table: &Table, parent: &str, field: &str) -> Vec<&'static str> {
    let Some((need, of_client)) = table.find(parent, field) else {
        return vec!["?"; Scope::ALL.len() + ClientScope::ALL.len()];
    };
    let of_people = Scope::ALL.iter().map(|scope| opens(need, *scope));
    let of_programs = ClientScope::ALL.iter().map(|scope| opens_to_program(of_client, *scope));
    of_people.chain(of_programs).map(|opens| if opens { "●" } else { "·" }).collect()
}

fn opens(need: Need, scope: Scope) -> bool {
    match need {
        Need::Nothing => true,
        Need::Session => false,
        Need::OneOf(set) => Scopes::NONE.with(scope).lacking(set) != set,
    }
}

fn opens_to_program(need: ClientNeed, scope: ClientScope) -> bool {
    match need {
        ClientNeed::Nothing => true,
        ClientNeed::Never => false,
        ClientNeed::OneOf(set) => ClientScopes::NONE.with(scope).lacking(set) != set,
    }
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
