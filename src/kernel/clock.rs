//! Time as an argument: production reads the system, tests move it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta, Utc};

#[derive(Clone, Debug)]
pub enum Clock {
    System,
    /// Microseconds since the epoch; clones share it.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    pub fn fixed(now: DateTime<Utc>) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(now.timestamp_micros())))
    }

    /// Cut to microseconds, which is what PostgreSQL keeps: a time that was stored compares equal to itself.
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match self {
            #[expect(clippy::disallowed_methods, reason = "the one place where the system clock is read")]
            Self::System => Utc::now().timestamp_micros(),
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

    /// Moves a fixed clock; the system's goes its own way.
    pub fn advance(&self, by: TimeDelta) {
        if let Self::Fixed(micros) = self {
            micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }
}
