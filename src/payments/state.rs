//! The states of a payment, which leads to which, and what news does to each. Pure: one table, one judgement.

use entity::enums::{IncidentKind, PaymentStatus};
use entity::exact::Money;

use PaymentStatus::{Canceled, Created, PartiallyRefunded, Pending, Refunded, Succeeded, Unknown, WaitingForCapture};

/// Every move that there is. Triggers of step 30 refuse any other, whoever tries.
///
/// `CREATED` is an intent that no acquirer knows of, `UNKNOWN` one whose call ended without an answer: it may have
/// happened. Acquirers skip states and never go back.
pub const MOVES: [(PaymentStatus, PaymentStatus); 17] = [
    (Created, Unknown),
    (Created, Pending),
    (Created, WaitingForCapture),
    (Created, Succeeded),
    (Created, Canceled),
    (Unknown, Pending),
    (Unknown, WaitingForCapture),
    (Unknown, Succeeded),
    (Unknown, Canceled),
    (Pending, WaitingForCapture),
    (Pending, Succeeded),
    (Pending, Canceled),
    (WaitingForCapture, Succeeded),
    (WaitingForCapture, Canceled),
    (Succeeded, PartiallyRefunded),
    (Succeeded, Refunded),
    (PartiallyRefunded, Refunded),
];

/// The acquirer may still say something new, so it is asked.
pub const fn is_open(status: PaymentStatus) -> bool {
    matches!(status, Created | Unknown | Pending | WaitingForCapture)
}

/// What was heard of a payment, from a call of ours and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Pending,
    WaitingForCapture {
        amount: Money,
    },
    Succeeded {
        amount: Money,
    },
    Canceled {
        reason: String,
    },
    /// The call ended without an answer.
    Lost,
    /// The acquirer did not take it and never will.
    Refused {
        reason: String,
    },
    /// The acquirer knows of no such payment, and no call is under way that could still make one.
    Absent,
    /// The acquirer's object is another payment's.
    Foreign,
    /// An operator expects nothing of it any more.
    GivenUp,
}

/// Reason of a payment that no acquirer has ever known.
pub const NEVER_ARRIVED: &str = "never_arrived";
/// Reason of a payment of which nothing was heard any more.
pub const ENDED_BY_OPERATOR: &str = "ended_by_operator";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Stay,
    Move(PaymentStatus),
    Cancel {
        reason: String,
    },
    /// The payment stays, and people must look.
    Incident(IncidentKind),
}

/// What `news` does to a payment of `amount` in `status`. Final states never change by news.
pub fn judge(status: PaymentStatus, amount: Money, news: &News) -> Verdict {
    match news {
        News::Foreign => Verdict::Incident(IncidentKind::Foreign),
        _ if is_open(status) => judge_open(status, amount, news),
        _ if status == Canceled => match news {
            News::Succeeded { .. } | News::WaitingForCapture { .. } => Verdict::Incident(IncidentKind::LateSuccess),
            _ => Verdict::Stay,
        },
        News::Succeeded { amount: paid } if *paid != amount => Verdict::Incident(IncidentKind::AmountDiffers),
        News::Canceled { .. } => Verdict::Incident(IncidentKind::LateCancel),
        News::Absent => Verdict::Incident(IncidentKind::Missing),
        _ => Verdict::Stay,
    }
}

fn judge_open(status: PaymentStatus, amount: Money, news: &News) -> Verdict {
    match news {
        News::Pending => forward(status, Pending),
        News::WaitingForCapture { amount: held } if *held == amount => forward(status, WaitingForCapture),
        News::Succeeded { amount: paid } if *paid == amount => forward(status, Succeeded),
        News::WaitingForCapture { .. } | News::Succeeded { .. } => Verdict::Incident(IncidentKind::AmountDiffers),
        News::Canceled { reason } => Verdict::Cancel { reason: reason.clone() },
        News::Lost => forward(status, Unknown),
        // After a call without an answer a refusal says nothing about that call: reading will.
        News::Refused { reason } if status == Created => Verdict::Cancel { reason: reason.clone() },
        News::Absent if matches!(status, Created | Unknown) => Verdict::Cancel { reason: NEVER_ARRIVED.to_owned() },
        News::Absent => Verdict::Incident(IncidentKind::Missing),
        News::GivenUp => Verdict::Cancel { reason: ENDED_BY_OPERATOR.to_owned() },
        News::Refused { .. } | News::Foreign => Verdict::Stay,
    }
}

/// Old news of an earlier state changes nothing.
fn forward(from: PaymentStatus, to: PaymentStatus) -> Verdict {
    if MOVES.contains(&(from, to)) { Verdict::Move(to) } else { Verdict::Stay }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: Money = Money(10_000);

    fn all_news() -> Vec<News> {
        let reason = || "general_decline".to_owned();
        vec![
            News::Pending,
            News::WaitingForCapture { amount: SUM },
            News::WaitingForCapture { amount: Money(1) },
            News::Succeeded { amount: SUM },
            News::Succeeded { amount: Money(1) },
            News::Canceled { reason: reason() },
            News::Lost,
            News::Refused { reason: reason() },
            News::Absent,
            News::Foreign,
            News::GivenUp,
        ]
    }

    #[test]
    fn every_judgement_is_a_move_of_the_table() {
        for status in PaymentStatus::ALL {
            for news in all_news() {
                let to = match judge(*status, SUM, &news) {
                    Verdict::Move(to) => to,
                    Verdict::Cancel { .. } => Canceled,
                    Verdict::Stay | Verdict::Incident(_) => continue,
                };
                assert!(MOVES.contains(&(*status, to)), "{status:?} goes to {to:?} by {news:?}");
            }
        }
    }

    #[test]
    fn no_news_changes_a_final_state_and_a_contradiction_is_an_incident() {
        for status in PaymentStatus::ALL.iter().copied().filter(|status| !is_open(*status)) {
            for news in all_news() {
                let verdict = judge(status, SUM, &news);
                assert!(matches!(verdict, Verdict::Stay | Verdict::Incident(_)), "{status:?} by {news:?}: {verdict:?}");
            }
        }
        let canceled = News::Canceled { reason: "fraud_suspected".to_owned() };
        assert_eq!(judge(Succeeded, SUM, &canceled), Verdict::Incident(IncidentKind::LateCancel));
        assert_eq!(
            judge(Canceled, SUM, &News::Succeeded { amount: SUM }),
            Verdict::Incident(IncidentKind::LateSuccess)
        );
        assert_eq!(judge(Refunded, SUM, &News::Absent), Verdict::Incident(IncidentKind::Missing));
        assert_eq!(judge(Succeeded, SUM, &News::Pending), Verdict::Stay, "old news");
    }

    #[test]
    fn another_sum_is_never_taken() {
        for status in PaymentStatus::ALL {
            let verdict = judge(*status, SUM, &News::Succeeded { amount: Money(SUM.0 - 1) });
            assert!(matches!(verdict, Verdict::Incident(_)), "{status:?}: {verdict:?}");
        }
    }

    #[test]
    fn a_lost_call_is_unknown_and_only_reading_ends_it() {
        assert_eq!(judge(Created, SUM, &News::Lost), Verdict::Move(Unknown));
        assert_eq!(judge(Pending, SUM, &News::Lost), Verdict::Stay, "a read that fails says nothing");
        let refused = News::Refused { reason: "invalid_request".to_owned() };
        assert_eq!(judge(Unknown, SUM, &refused), Verdict::Stay);
        assert_eq!(judge(Unknown, SUM, &News::Absent), Verdict::Cancel { reason: NEVER_ARRIVED.to_owned() });
    }

    #[test]
    fn from_every_open_state_an_end_is_in_reach() {
        for status in PaymentStatus::ALL.iter().copied().filter(|status| is_open(*status)) {
            assert!(MOVES.contains(&(status, Succeeded)) && MOVES.contains(&(status, Canceled)), "{status:?}");
        }
        assert!(MOVES.iter().all(|(_, to)| *to != Created));
    }
}
