//! Hints of every section, from the files in `hints/`: one for each language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use async_graphql::{Context, Enum, Object, SimpleObject};
use entity::enums::Locale;
use serde::Deserialize;

use super::context::Find;
use super::error::TopError;

/// A part of the cabinet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
pub enum HintSection {
    /// The first page, without accounts yet.
    Welcome,
    /// Attaching personal accounts.
    Accounts,
    /// Meters and sending readings.
    Readings,
    /// Statements, the ledger, and why a sum is what it is.
    Bills,
    /// Paying.
    Payments,
    /// Prices and norms.
    Tariffs,
    /// Address, password, second factor, sessions.
    Settings,
    /// Where to ask.
    Support,
}

/// A short text that helps with a section.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[serde(deny_unknown_fields)]
pub struct Hint {
    /// Where it belongs.
    #[serde(skip_deserializing, default = "welcome")]
    pub section: HintSection,
    /// A question, or a few words.
    pub title: String,
    /// The text, in the reader's language.
    pub text: String,
}

const fn welcome() -> HintSection {
    HintSection::Welcome
}

type Hints = BTreeMap<HintSection, Vec<Hint>>;

/// None of a file that is not as it must be, which a test refuses.
fn read(text: &str) -> Option<Hints> {
    let mut hints: Hints = toml::from_str(text).ok()?;
    for (section, hints) in &mut hints {
        for hint in hints {
            hint.section = *section;
        }
    }
    Some(hints)
}

static RU: LazyLock<Hints> = LazyLock::new(|| read(include_str!("hints/ru.toml")).unwrap_or_default());
static EN: LazyLock<Hints> = LazyLock::new(|| read(include_str!("hints/en.toml")).unwrap_or_default());

#[derive(Default)]
pub struct HintQuery;

#[Object]
impl HintQuery {
    /// Hints in the reader's language.
    async fn hints(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of one section; by default of all.")] section: Option<HintSection>,
    ) -> Result<Vec<Hint>, TopError> {
        let hints = match ctx.actor()?.locale {
            Locale::Ru => &*RU,
            Locale::En => &*EN,
        };
        let wanted = hints.iter().filter(|(of, _)| section.is_none_or(|section| section == **of));
        Ok(wanted.flat_map(|(_, hints)| hints.iter().cloned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_as_many_hints_in_both_languages() {
        let (ru, en) = (read(include_str!("hints/ru.toml")).unwrap(), read(include_str!("hints/en.toml")).unwrap());
        let counts = |hints: &Hints| hints.iter().map(|(section, hints)| (*section, hints.len())).collect::<Vec<_>>();
        assert_eq!(counts(&ru), counts(&en));
        assert_eq!(ru.len(), 8, "every section");
        for hint in ru.values().chain(en.values()).flatten() {
            assert!(!hint.title.trim().is_empty() && (20..=600).contains(&hint.text.chars().count()), "{hint:?}");
        }
        assert!(ru.values().flatten().all(|hint| hint.text.chars().any(|letter| ('а'..='я').contains(&letter))));
    }
}
