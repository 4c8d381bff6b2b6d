//! How much JSON may come as variables.

use async_graphql::{Value, Variables};

use super::TooExpensive;

/// Counts every value; the JSON's own parser has bounded how deep this can go (128).
pub fn check(variables: &Variables, most: usize, deepest: usize) -> Result<(), TooExpensive> {
    let mut left = most;
    let counted = variables.values().try_for_each(|value| count(value, deepest, &mut left));
    counted.map_err(|deep| match deep {
        Excess::Depth => TooExpensive::ValueDepth(deepest),
        Excess::Number => TooExpensive::Values(most),
    })
}

enum Excess {
    Depth,
    Number,
}

fn count(value: &Value, depth: usize, left: &mut usize) -> Result<(), Excess> {
    *left = left.checked_sub(1).ok_or(Excess::Number)?;
    let below = || depth.checked_sub(1).ok_or(Excess::Depth);
    match value {
        Value::List(items) => {
            let depth = below()?;
            items.iter().try_for_each(|item| count(item, depth, left))
        }
        Value::Object(members) => {
            let depth = below()?;
            members.values().try_for_each(|member| count(member, depth, left))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_few_and_flat() {
        let limits = super::super::tests::limits();
        let (most, deepest) = (limits.max_variable_values, limits.max_value_depth);
        let verdict = |value| check(&Variables::from_json(json!({ "a": value })), most, deepest);
        let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
        assert_eq!(verdict(nested(10)), Ok(()));
        assert_eq!(verdict(nested(11)), Err(TooExpensive::ValueDepth(10)));
        assert_eq!(verdict(json!(vec![0; 1999])), Ok(()));
        assert_eq!(verdict(json!(vec![0; 2000])), Err(TooExpensive::Values(2000)));
        assert_eq!(verdict(json!(vec![json!({ "x": 1 }); 1000])), Err(TooExpensive::Values(2000)));
    }
}
