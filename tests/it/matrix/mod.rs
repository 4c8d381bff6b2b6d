//! Every operation of the schema tried in every role, against one table of outcomes: `table.txt`.

mod people;
mod surface;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use crate::harness::{TestApp, Way};
use people::{Asker, Role, World};
use surface::Surface;
use table::Row;

/// Nobody is braked: what is tried here is who may, not how often.
const SETTINGS: [(&str, &str); 4] = [
    ("KABINET__GRAPHQL__SIGN_INS_PER_ADDRESS", "1000000"),
    ("KABINET__GRAPHQL__BUDGET_PER_ADDRESS", "1000000000"),
    ("KABINET__GRAPHQL__BUDGET_PER_PERSON", "1000000000"),
    ("KABINET__IDENTITY__SIGN_IN_FREE_TRIES_PER_ADDRESS", "1000000"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_answers_every_role_as_the_table_says_embedded() {
    answers_as_the_table_says(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_answers_every_role_as_the_table_says_full() {
    answers_as_the_table_says(Way::Full).await;
}

#[test]
fn the_table_has_one_row_for_each_operation_and_no_other() {
    let rows: Vec<_> = table::rows().into_iter().map(|row| row.operation).collect();
    let known: BTreeSet<_> = rows.iter().cloned().collect();
    let offered: BTreeSet<_> = Surface::read().operations().into_iter().collect();
    assert_eq!(known.len(), rows.len(), "an operation has two rows");
    let (gone, new): (Vec<_>, Vec<_>) = (known.difference(&offered).collect(), offered.difference(&known).collect());
    assert!(gone.is_empty(), "rows of tests/it/matrix/table.txt without an operation in the schema: {gone:?}");
    assert!(
        new.is_empty(),
        "operations without a row in tests/it/matrix/table.txt: {new:?}; \
         `tests/services cargo test --test it matrix::` says how they answer now and how a row is written"
    );
}

async fn answers_as_the_table_says(way: Way) {
    let app = TestApp::start_with(way, &SETTINGS).await;
    let surface = Surface::read();
    let mut rows = table::rows();
    let missing: Vec<_> =
        surface.operations().into_iter().filter(|name| !rows.iter().any(|row| row.operation == *name)).collect();
    rows.retain(|row| surface.operations().contains(&row.operation));
    rows.extend(missing.iter().map(|operation| unknown(&surface, operation)));

    let world = World::prepare(&app).await;
    let readers =
        world.people(Role::ALL.into_iter().map(|role| (role, format!("{}@example.com", role.name()))).collect()).await;
    let acts = rows.iter().filter(|row| row.operation.starts_with("Mutation."));
    let names = acts.flat_map(|row| Role::ALL.map(|role| (role, email(row, role))));
    let mut actors: BTreeMap<_, _> = BTreeMap::new();
    for (name, actor) in names.clone().zip(world.people(names.clone().collect()).await) {
        actors.insert(name.1, actor);
    }

    // The letter of the registration is long enough ago for another.
    app.advance(TimeDelta::minutes(1));
    let mut wrong = Vec::new();
    for row in &rows {
        let mut outcomes = Vec::new();
        for (role, reader) in Role::ALL.into_iter().zip(&readers) {
            let reader = if role == Role::Confirmed { world.owner() } else { reader };
            let asker = actors.get(&email(row, role)).unwrap_or(reader);
            outcomes.push(try_out(&world, &surface, row, asker).await);
        }
        if outcomes != row.outcomes {
            wrong.push(Row { operation: row.operation.clone(), outcomes, arguments: row.arguments.clone() }.write());
        }
    }
    assert!(wrong.is_empty(), "{}", advice(&missing, &wrong));
    app.drain().await;
    app.discard_letters();
    app.finish().await;
}

fn email(row: &Row, role: Role) -> String {
    format!("{}-{}@example.com", row.operation.replace('.', "-"), role.name()).to_lowercase()
}

/// A row for an operation that has none, tried with what its arguments are called.
fn unknown(surface: &Surface, operation: &str) -> Row {
    let arguments = match surface.needed_arguments(operation) {
        Value::Object(arguments) if arguments.is_empty() => String::new(),
        arguments => arguments.to_string(),
    };
    Row { operation: operation.to_owned(), outcomes: Vec::new(), arguments }
}

fn advice(missing: &[String], wrong: &[String]) -> String {
    format!(
        "tests/it/matrix/table.txt does not say what the operations answer.\n\
         Without a row: {missing:?}\n\
         A new operation needs a row: its name, an outcome for each role, its arguments as JSON. Write the arguments so that \
         a confirmed person may do it (placeholders such as \"$account\": tests/it/matrix/people.rs, World::value), then \
         decide what each role must get; the head of the table names the words. A cell that reads BAD_INPUT in every role \
         has arguments that do not fit.\n\
         What is answered now, to be compared and not to be believed:\n{}",
        wrong.join("\n")
    )
}

async fn try_out(world: &World<'_>, surface: &Surface, row: &Row, asker: &Asker) -> String {
    let mut values = BTreeMap::new();
    for name in row.placeholders() {
        let value = world.value(asker, &name).await;
        values.insert(name, value);
    }
    let mut variables = row.arguments(&|name: &str| values[name].clone());
    let query = surface.document(&row.operation, &variables);
    let (type_name, field) = row.operation.split_once('.').unwrap();
    if type_name == "Subscription" {
        return try_to_follow(&query, json!(variables), asker).await;
    }
    let root = matches!(type_name, "Mutation" | "Query");
    if !root {
        variables.insert("id".to_owned(), world.id(asker, type_name).await);
    }
    let answer = asker.customer.post(&query, json!(Map::from_iter(variables))).await.1;
    outcome(&answer, if root { None } else { Some("node") }, field)
}

/// OK when it is open: operations begin in order, so that what is not refused before many later ones were answered is.
async fn try_to_follow(query: &str, variables: Value, asker: &Asker) -> String {
    let mut socket = asker.customer.socket().await;
    socket.subscribe("tried", query, variables).await;
    for number in 0..30 {
        socket.subscribe(&number.to_string(), "{ __typename }", json!({})).await;
        loop {
            let message = socket.next().await;
            if message["id"] == "tried" {
                let errors =
                    if message["type"] == "error" { &message["payload"] } else { &message["payload"]["errors"] };
                let code = errors[0]["extensions"]["code"].as_str();
                assert_eq!(code.is_none(), message["type"] == "next", "{message}");
                return code.unwrap_or("OK").to_owned();
            }
            if message["type"] == "complete" {
                break;
            }
        }
    }
    "OK".to_owned()
}

/// The word of the table for an answer.
fn outcome(answer: &Value, parent: Option<&str>, field: &str) -> String {
    let code = &answer["errors"][0]["extensions"]["code"];
    if let Some(code) = code.as_str() {
        return code.to_owned();
    }
    assert!(answer.get("errors").is_none(), "an error without a code: {answer}");
    let object = parent.map_or(&answer["data"], |parent| &answer["data"][parent]);
    if object.is_null() {
        return "ABSENT".to_owned();
    }
    let value = object.get(field).unwrap_or_else(|| panic!("no {field} in {answer}"));
    match value["userErrors"][0]["code"].as_str() {
        Some(code) => code.to_owned(),
        None => describe(value).to_owned(),
    }
}

fn describe(value: &Value) -> &'static str {
    let list = value.get("nodes").unwrap_or(value).as_array();
    match list {
        _ if value.is_null() => "NULL",
        Some(list) if list.is_empty() => "EMPTY",
        Some(list) if list.iter().all(Value::is_null) => "NULL",
        _ => "OK",
    }
}
