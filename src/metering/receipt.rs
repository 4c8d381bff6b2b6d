//! A text that shows that a reading came here, and when. Whoever has it can have it checked.

use std::fmt::Write;

use chrono::SecondsFormat;
use entity::{meter, meter_reading};

use super::Metering;
use super::reading_rules::values_of;
use crate::kernel::Fault;

/// So that no text that the same key signs elsewhere passes for a receipt.
const HEAD: &str = "kabinet meter reading receipt 1";
const SIGNATURE: &str = "\nsignature: ";

impl Metering {
    /// The facts of a submission line by line, and the server's signature (HMAC-SHA-256, RFC 2104). Always the same text for
    /// a reading; nothing in it changes when the reading moves on.
    pub fn receipt(&self, meter: &meter::Model, reading: &meter_reading::Model) -> Result<String, Fault> {
        let facts = facts(meter, reading);
        let signature = self.signing_key.sign(&facts)?;
        Ok(format!("{facts}{SIGNATURE}{signature}"))
    }

    /// Whether this server signed the text as it is. Line ends and blanks around it may have changed on the way.
    pub fn is_receipt(&self, text: &str) -> Result<bool, Fault> {
        let text = text.trim().replace("\r\n", "\n");
        match text.rsplit_once(SIGNATURE) {
            Some((facts, signature)) if facts.starts_with(HEAD) => self.signing_key.signed(facts, signature),
            _ => Ok(false),
        }
    }
}

fn facts(meter: &meter::Model, reading: &meter_reading::Model) -> String {
    let submitted_at = reading.submitted_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut facts = format!(
        "{HEAD}\nreading: {}\nmeter: {}\ntaken on: {}\nsubmitted at: {submitted_at}",
        reading.id.0, meter.serial_number, reading.taken_on
    );
    for value in values_of(reading) {
        // Writing to a string does not fail.
        let _ = write!(facts, "\n{}: {}", value.register.word(), value.value);
    }
    facts
}
