//! The catalogue of errors: complete, current, and the only source of codes.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, str};

use kabinet::graphql::error::{TopCode, catalogue};
use serde_json::json;

use crate::harness::{both_ways, top_code};
use crate::metering::owner;

both_ways!(an_act_selected_twice_is_not_done_at_all, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let query = "mutation($input: DetachPersonalAccountInput!) {
        detachPersonalAccount(input: $input) { userErrors { code } }
        detachPersonalAccount(input: $input) { userErrors { message } } }";
    let (_, answer) = customer.post(query, json!({ "input": { "personalAccountId": account } })).await;
    assert_eq!(top_code(&answer), "BAD_INPUT", "{answer}");
    assert_ne!(customer.balance(&account).await, "0.00", "it is still attached");
    app.finish().await;
});

both_ways!(user_errors_selected_in_pieces_are_whole, |app| {
    let query = "mutation { signIn(input: { email: \"a@b.example\", password: \"x\" }) {
            userErrors { ...I } ...X userErrors { ... on BasicError { message } } } }
        fragment X on SignInPayload { userErrors { ... on BasicError { field } ... on RetryLaterError { retryAfterSeconds } } }
        fragment I on UserError { code __typename }";
    let data = app.customer().ask(query, json!({})).await;
    let error = &data["signIn"]["userErrors"][0];
    assert_eq!((&error["code"], &error["__typename"]), (&json!("BAD_CREDENTIALS"), &json!("BasicError")), "{data}");
    assert!(error["message"].is_string() && error.get("field").is_some(), "{data}");
    app.finish().await;
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_page_is_current() {
    let page = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    assert!(page == catalogue(), "docs/errors.md is out of date: run `make errors`");
}

#[test]
fn no_code_lacks_a_meaning_or_a_text() {
    let page = catalogue();
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() > 50, "{} rows", rows.len());
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert!(cells.iter().all(|cell| cell.len() >= 2), "an empty cell: {row}");
        let [.., russian, english] = cells[..] else { panic!("{row}") };
        let cyrillic = |text: &str| text.chars().any(|c| ('а'..='я').contains(&c));
        assert!(cyrillic(russian) && !cyrillic(english), "{row}");
    }
}

/// Every word in capitals that these rooms give out as a code.
#[test]
fn only_codes_of_the_catalogue_are_given_out() {
    let schema = fs::read_to_string(root().join("schema.graphql")).unwrap();
    // The one answer outside of GraphQL that programs read has its codes on the page that describes it.
    let page = fs::read_to_string(root().join("docs/integrators.md")).unwrap();
    let (mut given, mut unknown) = (BTreeSet::new(), Vec::new());
    for folder in ["src/graphql", "src/http"] {
        for file in sources(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            for word in code.split('"').skip(1).step_by(2).filter(|word| looks_like_a_code(word)) {
                given.insert(word.to_owned());
                let is_on_page =
                    file.starts_with(root().join("src/http/imports")) && page.contains(&format!("`{word}`"));
                // Values of the schema's enums and headers' values are no codes.
                let is_known = TopCode::from_word(word).is_some() || schema.contains(word) || is_on_page;
                if !is_known && !NO_CODES.contains(&word) {
                    unknown.push(format!("{}: {word}", file.display()));
                }
            }
        }
    }
    assert!(given.len() >= 6, "the search finds codes: {given:?}");
    assert!(unknown.is_empty(), "not in graphql/error/top.rs: {unknown:#?}");
}

/// Words in capitals that mean something else: methods, and a label of the figures.
const NO_CODES: [&str; 5] = ["OPTIONS", "DELETE", "CONNECT", "_OTHER", "REFUSED"];

fn looks_like_a_code(word: &str) -> bool {
    word.len() > 5 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if name != "tests.rs"
            && name != "testing.rs"
            && path.extension().is_some_and(|extension| extension == "rs")
        {
            found.push(path);
        }
    }
    found
}
