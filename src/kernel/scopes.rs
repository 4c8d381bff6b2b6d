//! What a token is good for: a set of words. A session is good for everything.

use entity::enums::{ClientScope, Scope};

macro_rules! sets {
    ($($(#[$doc:meta])* $name:ident of $word:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name(u32);

        impl $name {
            pub const NONE: Self = Self(0);

            /// Words between commas, as a row has them; those that are not known open nothing.
            pub fn of_words(words: &str) -> Self {
                $word::list(words).into_iter().collect()
            }

            pub fn words(self) -> String {
                let words: Vec<_> = self.iter().map($word::word).collect();
                words.join(",")
            }

            #[must_use]
            pub const fn with(self, scope: $word) -> Self {
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

            pub fn iter(self) -> impl Iterator<Item = $word> {
                $word::ALL.iter().copied().filter(move |scope| self.0 & 1 << *scope as u32 != 0)
            }
        }

        impl FromIterator<$word> for $name {
            fn from_iter<I: IntoIterator<Item = $word>>(scopes: I) -> Self {
                scopes.into_iter().fold(Self::NONE, Self::with)
            }
        }
    )+};
}

/// Every word that an app or a program may be given, for whoever lists them.
pub fn all_scopes() -> Vec<&'static str> {
    let words: Vec<_> = Scope::ALL.iter().map(|scope| scope.word()).collect();
    let programs = ClientScope::ALL.iter().map(|scope| scope.word()).filter(|word| !words.contains(word));
    words.iter().copied().chain(programs).collect()
}

sets! {
    /// Of a person's token.
    Scopes of Scope,
    /// Of the token of a provider's program.
    ClientScopes of ClientScope,
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
