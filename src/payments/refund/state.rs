//! The states of a refund, which leads to which, and what news does. Pure, as `payments/state.rs`.

use entity::enums::{IncidentKind, RefundStatus};

use crate::payments::state::ENDED_BY_OPERATOR;
use RefundStatus::{Canceled, Created, Pending, Succeeded, Unknown};

/// Every move that there is; step 32 refuses any other.
pub const MOVES: [(RefundStatus, RefundStatus); 9] = [
    (Created, Unknown),
    (Created, Pending),
    (Created, Succeeded),
    (Created, Canceled),
    (Unknown, Pending),
    (Unknown, Succeeded),
    (Unknown, Canceled),
    (Pending, Succeeded),
    (Pending, Canceled),
];

pub const fn is_open(status: RefundStatus) -> bool {
    matches!(status, Created | Unknown | Pending)
}

/// What was heard of a refund, from a call of ours and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Pending,
    Succeeded,
    Canceled {
        reason: String,
    },
    Refused {
        reason: String,
    },
    /// The call ended without an answer.
    Lost,
    /// The call did not happen.
    NotNow,
    /// The acquirer knows of no such refund, and no call is under way that could still make one.
    Absent,
    /// The acquirer's object is another refund's.
    Foreign,
    /// An operator expects nothing of it any more.
    GivenUp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Stay,
    Move(RefundStatus),
    Cancel { reason: String },
    Incident(IncidentKind),
}

/// What `news` does to an open refund; a final one is not judged at all.
pub fn judge(status: RefundStatus, news: &News) -> Verdict {
    let forward = |to| if MOVES.contains(&(status, to)) { Verdict::Move(to) } else { Verdict::Stay };
    match news {
        _ if !is_open(status) => Verdict::Stay,
        News::Pending => forward(Pending),
        News::Succeeded => forward(Succeeded),
        News::Lost => forward(Unknown),
        News::Canceled { reason } => Verdict::Cancel { reason: reason.clone() },
        // After a call without an answer a refusal says nothing about that call.
        News::Refused { reason } if status == Created => Verdict::Cancel { reason: reason.clone() },
        News::Absent if status != Pending => Verdict::Cancel { reason: "never_arrived".to_owned() },
        News::Absent => Verdict::Incident(IncidentKind::Missing),
        News::Foreign => Verdict::Incident(IncidentKind::Foreign),
        News::GivenUp => Verdict::Cancel { reason: ENDED_BY_OPERATOR.to_owned() },
        News::Refused { .. } | News::NotNow => Verdict::Stay,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_judgement_is_a_move_of_the_table_and_the_end_is_the_end() {
        let reason = || "x".to_owned();
        let news = [
            News::Pending,
            News::Succeeded,
            News::Canceled { reason: reason() },
            News::Refused { reason: reason() },
            News::Lost,
            News::NotNow,
            News::Absent,
            News::Foreign,
            News::GivenUp,
        ];
        for status in RefundStatus::ALL {
            for news in &news {
                match judge(*status, news) {
                    Verdict::Move(to) => assert!(MOVES.contains(&(*status, to)), "{status:?} to {to:?}"),
                    Verdict::Cancel { .. } => assert!(MOVES.contains(&(*status, Canceled)), "{status:?} by {news:?}"),
                    Verdict::Stay => {}
                    Verdict::Incident(_) => assert!(is_open(*status)),
                }
            }
        }
        assert_eq!(judge(Unknown, &News::Refused { reason: reason() }), Verdict::Stay);
        assert_eq!(judge(Succeeded, &News::Canceled { reason: reason() }), Verdict::Stay);
    }
}
