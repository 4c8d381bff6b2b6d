//! When a message that was not taken is tried again. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// Milliseconds: 5 s, 30 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 16 h, 24 h: under three days in all.
const PAUSES: [i64; 10] =
    [5_000, 30_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 57_600_000, 86_400_000];

/// No address may ask to wait longer.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// After so many attempts, the next pause; none after the last one. `chance` takes up to a fifth of it away, so that messages
/// that failed together do not come together again.
pub fn pause(attempts: i32, chance: u16) -> Option<TimeDelta> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let whole = *PAUSES.get(index)?;
    let off = whole * i64::from(chance) / (5 * 65_536);
    Some(TimeDelta::milliseconds(whole - off))
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds or a date; at most a day. None for what is neither.
pub fn retry_after(text: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = text.trim();
    let wanted = if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        // More digits than a number holds: as long as may be.
        text.parse::<u32>().map_or(LONGEST, |seconds| TimeDelta::seconds(seconds.into()))
    } else {
        DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc) - now
    };
    Some(wanted.clamp(TimeDelta::zero(), LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_within_three_days() {
        let at = |chance| (1..).map_while(|attempt| pause(attempt, chance)).collect::<Vec<_>>();
        for chance in [0, 1, 40_000, u16::MAX] {
            let pauses = at(chance);
            assert_eq!(pauses.len(), PAUSES.len());
            assert!(pauses.is_sorted(), "{pauses:?}");
            let whole: TimeDelta = pauses.iter().sum();
            assert!(whole > TimeDelta::days(2) && whole < TimeDelta::days(3), "{whole}");
        }
        assert_eq!(pause(1, 0), Some(TimeDelta::seconds(5)));
        assert_eq!(pause(1, u16::MAX), Some(TimeDelta::milliseconds(4_001)), "a fifth less at most");
        assert_eq!((pause(0, 0), pause(11, 0), pause(i32::MIN, 0)), (None, None, None));
    }

    #[test]
    fn what_an_answer_asks_for_is_seconds_or_a_date() {
        let now = "2026-06-20T09:00:00Z".parse().unwrap();
        let seconds = |text| retry_after(text, now).map(|pause| pause.num_seconds());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("999999999999"), Some(86_400));
        assert_eq!(seconds("Sat, 20 Jun 2026 09:10:00 GMT"), Some(600));
        assert_eq!(seconds("Sat, 20 Jun 2026 08:00:00 GMT"), Some(0), "it is past");
        assert_eq!(seconds("Mon, 20 Jul 2026 09:10:00 GMT"), Some(86_400));
        for text in ["", "soon", "-5", "1.5"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
