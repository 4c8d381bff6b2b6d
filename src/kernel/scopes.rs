//! What a token is good for: a set of `entity::enums::Scope`. A session is good for everything.

use entity::enums::Scope;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    pub const NONE: Self = Self(0);

    /// Words between commas, as a row has them; those that are not known open nothing.
    pub fn of_words(words: &str) -> Self {
        Scope::list(words).into_iter().collect()
    }

    pub fn words(self) -> String {
        let words: Vec<_> = self.iter().map(Scope::word).collect();
        words.join(",")
    }

    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u32)
    }

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of `needed` that are not here.
    #[must_use]
    pub const fn lacking(self, needed: Self) -> Self {
        Self(needed.0 & !self.0)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.0 & 1 << *scope as u32 != 0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_read_written_and_compared() {
        let set = Scopes::of_words("PAY,BALANCE,NONSENSE");
        assert_eq!(set.words(), "BALANCE,PAY");
        assert!(set.lacking(Scopes::of_words("PAY")).is_empty());
        assert_eq!(set.lacking(Scopes::of_words("READINGS,PAY")).words(), "READINGS");
        assert_eq!(Scopes::NONE.and(set), set);
        let all: Scopes = Scope::ALL.iter().copied().collect();
        assert_eq!(Scopes::of_words(&all.words()), all);
    }
}
