//! The file in which a provider says what became of readings.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use entity::ids::{MeterReadingId, ProviderId};

use super::ReadingFiles;
use crate::integrators::register::cells::LONGEST_TEXT;
use crate::kernel::{Failure, Fault, type_id};
use crate::metering::decision::{Decided, Decision, MOST_DECISIONS, TooManyDecisions};

/// Why nothing of a file was carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}")]
    Csv(String),
    #[error(
        "the first line must name the columns reading_id, decision and, where it is used, reason, with \";\" between them"
    )]
    Columns,
    #[error("line {line}: {what}")]
    Row { line: u64, what: String },
}

/// A row that was carried out, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenRow {
    pub line: u64,
    pub reading: MeterReadingId,
    pub decided: Decided,
}

/// Its rows are understood, all of them.
#[derive(Debug)]
pub struct DecisionFile<'a>(&'a Path);

type Row = (u64, MeterReadingId, Decision);

impl<'a> DecisionFile<'a> {
    /// Reads it once, so that a file which is not whole changes nothing.
    pub fn open(path: &'a Path) -> Result<Self, Unreadable> {
        for row in rows(path)? {
            row?;
        }
        Ok(Self(path))
    }
}

impl ReadingFiles<'_> {
    /// Carries out a provider's decisions, a thousand at once, and tells of each what became of it. Repeated, it changes nothing.
    pub async fn decide(
        &self,
        provider: ProviderId,
        file: &DecisionFile<'_>,
        mut tell: impl FnMut(GivenRow),
    ) -> Result<(), Failure<Unreadable>> {
        let mut rows = rows(file.0).map_err(Failure::Refused)?.peekable();
        while rows.peek().is_some() {
            let chunk: Result<Vec<Row>, Unreadable> = rows.by_ref().take(MOST_DECISIONS).collect();
            let chunk = chunk.map_err(Failure::Refused)?;
            let given: Vec<_> = chunk.iter().map(|(_, id, decision)| (*id, decision.clone())).collect();
            let decided = self.metering.decide_readings(self.accounts, provider, &given).await;
            let decided = decided.map_err(|failure| match failure {
                Failure::Fault(fault) => fault,
                Failure::Refused(TooManyDecisions) => Fault::internal("a chunk that is too long"),
            })?;
            for ((line, reading, _), decided) in chunk.into_iter().zip(decided) {
                tell(GivenRow { line, reading, decided });
            }
        }
        Ok(())
    }
}

fn rows(path: &Path) -> Result<impl Iterator<Item = Result<Row, Unreadable>>, Unreadable> {
    let csv = |error: String| Unreadable::Csv(error);
    let file = File::open(path).map_err(|error| csv(format!("{}: {error}", path.display())))?;
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').flexible(false).from_reader(BufReader::new(file));
    let head = reader.headers().map_err(|error| csv(error.to_string()))?;
    let columns: HashMap<String, usize> = head
        .iter()
        .enumerate()
        .map(|(place, name)| (name.trim_start_matches('\u{feff}').trim().to_owned(), place))
        .collect();
    let place = |name: &str| columns.get(name).copied();
    let (Some(id), Some(decision)) = (place("reading_id"), place("decision")) else { return Err(Unreadable::Columns) };
    let reason = place("reason");
    Ok(reader.into_records().map(move |record| {
        let record = record.map_err(|error| csv(error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |place: usize| record.get(place).unwrap_or_default().trim();
        row((cell(id), cell(decision), reason.map(cell).unwrap_or_default()))
            .map(|(id, decision)| (line, id, decision))
            .map_err(|what| Unreadable::Row { line, what })
    }))
}

fn row((id, decision, reason): (&str, &str, &str)) -> Result<(MeterReadingId, Decision), String> {
    let reading = type_id::decode(id).ok_or_else(|| format!("\"{id}\" is no id of a reading"))?;
    let decision = match (decision, reason) {
        ("DELIVERED", _) => Decision::Delivered,
        ("ACCEPTED", _) => Decision::Accepted,
        ("BILLED", _) => Decision::Billed,
        ("REJECTED", "") => return Err("a rejection needs its reason, for the person".to_owned()),
        ("REJECTED", reason) if reason.chars().count() > LONGEST_TEXT => {
            return Err(format!("the reason has over {LONGEST_TEXT} characters"));
        }
        ("REJECTED", reason) => Decision::Rejected(reason.to_owned()),
        (other, _) => return Err(format!("\"{other}\" is neither DELIVERED, ACCEPTED, REJECTED nor BILLED")),
    };
    Ok((reading, decision))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(content: &str) -> Result<usize, Unreadable> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        DecisionFile::open(file.path())?;
        Ok(rows(file.path())?.count())
    }

    #[test]
    fn a_file_is_understood_whole_or_not_at_all() {
        let id = "reading_01h455vb4pex5vsknk084sn02q";
        let with = |row: &str| opened(&format!("reading_id;decision;reason\n{row}\n"));
        assert_eq!(with(&format!("{id};ACCEPTED;\n{id};REJECTED;снято не то")), Ok(2));
        assert_eq!(opened(&format!("\u{feff}decision;reading_id\nBILLED;{id}\n")), Ok(1), "columns by their names");
        assert_eq!(opened("reading;decision\n"), Err(Unreadable::Columns));
        for (row, why) in [
            (format!("{id};REJECTED;"), "reason"),
            (format!("{id};accepted;"), "neither"),
            ("payment_01h455vb4pex5vsknk084sn02q;ACCEPTED;".to_owned(), "no id"),
        ] {
            let refused = with(&format!("{id};ACCEPTED;\n{row}"));
            let told = refused.unwrap_err().to_string();
            assert!(told.starts_with("line 3:") && told.contains(why), "{told}");
        }
        assert!(matches!(with(&format!("{id};ACCEPTED")), Err(Unreadable::Csv(_))), "a column is missing");
    }
}
