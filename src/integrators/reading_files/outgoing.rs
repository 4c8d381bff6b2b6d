//! The file of readings that a provider does not have yet.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

use chrono::SecondsFormat;
use entity::exact::Quantity;
use entity::ids::MeterReadingId;

use super::ReadingFiles;
use crate::accounts::Provider;
use crate::kernel::{Failure, Fault, type_id};
use crate::metering::decision::{Decided, Decision, MOST_DECISIONS, TooManyDecisions};
use crate::metering::outbound::NamedReading;

const HEAD: [&str; 9] = [
    "reading_id",
    "account",
    "meter",
    "taken_on",
    "value_single",
    "value_day",
    "value_night",
    "value_peak",
    "submitted_at",
];

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub path: PathBuf,
    pub readings: u64,
    /// Taken back by those who had sent them while the file was made: the provider passes them over.
    pub withdrawn: Vec<MeterReadingId>,
}

impl ReadingFiles<'_> {
    /// Writes what the provider does not have yet into a file of the folder, and says that it was delivered; none when there is
    /// nothing. A run that is interrupted is repeated: what it had not finished is in the next file once more.
    ///
    /// # Errors
    /// The folder cannot be written to, or the database does not answer.
    pub async fn write(&self, provider: &Provider, folder: &Path) -> Result<Option<Written>, Fault> {
        let mut page = self.metering.undelivered_readings(self.accounts, provider.id(), None).await?;
        if page.is_empty() {
            return Ok(None);
        }
        let at = self.clock.now().format("%Y%m%dT%H%M%SZ");
        let path = folder.join(format!("readings_{}_{at}.csv", provider.row.code));
        let unfinished = path.with_extension("part");
        // Whoever writes in the same second has it first, and this run is repeated.
        let file = File::create_new(&unfinished).map_err(Fault::internal)?;
        if path.try_exists().map_err(Fault::internal)? {
            std::fs::remove_file(&unfinished).map_err(Fault::internal)?;
            return Err(Fault::internal(format!("{} is there already: try again", path.display())));
        }
        let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(BufWriter::new(file));
        writer.write_record(HEAD).map_err(Fault::internal)?;
        let mut readings = 0;
        while let Some(last) = page.last().map(|named| named.reading.id) {
            for named in &page {
                writer.write_record(row(named)).map_err(Fault::internal)?;
                readings += 1;
            }
            page = self.metering.undelivered_readings(self.accounts, provider.id(), Some(last)).await?;
        }
        let buffer = writer.into_inner().map_err(|error| Fault::internal(error.to_string()))?;
        buffer.into_inner().map_err(|error| Fault::internal(error.to_string()))?.sync_all().map_err(Fault::internal)?;
        // Before others see it: they may carry it away at once.
        let whole = File::open(&unfinished).map_err(Fault::internal)?;
        std::fs::rename(&unfinished, &path).map_err(Fault::internal)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Fault::internal)?;
        let withdrawn = self.deliver(provider, whole).await?;
        Ok(Some(Written { path, readings, withdrawn }))
    }

    /// Says that what stands in the file was delivered; those that were taken back meanwhile.
    async fn deliver(&self, provider: &Provider, file: File) -> Result<Vec<MeterReadingId>, Fault> {
        let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(BufReader::new(file));
        let (mut chunk, mut withdrawn) = (Vec::with_capacity(MOST_DECISIONS), Vec::new());
        for record in reader.records() {
            let record = record.map_err(Fault::internal)?;
            let id = record.get(0).and_then(type_id::decode::<MeterReadingId>);
            chunk.push((id.ok_or_else(|| Fault::internal("a file of ours without ids"))?, Decision::Delivered));
            if chunk.len() == MOST_DECISIONS {
                withdrawn.extend(self.deliver_chunk(provider, &chunk).await?);
                chunk.clear();
            }
        }
        withdrawn.extend(self.deliver_chunk(provider, &chunk).await?);
        Ok(withdrawn)
    }

    async fn deliver_chunk(
        &self,
        provider: &Provider,
        chunk: &[(MeterReadingId, Decision)],
    ) -> Result<Vec<MeterReadingId>, Fault> {
        let decided = self.metering.decide_readings(self.accounts, provider.id(), chunk).await;
        let decided = decided.map_err(|failure| match failure {
            Failure::Fault(fault) => fault,
            Failure::Refused(TooManyDecisions) => Fault::internal("a chunk that is too long"),
        })?;
        let gone = decided.into_iter().zip(chunk).filter(|(decided, _)| matches!(decided, Decided::Impossible(_)));
        Ok(gone.map(|(_, (id, _))| *id).collect())
    }
}

fn row(named: &NamedReading) -> [String; 9] {
    let NamedReading { reading, meter, account_number } = named;
    let value = |value: Option<Quantity>| value.map(|value| value.to_string()).unwrap_or_default();
    [
        type_id::encode(reading.id),
        account_number.clone(),
        meter.serial_number.clone(),
        reading.taken_on.to_string(),
        value(reading.value_single),
        value(reading.value_day),
        value(reading.value_night),
        value(reading.value_peak),
        reading.submitted_at.to_rfc3339_opts(SecondsFormat::Secs, true),
    ]
}
