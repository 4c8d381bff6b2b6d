//! `docs/errors.md`, written from the code.

use std::fmt::Write;

use async_graphql::OutputType;
use async_graphql::registry::{MetaType, Registry};
use async_graphql::resolver_utils::{EnumItem, EnumType};
use entity::enums::Locale;

use super::{ErrorCode, TopCode};

const HEAD: &str = "# Errors

Written by `make errors` from the code; a test compares.

Two layers, so that a form never has to look among faults, and a fault never passes for an answer:

- **top-level errors** (`errors` of the GraphQL response) are for what no form shows. `extensions.code` is from the closed
  list below, `extensions.requestId` names the request (also the header `X-Request-Id` of the answer, and in every log line),
  `message` is for developers, in English. On a WebSocket each operation has an id of its own: the socket's, a dot, a number.
- **`userErrors`** (a field of every mutation's payload) are for the person in front of the form. `code` is from the enum
  `ErrorCode`, `field` is the path into the input, `message` is in Russian or English by `Accept-Language`.

Clients act on codes and never on messages. A code may be added at any time: treat one that you do not know like
`INTERNAL` above, and show the `message` of one below.

## Top-level codes

| code | HTTP status | meaning | what to do | по-русски | in English |
|---|---|---|---|---|---|
";

const MIDDLE: &str = "
The HTTP status is that of an answer without `data`, under `application/graphql-response+json`; with `data` beside errors it
is 200 or 294, and under the older `application/json` mostly 200. The two texts are for clients that show a top-level error to a person.

## Codes of userErrors

Nothing was done; the person corrects the input named by `field` and sends it again. Where a type other than `BasicError`
carries a figure (`previous`, `retryAfterSeconds` …), show it.

| code | meaning | по-русски | in English |
|---|---|---|---|
";

/// The page, ready to be stored.
pub fn catalogue() -> String {
    let mut page = HEAD.to_owned();
    for code in TopCode::ALL {
        let about = code.explanation();
        let (ru, en) = (code.message(Locale::Ru), code.message(Locale::En));
        // Writing to a string does not fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {ru} | {en} |",
            code.word(),
            about.status,
            about.meaning,
            about.advice
        );
    }
    page.push_str(MIDDLE);
    let meanings = meanings();
    for EnumItem { name, value } in ErrorCode::items() {
        let meaning = meanings.iter().find(|(known, _)| known == name).map_or("", |(_, meaning)| meaning);
        let (ru, en) = (value.message(Locale::Ru), value.message(Locale::En));
        let _ = writeln!(page, "| `{name}` | {meaning} | {ru} | {en} |");
    }
    page
}

/// What the schema says of each code.
fn meanings() -> Vec<(String, String)> {
    let mut registry = Registry::default();
    ErrorCode::create_type_info(&mut registry);
    let known = registry.types.into_values().find_map(|known| match known {
        MetaType::Enum { enum_values, .. } => Some(enum_values),
        _ => None,
    });
    let values = known.into_iter().flatten().map(|(_, value)| value);
    values.map(|value| (value.name, value.description.unwrap_or_default().replace('\n', " "))).collect()
}
