//! Tries of one subject, as they are stored.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Tries without a pause.
    pub free: u32,
    /// The first pause; each further one is twice as long, up to `most`.
    pub first: TimeDelta,
    pub most: TimeDelta,
    /// Without a try for so long all is forgotten.
    pub forget: TimeDelta,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// It may be made; so many were counted, this one too.
    Taken { tries: u32 },
    /// It is too early, and how long to wait.
    Early(TimeDelta),
}

/// In milliseconds since the epoch: Lua's numbers hold no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub tries: u32,
    /// No try is taken before; 0 while tries are free. The moment of a free try is none: of two at once the one that read
    /// the clock first may be counted last.
    pub next: i64,
    /// The last one that was.
    pub last: i64,
}

impl Tally {
    /// The rule; the Redis script says the same in Lua.
    pub fn pressed(old: Option<Self>, now: DateTime<Utc>, rule: &Rule) -> (Pressed, Self) {
        let millis = now.timestamp_millis();
        let old = old.filter(|old| old.expires_at(rule) > now).unwrap_or_default();
        if old.next > millis {
            return (Pressed::Early(TimeDelta::milliseconds(old.next - millis)), old);
        }
        let tries = old.tries.saturating_add(1);
        let next = tries.checked_sub(rule.free).map_or(0, |over| {
            let doubled = rule.first.num_milliseconds().saturating_mul(2_i64.saturating_pow(over));
            millis + doubled.min(rule.most.num_milliseconds())
        });
        (Pressed::Taken { tries }, Self { tries, next, last: old.last.max(millis) })
    }

    #[must_use]
    pub fn given_back(self) -> Self {
        Self { tries: self.tries.saturating_sub(1), next: 0, ..self }
    }

    pub fn expires_at(&self, rule: &Rule) -> DateTime<Utc> {
        let since = self.next.max(self.last);
        DateTime::from_timestamp_millis(since).unwrap_or_default() + rule.forget
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_try_that_read_the_clock_before_another_is_not_too_early() {
        let rule =
            Rule { free: 3, first: TimeDelta::seconds(1), most: TimeDelta::seconds(5), forget: TimeDelta::hours(1) };
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let (_, other) = Tally::pressed(None, now, &rule);
        let (pressed, both) = Tally::pressed(Some(other), now - TimeDelta::milliseconds(3), &rule);
        assert_eq!((pressed, both.last), (Pressed::Taken { tries: 2 }, now.timestamp_millis()));
        let (_, third) = Tally::pressed(Some(both), now, &rule);
        let (pressed, _) = Tally::pressed(Some(third.given_back()), now - TimeDelta::milliseconds(3), &rule);
        assert_eq!(pressed, Pressed::Taken { tries: 3 });
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_are_forgotten() {
        let rule =
            Rule { free: 3, first: TimeDelta::seconds(1), most: TimeDelta::seconds(5), forget: TimeDelta::hours(1) };
        let mut now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let mut tally = None;
        for (pause, tries) in [0, 0, 1, 2, 4, 5, 5].into_iter().zip(1..) {
            let (pressed, next) = Tally::pressed(tally, now, &rule);
            assert_eq!(pressed, Pressed::Taken { tries });
            assert_eq!(next.next, if pause > 0 { now.timestamp_millis() + pause * 1000 } else { 0 });
            let early = Tally::pressed(Some(next), now, &rule).0;
            let wait = TimeDelta::seconds(pause);
            assert_eq!(early, if pause > 0 { Pressed::Early(wait) } else { Pressed::Taken { tries: tries + 1 } });
            tally = Some(next);
            now += TimeDelta::seconds(pause);
        }
        now += TimeDelta::hours(1);
        assert_eq!(Tally::pressed(tally, now, &rule).1.tries, 1);
    }
}
