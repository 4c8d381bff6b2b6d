//! How the events of a person hang together: each hash covers the one before it. Pure.

use std::fmt;

use entity::enums::AuditEventKind;
use entity::{audit_circumstance, audit_event};
use serde_json::json;

use crate::platform::secret::fingerprint;

/// What the first event of a chain comes after.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// SHA-256 of a JSON array: fields cannot run into each other.
pub fn circumstances_hash(of: &audit_circumstance::Model) -> String {
    let audit_circumstance::Model { event_id, salt, address, device, request_id, details } = of;
    fingerprint(&json!([event_id, salt, address, device, request_id, details]).to_string())
}

/// Of everything but the hash itself.
pub fn hash(of: &audit_event::Model) -> String {
    let audit_event::Model { id, user_id, sequence, kind, occurred_at, circumstances_hash, previous_hash, hash: _ } =
        of;
    let micros = occurred_at.timestamp_micros();
    fingerprint(&json!([previous_hash, id, user_id, sequence, kind.word(), micros, circumstances_hash]).to_string())
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Events are missing before this one.
    Gap,
    /// It does not follow the event before it.
    OtherPredecessor,
    /// The event is not what was written.
    Changed,
    /// From where it came is not what was written.
    CircumstancesChanged,
    /// From where it came is gone, and the chain does not end with an erasure.
    CircumstancesMissing,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gap => "events before it are missing",
            Self::OtherPredecessor => "it does not follow the event before it",
            Self::Changed => "it is not what was written",
            Self::CircumstancesChanged => "its circumstances are not what was written",
            Self::CircumstancesMissing => "its circumstances are missing, though the cabinet was not erased",
        })
    }
}

/// A walk along one chain, event by event.
#[derive(Clone, Debug)]
pub struct Walk {
    sequence: i64,
    hash: String,
    without_circumstances: Option<i64>,
    erased: bool,
}

impl Default for Walk {
    fn default() -> Self {
        Self { sequence: 0, hash: START.to_owned(), without_circumstances: None, erased: false }
    }
}

impl Walk {
    pub fn step(
        &mut self,
        event: &audit_event::Model,
        circumstances: Option<&audit_circumstance::Model>,
    ) -> Result<(), Flaw> {
        if event.sequence != self.sequence.saturating_add(1) {
            return Err(Flaw::Gap);
        }
        if event.previous_hash != self.hash {
            return Err(Flaw::OtherPredecessor);
        }
        if event.hash != hash(event) {
            return Err(Flaw::Changed);
        }
        match circumstances {
            Some(found) if circumstances_hash(found) != event.circumstances_hash => {
                return Err(Flaw::CircumstancesChanged);
            }
            Some(_) => {}
            None => self.without_circumstances = self.without_circumstances.or(Some(event.sequence)),
        }
        self.sequence = event.sequence;
        self.hash.clone_from(&event.hash);
        self.erased = event.kind == AuditEventKind::Erased;
        Ok(())
    }

    /// Err: the event at which the chain is wrong, known only at its end.
    pub fn end(&self) -> Result<(), (i64, Flaw)> {
        match self.without_circumstances {
            Some(sequence) if !self.erased => Err((sequence, Flaw::CircumstancesMissing)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::ids::{AuditEventId, UserId};
    use uuid::Uuid;

    use super::*;

    type Link = (audit_event::Model, Option<audit_circumstance::Model>);

    fn chain(kinds: &[AuditEventKind]) -> Vec<Link> {
        let mut previous = START.to_owned();
        let link = |(index, kind): (usize, &AuditEventKind)| {
            let id = AuditEventId(Uuid::from_u128(index as u128));
            let circumstances = audit_circumstance::Model {
                event_id: id,
                salt: format!("salt {index}"),
                address: Some("198.51.100.7".to_owned()),
                device: None,
                request_id: None,
                details: "{}".to_owned(),
            };
            let mut event = audit_event::Model {
                id,
                user_id: UserId(Uuid::from_u128(7)),
                sequence: i64::try_from(index).unwrap() + 1,
                kind: *kind,
                occurred_at: "2026-06-20T09:00:00.123456Z".parse().unwrap(),
                circumstances_hash: circumstances_hash(&circumstances),
                previous_hash: previous.clone(),
                hash: String::new(),
            };
            event.hash = hash(&event);
            previous.clone_from(&event.hash);
            (event, Some(circumstances))
        };
        kinds.iter().enumerate().map(link).collect()
    }

    fn three() -> Vec<Link> {
        chain(&[AuditEventKind::Registered, AuditEventKind::SignedIn, AuditEventKind::SignedOut])
    }

    fn flaw(links: &[Link]) -> Option<(i64, Flaw)> {
        let mut walk = Walk::default();
        for (event, circumstances) in links {
            if let Err(flaw) = walk.step(event, circumstances.as_ref()) {
                return Some((event.sequence, flaw));
            }
        }
        walk.end().err()
    }

    #[test]
    fn a_chain_as_it_was_written_is_whole() {
        assert_eq!(flaw(&[]), None);
        assert_eq!(flaw(&three()), None);
    }

    #[test]
    fn every_field_that_is_changed_is_found() {
        let changes: [fn(&mut audit_event::Model); 5] = [
            |event| event.kind = AuditEventKind::PasswordChanged,
            |event| event.user_id = UserId(Uuid::from_u128(8)),
            |event| event.occurred_at += chrono::TimeDelta::microseconds(1),
            |event| event.id = AuditEventId(Uuid::from_u128(9)),
            |event| event.circumstances_hash = fingerprint(""),
        ];
        for change in changes {
            let mut links = three();
            change(&mut links[1].0);
            assert_eq!(flaw(&links), Some((2, Flaw::Changed)));
            // With its own hash made to fit, the next event betrays it.
            links[1].0.hash = hash(&links[1].0);
            links[1].1 = None;
            assert_eq!(flaw(&links), Some((3, Flaw::OtherPredecessor)));
        }
    }

    #[test]
    fn an_event_that_is_taken_out_is_missed() {
        let mut links = three();
        links.remove(1);
        assert_eq!(flaw(&links), Some((3, Flaw::Gap)));
    }

    #[test]
    fn circumstances_are_as_they_were_written_or_erased_with_the_cabinet() {
        let changes: [fn(&mut audit_circumstance::Model); 5] = [
            |found| found.address = None,
            |found| found.device = Some("other/1".to_owned()),
            |found| found.details = "{\"a\":\"b\"}".to_owned(),
            |found| found.salt = String::new(),
            |found| found.request_id = Some("r".to_owned()),
        ];
        for change in changes {
            let mut links = three();
            links[0].1.as_mut().map(change);
            assert_eq!(flaw(&links), Some((1, Flaw::CircumstancesChanged)));
        }
        let mut links = three();
        links[1].1 = None;
        assert_eq!(flaw(&links), Some((2, Flaw::CircumstancesMissing)));
        let mut erased = chain(&[AuditEventKind::Registered, AuditEventKind::Erased]);
        for link in &mut erased {
            link.1 = None;
        }
        assert_eq!(flaw(&erased), None);
    }
}
