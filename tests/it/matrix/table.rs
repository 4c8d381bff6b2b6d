//! The table of outcomes: `table.txt`, which says itself how it is read.

use serde_json::{Map, Value};

use super::people::Role;

pub struct Row {
    pub operation: String,
    /// In the order of [`Role::ALL`].
    pub outcomes: Vec<String>,
    /// JSON with placeholders.
    pub arguments: String,
}

pub fn rows() -> Vec<Row> {
    let lines = include_str!("table.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut rows: Vec<_> = lines.map(Row::read).collect();
    let heading = rows.remove(0);
    assert_eq!(heading.outcomes, Role::ALL.map(|role| role.name().to_owned()), "the table's columns are the roles");
    rows
}

impl Row {
    fn read(line: &str) -> Self {
        let mut rest = line;
        let mut word = || {
            let (word, behind) = rest.trim_start().split_once(char::is_whitespace).unwrap_or((rest.trim_start(), ""));
            rest = behind;
            word.to_owned()
        };
        let operation = word();
        let outcomes: Vec<_> = Role::ALL.iter().map(|_| word()).collect();
        assert!(outcomes.iter().all(|outcome| !outcome.is_empty()), "a column is missing: {line}");
        Self { operation, outcomes, arguments: rest.trim().to_owned() }
    }

    pub fn write(&self) -> String {
        let columns: Vec<_> = self.outcomes.iter().map(|outcome| format!("{outcome:<19}")).collect();
        format!("{:<35} {} {}", self.operation, columns.join(" "), self.arguments).trim_end().to_owned()
    }

    /// With every placeholder replaced.
    pub fn arguments(&self, value: &impl Fn(&str) -> Value) -> Map<String, Value> {
        if self.arguments.is_empty() {
            return Map::new();
        }
        let mut arguments = serde_json::from_str(&self.arguments)
            .unwrap_or_else(|error| panic!("{}: the arguments are no JSON object: {error}", self.operation));
        fill(&mut arguments, value);
        match arguments {
            Value::Object(arguments) => arguments,
            other => panic!("{}: the arguments are no JSON object: {other}", self.operation),
        }
    }

    /// The names behind `$` in the arguments.
    pub fn placeholders(&self) -> Vec<String> {
        let names = self.arguments.split("\"$").skip(1).filter_map(|rest| rest.split_once('"'));
        names.map(|(name, _)| name.to_owned()).collect()
    }
}

fn fill(place: &mut Value, value: &impl Fn(&str) -> Value) {
    match place {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('$') {
                *place = value(name);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| fill(inner, value)),
        Value::Object(map) => map.values_mut().for_each(|inner| fill(inner, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
