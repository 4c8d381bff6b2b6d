//! Time as an argument: production reads the system, tests move it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};

#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// The system's, moved on by so many microseconds: of an instance with demonstration data. Clones share it.
    Moved(Arc<AtomicI64>),
    /// Microseconds since the epoch; clones share it.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    pub fn fixed(now: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(now.timestamp_micros())))
    }

    /// The system's, which can be moved on later.
    pub fn movable() -> Self {
        Self::Moved(Arc::default())
    }

    /// Cut to microseconds, which is what PostgreSQL keeps: a time that was stored compares equal to itself.
    pub fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "the one place where the system clock is read")]
        let system = || Utc::now().timestamp_micros();
        let micros = match self {
            Self::System => system(),
            Self::Moved(by) => system() + by.load(Ordering::SeqCst),
            Self::Fixed(micros) => micros.load(Ordering::SeqCst),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    /// The calendar day where the provider is.
    pub fn today(&self, zone_minutes_east: i16) -> NaiveDate {
        let now = self.now();
        match FixedOffset::east_opt(i32::from(zone_minutes_east) * 60) {
            Some(zone) => now.with_timezone(&zone).date_naive(),
            None => now.date_naive(),
        }
    }

    /// How far a clock of [`Self::movable`] is from the system's; another goes its own way.
    pub fn move_to(&self, by: TimeDelta) {
        if let Self::Moved(micros) = self {
            micros.store(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }

    /// Moves a fixed clock; the system's goes its own way.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Fixed(micros) = self {
            micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }
}
