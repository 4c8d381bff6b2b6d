//! What becomes of a message, and of its address, after an attempt. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use entity::webhook_endpoint;
use entity::webhook_message;

use super::pauses;
use crate::platform::outgoing::{Answer, Unanswered};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// The address says that it is no more.
    Gone,
    /// No key of the address can be opened: nothing was sent, and nothing can be.
    Unsigned,
    Again {
        due_at: DateTime<Utc>,
        /// The address asked to be left alone until then, or does not answer at all.
        rests_until: Option<DateTime<Utc>>,
    },
    /// That was the last attempt.
    Dropped {
        /// The address has taken nothing since this message was made.
        stops: bool,
    },
}

/// `message` with this attempt counted; `chance` shortens the pause.
pub(super) fn judge(
    answered: &Result<Answer, Unanswered>,
    message: &webhook_message::Model,
    endpoint: &webhook_endpoint::Model,
    (now, chance): (DateTime<Utc>, u16),
) -> Outcome {
    let answer = answered.as_ref().ok();
    let status = answer.map(|answer| answer.status);
    match status {
        Some(200..=299) => return Outcome::Delivered,
        Some(410) => return Outcome::Gone,
        _ => {}
    }
    let Some(pause) = pauses::pause(message.attempts, chance) else {
        return Outcome::Dropped { stops: !took_since(message, endpoint) };
    };
    let asked = answer.and_then(|answer| pauses::retry_after(answer.retry_after.as_deref()?, now));
    let due_at = now + pause.max(asked.unwrap_or(TimeDelta::zero()));
    let throttled = matches!(status, Some(429 | 502..=504)).then_some(asked).flatten();
    // The oldest message stands for all that wait behind it, or they would be tried one after another for weeks.
    let silent = answered.is_err() && !took_since(message, endpoint);
    let rests_until = throttled.map(|pause| now + pause).or(silent.then_some(due_at));
    Outcome::Again { due_at, rests_until }
}

/// Whether the address has taken anything since the message was made.
fn took_since(message: &webhook_message::Model, endpoint: &webhook_endpoint::Model) -> bool {
    endpoint.took_at.is_some_and(|at| at >= message.created_at)
}

#[cfg(test)]
mod tests {
    use entity::enums::{WebhookEvent, WebhookMessageState, WebhookState};
    use entity::ids::{ProviderId, WebhookEndpointId, WebhookMessageId};
    use uuid::Uuid;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-06-20T09:00:00Z".parse().unwrap()
    }

    fn after(
        attempts: i32,
        answered: Result<(u16, Option<&str>), Unanswered>,
        took_at: Option<DateTime<Utc>>,
    ) -> Outcome {
        let id = WebhookEndpointId(Uuid::nil());
        let message = webhook_message::Model {
            id: WebhookMessageId(Uuid::nil()),
            webhook_endpoint_id: id,
            source: String::new(),
            event: WebhookEvent::Ping,
            payload: String::new(),
            state: WebhookMessageState::Pending,
            attempts,
            created_at: now() - TimeDelta::days(3),
            due_at: now(),
            leased_until: None,
            ended_at: None,
        };
        let endpoint = webhook_endpoint::Model {
            id,
            provider_id: ProviderId(Uuid::nil()),
            url: String::new(),
            events: String::new(),
            state: WebhookState::Active,
            stop: None,
            created_at: now(),
            rests_until: None,
            took_at,
        };
        let answered = answered.map(|(status, retry_after)| Answer {
            status,
            retry_after: retry_after.map(str::to_owned),
            body: Vec::new(),
        });
        judge(&answered, &message, &endpoint, (now(), 0))
    }

    #[test]
    fn only_a_success_is_one_and_gone_is_gone() {
        for status in [200, 201, 204, 299] {
            assert_eq!(after(1, Ok((status, None)), None), Outcome::Delivered, "{status}");
        }
        assert_eq!(after(1, Ok((410, Some("60"))), None), Outcome::Gone);
        let again = Outcome::Again { due_at: now() + TimeDelta::seconds(5), rests_until: None };
        for status in [100, 199, 300, 301, 307, 400, 401, 404, 429, 500, 502, 503] {
            assert_eq!(after(1, Ok((status, None)), None), again, "{status}");
        }
    }

    #[test]
    fn an_address_that_does_not_answer_is_left_alone_with_all_its_messages() {
        let at = |seconds| now() + TimeDelta::seconds(seconds);
        let again = |due, rests: Option<i64>| Outcome::Again { due_at: at(due), rests_until: rests.map(at) };
        assert_eq!(after(1, Err(Unanswered::TooLate), None), again(5, Some(5)));
        assert_eq!(after(3, Err(Unanswered::TooLate), None), again(300, Some(300)));
        assert_eq!(after(3, Err(Unanswered::TooLate), Some(now())), again(300, None), "it takes others");
    }

    #[test]
    fn a_pause_that_is_asked_for_is_kept_and_an_address_that_is_throttled_rests() {
        let at = |seconds| now() + TimeDelta::seconds(seconds);
        let again = |due, rests: Option<i64>| Outcome::Again { due_at: at(due), rests_until: rests.map(at) };
        assert_eq!(after(1, Ok((503, Some("120"))), None), again(120, Some(120)));
        assert_eq!(after(1, Ok((429, Some("1"))), None), again(5, Some(1)), "never sooner than by itself");
        assert_eq!(after(1, Ok((500, Some("120"))), None), again(120, None), "one message is not the address");
        assert_eq!(after(4, Ok((429, Some("soon"))), None), again(1800, None));
    }

    #[test]
    fn after_the_last_attempt_an_address_that_takes_nothing_is_given_up() {
        assert_eq!(after(11, Ok((500, None)), None), Outcome::Dropped { stops: true });
        let before = now() - TimeDelta::days(4);
        assert_eq!(after(11, Err(Unanswered::TooLate), Some(before)), Outcome::Dropped { stops: true });
        assert_eq!(after(11, Ok((500, None)), Some(now())), Outcome::Dropped { stops: false }, "others are taken");
    }
}
