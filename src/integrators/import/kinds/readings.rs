use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use entity::enums::{ReadingSource, ReadingStatus, Register};
use entity::exact::Quantity;
use entity::ids::{MeterId, MeterReadingId};
use entity::{meter, meter_reading};

use super::super::context::{Beside, Context};
use super::super::plan::{Loader, Plan};
use super::super::store::{self, Reads, Upserts};
use crate::integrators::register::cells::{CellError, RowCode};
use crate::integrators::register::rows::ReadingRow;
use crate::integrators::register::{Export, FileEntry, Numbered, Problem, RowReader};
use crate::kernel::Fault;
use crate::platform::db::Tx;

#[derive(Debug)]
pub struct Readings;

#[derive(Debug, Default)]
pub struct Changes {
    readings: Upserts<meter_reading::Model>,
    /// Meters with a new last reading.
    last: Vec<meter::Model>,
}

impl Loader for Readings {
    type Stream = RowReader<ReadingRow>;
    type Changes = Changes;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem> {
        export.rows(entry)
    }

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        rows: &[Numbered<ReadingRow>],
        beside: &mut Beside,
    ) -> Result<Plan<Changes>, Fault> {
        let accounts = context.accounts(reads, rows.iter().map(|row| row.row.account.as_str())).await?;
        let meters = context.meters(reads, &accounts).await?;
        let stored = stored(reads, rows, &meters).await?;
        let mut newest = newest_days(reads, &meters).await?;
        let mut plan = Plan::<Upserts<meter_reading::Model>>::default();
        let mut last: HashMap<MeterId, meter::Model> = HashMap::new();
        for Numbered { line, row } in rows {
            let Some(meter) = meters.get(&(row.account.clone(), row.meter.clone())) else {
                plan.missing(*line, beside.require_meter(&row.account, &row.meter));
                continue;
            };
            if let Err(fault) = check_values(meter, row) {
                plan.faults.push((*line, fault));
                continue;
            }
            let old = stored.get(&(meter.id, row.taken_on));
            let new = reading(context, old, meter, row)?;
            let day = newest.entry(meter.id).or_insert(row.taken_on);
            if old.is_none() && row.taken_on >= *day {
                *day = row.taken_on;
                last.insert(meter.id, meter::Model { last_reading_id: Some(new.id), ..meter.clone() });
            }
            plan.upsert(*line, old, new);
        }
        let Plan { changes: readings, fates, differences, faults } = plan;
        let changes = Changes { readings, last: last.into_values().collect() };
        Ok(Plan { changes, fates, differences, faults })
    }

    async fn apply(tx: &Tx, changes: &Changes) -> Result<(), Fault> {
        store::write_readings_in(tx, &changes.readings, &changes.last).await
    }
}

pub(super) type MetersBySerial = HashMap<(String, String), meter::Model>;

/// The provider's readings that the rows may repeat.
pub(super) async fn stored(
    reads: Reads<'_>,
    rows: &[Numbered<ReadingRow>],
    meters: &MetersBySerial,
) -> Result<HashMap<(MeterId, NaiveDate), meter_reading::Model>, Fault> {
    let days = || rows.iter().map(|row| row.row.taken_on);
    let (Some(from), Some(to)) = (days().min(), days().max()) else { return Ok(HashMap::new()) };
    let mut keys: Vec<_> = rows.iter().map(|row| (row.row.account.clone(), row.row.meter.clone())).collect();
    keys.dedup();
    let ids: Vec<_> = keys.iter().filter_map(|key| meters.get(key)).map(|meter| meter.id).collect();
    let found = store::find_readings(reads, &ids, (from, to)).await?;
    Ok(found.into_iter().map(|reading| ((reading.meter_id, reading.taken_on), reading)).collect())
}

/// The day of each meter's last reading.
pub(super) async fn newest_days(
    reads: Reads<'_>,
    meters: &MetersBySerial,
) -> Result<HashMap<MeterId, NaiveDate>, Fault> {
    let meter_of: HashMap<MeterReadingId, MeterId> =
        meters.values().filter_map(|meter| Some((meter.last_reading_id?, meter.id))).collect();
    let ids: Vec<_> = meter_of.keys().copied().collect();
    let days = store::find_reading_days(reads, &ids).await?;
    Ok(days.into_iter().filter_map(|(reading, day)| Some((*meter_of.get(&reading)?, day))).collect())
}

/// A value for each register of the meter, none for others, none past the last digit.
pub(super) fn check_values(meter: &meter::Model, row: &ReadingRow) -> Result<(), CellError> {
    let registers = Register::list(&meter.registers);
    let columns = [
        ("value_single", Register::Single, row.value_single),
        ("value_day", Register::Day, row.value_day),
        ("value_night", Register::Night, row.value_night),
        ("value_peak", Register::Peak, row.value_peak),
    ];
    let differ = RowCode::RegistersDiffer;
    let digits = u32::try_from(meter.integer_digits).unwrap_or(0);
    for (column, register, value) in columns {
        match (registers.contains(&register), value) {
            (true, None) => return Err(CellError::coded(differ, column, "empty, and the meter has this register")),
            (false, Some(_)) => return Err(CellError::coded(differ, column, "the meter has not this register")),
            (true, Some(value)) if value.0 / Quantity::ONE.0 >= 10_i64.pow(digits) => {
                let reason = format!("{value} has more than {digits} digits before the point");
                return Err(CellError::coded(RowCode::TooManyDigits, column, reason));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn reading(
    context: &Context,
    old: Option<&meter_reading::Model>,
    meter: &meter::Model,
    row: &ReadingRow,
) -> Result<meter_reading::Model, Fault> {
    let base = match old {
        Some(old) => old.clone(),
        None => meter_reading::Model {
            id: context.id()?,
            meter_id: meter.id,
            personal_account_id: meter.personal_account_id,
            taken_on: row.taken_on,
            submitted_at: noon(row.taken_on, context),
            source: ReadingSource::Provider,
            status: ReadingStatus::Accepted,
            submitted_by: None,
            payment_id: None,
            value_single: None,
            value_day: None,
            value_night: None,
            value_peak: None,
            consumption: None,
            history_withheld: false,
            warnings: String::new(),
        },
    };
    Ok(meter_reading::Model {
        value_single: row.value_single,
        value_day: row.value_day,
        value_night: row.value_night,
        value_peak: row.value_peak,
        consumption: row.consumption,
        ..base
    })
}

/// The billing exports no time of day: noon where the provider is falls on the right day nearly everywhere.
fn noon(day: NaiveDate, context: &Context) -> DateTime<Utc> {
    let noon = day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default());
    (noon - context.zone_on(day)).and_utc()
}
