//! Scalars of the public schema. Exact numbers are texts: no float ever stands for money or a reading.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{NaiveDate, Utc};
use entity::exact::{Coefficient, Money, Price, Quantity};

/// A moment in UTC, as RFC 3339: `2026-06-20T09:30:00Z`.
#[derive(Clone, Copy, Debug)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// A moment in UTC, as RFC 3339: `2026-06-20T09:30:00Z`.
#[Scalar(name = "DateTime", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text(&value)?;
        let moment = chrono::DateTime::parse_from_rfc3339(text).map_err(InputValueError::custom)?;
        Ok(Self(moment.with_timezone(&Utc)))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

/// A calendar day: `2026-06-20`.
#[derive(Clone, Copy, Debug)]
pub struct Date(pub NaiveDate);

/// A calendar day: `2026-06-20`.
#[Scalar(name = "Date", specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let text = text(&value)?;
        let day = if text.len() == 10 { text.parse().ok() } else { None };
        day.map(Self).ok_or_else(|| InputValueError::custom("a day is written YYYY-MM-DD"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A billing period: `2026-06`.
#[derive(Clone, Copy, Debug)]
pub struct YearMonth(pub entity::exact::YearMonth);

/// A billing period: `2026-06`.
#[Scalar(name = "YearMonth")]
impl ScalarType for YearMonth {
    fn parse(value: Value) -> InputValueResult<Self> {
        let period = text(&value)?.parse();
        period.map(Self).map_err(|_| InputValueError::custom("a period is written YYYY-MM"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An exact decimal number as a text: `"1956.85"`. On input a text or a whole number, never a float.
#[derive(Clone, Debug)]
pub struct Decimal(pub String);

/// An exact decimal number as a text: `"1956.85"`. On input a text or a whole number, never a float.
#[Scalar(name = "Decimal")]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        let digits = match &value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            Value::Number(_) => {
                return Err(InputValueError::custom("write the number in quotes: a float is not exact"));
            }
            _ => return Err(InputValueError::expected_type(value)),
        };
        // The widest of our numbers stands for all: each use parses with its own scale.
        let form = digits.parse::<Coefficient>();
        match form {
            Ok(_) | Err(entity::exact::NotExact::TooPrecise) => Ok(Self(digits)),
            Err(cause) => Err(InputValueError::custom(cause)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

macro_rules! from_exact {
    ($($name:ident),+) => {$(
        impl From<$name> for Decimal {
            fn from(number: $name) -> Self {
                Self(number.to_string())
            }
        }
    )+};
}

from_exact!(Money, Quantity, Price, Coefficient);

/// An e-mail address; compared without regard to case.
#[derive(Clone, Debug)]
pub struct EmailAddress(pub String);

/// An e-mail address; compared without regard to case.
#[Scalar(name = "EmailAddress", specified_by_url = "https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2")]
impl ScalarType for EmailAddress {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(text(&value)?.to_owned()))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

fn text<T>(value: &Value) -> Result<&str, InputValueError<T>>
where
    T: async_graphql::InputType,
{
    match value {
        Value::String(text) => Ok(text),
        other => Err(InputValueError::expected_type(other.clone())),
    }
}

/// Whether the scalar of this name takes the value; the built-in ones by GraphQL, September 2025, section 3.5.
pub fn accepts(scalar: &str, value: &Value) -> bool {
    match scalar {
        "Int" => matches!(value, Value::Number(number) if number.as_i64().is_some_and(|n| i32::try_from(n).is_ok())),
        "Float" => matches!(value, Value::Number(_)),
        "String" => matches!(value, Value::String(_)),
        "Boolean" => matches!(value, Value::Boolean(_)),
        "ID" => matches!(value, Value::String(_)) || matches!(value, Value::Number(number) if number.is_i64()),
        "DateTime" => DateTime::parse(value.clone()).is_ok(),
        "Date" => Date::parse(value.clone()).is_ok(),
        "YearMonth" => YearMonth::parse(value.clone()).is_ok(),
        "Decimal" => Decimal::parse(value.clone()).is_ok(),
        "EmailAddress" => EmailAddress::parse(value.clone()).is_ok(),
        _ => true,
    }
}
