use std::collections::HashMap;

use chrono::NaiveDate;
use entity::ids::MeterId;
use entity::{meter, meter_reading, meter_replacement};

use super::super::context::{Beside, Context};
use super::super::plan::{Loader, Plan};
use super::super::report::Fate;
use super::super::store::{self, Reads, Upserts};
use super::readings::{check_values, newest_days, reading, stored};
use crate::integrators::register::cells::CellError;
use crate::integrators::register::rows::{ReplacementRow, column_of};
use crate::integrators::register::{Export, FileEntry, Numbered, Problem, RowReader};
use crate::kernel::Fault;
use crate::platform::db::Tx;

/// Each with both readings and both meters, in one transaction.
#[derive(Debug)]
pub struct Replacements;

#[derive(Debug, Default)]
pub struct Changes {
    replacements: Upserts<meter_replacement::Model>,
    readings: Upserts<meter_reading::Model>,
    /// Removed, installed, with their last readings.
    meters: Vec<meter::Model>,
}

impl Loader for Replacements {
    type Stream = RowReader<ReplacementRow>;
    type Changes = Changes;

    fn open(export: &Export, entry: &FileEntry) -> Result<Self::Stream, Problem> {
        export.rows(entry)
    }

    async fn plan(
        context: &Context,
        reads: Reads<'_>,
        rows: &[Numbered<ReplacementRow>],
        beside: &mut Beside,
    ) -> Result<Plan<Changes>, Fault> {
        let accounts = context.accounts(reads, rows.iter().map(|row| row.row.account.as_str())).await?;
        let meters = context.meters(reads, &accounts).await?;
        let readings = |of: &Numbered<ReplacementRow>| {
            [of.row.closing(), of.row.opening()].map(|row| Numbered { line: of.line, row })
        };
        let readings: Vec<_> = rows.iter().flat_map(readings).collect();
        let mut known = Known {
            replacements: store::find_replacements(reads, &meters.values().map(|meter| meter.id).collect::<Vec<_>>())
                .await?
                .into_iter()
                .map(|known| (known.old_meter_id, known))
                .collect(),
            readings: stored(reads, &readings, &meters).await?,
            newest: newest_days(reads, &meters).await?,
        };
        let mut plan = Plan::<Changes>::default();
        for numbered in rows {
            let Numbered { line, row } = numbered;
            let find = |serial: &String| meters.get(&(row.account.clone(), serial.clone()));
            let (old, new) = (find(&row.old_meter), find(&row.new_meter));
            let (Some(old), Some(new)) = (old, new) else {
                let absent = [(&row.old_meter, old), (&row.new_meter, new)].into_iter().filter(|(_, it)| it.is_none());
                let missing =
                    absent.map(|(serial, _)| serial).try_for_each(|serial| beside.require_meter(&row.account, serial));
                plan.missing(*line, missing);
                continue;
            };
            match check(old, new, row) {
                Ok(()) => known.plan(context, (old, new), numbered, &mut plan)?,
                Err(fault) => plan.faults.push((*line, fault)),
            }
        }
        Ok(plan)
    }

    async fn apply(tx: &Tx, changes: &Changes) -> Result<(), Fault> {
        store::write_readings_in(tx, &changes.readings, &[]).await?;
        store::write_replacements_in(tx, &changes.replacements, &changes.meters).await
    }
}

struct Known {
    replacements: HashMap<MeterId, meter_replacement::Model>,
    readings: HashMap<(MeterId, NaiveDate), meter_reading::Model>,
    newest: HashMap<MeterId, NaiveDate>,
}

impl Known {
    fn plan(
        &mut self,
        context: &Context,
        (old, new): (&meter::Model, &meter::Model),
        Numbered { line, row }: &Numbered<ReplacementRow>,
        plan: &mut Plan<Changes>,
    ) -> Result<(), Fault> {
        let line = *line;
        let stored = |meter: &meter::Model| self.readings.get(&(meter.id, row.replaced_on)).cloned();
        let (closing_before, opening_before) = (stored(old), stored(new));
        let closing = reading(context, closing_before.as_ref(), old, &row.closing())?;
        let opening = reading(context, opening_before.as_ref(), new, &row.opening())?;
        let before = self.replacements.get(&old.id).cloned();
        let replacement = meter_replacement::Model {
            old_meter_id: old.id,
            new_meter_id: new.id,
            personal_account_id: old.personal_account_id,
            replaced_on: row.replaced_on,
            closing_reading_id: closing.id,
            opening_reading_id: opening.id,
        };
        // A meter may come and go in one chunk.
        let now =
            |meter: &meter::Model| plan.changes.meters.iter().find(|one| one.id == meter.id).unwrap_or(meter).clone();
        let removed = meter::Model { removed_on: Some(row.replaced_on), ..self.with_last(now(old), &closing) };
        let installed = meter::Model { installed_on: Some(row.replaced_on), ..self.with_last(now(new), &opening) };
        let mut readings = Plan::<Upserts<meter_reading::Model>>::default();
        readings.upsert(line, closing_before.as_ref(), closing);
        readings.upsert(line, opening_before.as_ref(), opening);
        let meters: Vec<_> =
            [(old, removed), (new, installed)].into_iter().filter_map(|(was, is)| (*was != is).then_some(is)).collect();
        let same = before.as_ref() == Some(&replacement) && readings.tally().unchanged == 2 && meters.is_empty();
        let fate = match (&before, same) {
            (_, true) => Fate::Unchanged,
            (None, false) => Fate::New,
            (Some(_), false) => Fate::Changed,
        };
        plan.fates.push((line, fate));
        plan.differences.extend(readings.differences);
        let replacements = &mut plan.changes.replacements;
        match before {
            None => replacements.inserts.push(replacement),
            Some(before) if before != replacement => replacements.updates.push(replacement),
            Some(_) => {}
        }
        plan.changes.readings.inserts.extend(readings.changes.inserts);
        plan.changes.readings.updates.extend(readings.changes.updates);
        for meter in meters {
            plan.changes.meters.retain(|one| one.id != meter.id);
            plan.changes.meters.push(meter);
        }
        Ok(())
    }

    /// A reading that nothing later follows is the meter's last.
    fn with_last(&mut self, meter: meter::Model, reading: &meter_reading::Model) -> meter::Model {
        let newest = self.newest.entry(meter.id).or_insert(reading.taken_on);
        if *newest > reading.taken_on {
            return meter;
        }
        *newest = reading.taken_on;
        meter::Model { last_reading_id: Some(reading.id), ..meter }
    }
}

/// What counts the same, with a value for each register, on a day that nothing else speaks against.
fn check(old: &meter::Model, new: &meter::Model, row: &ReplacementRow) -> Result<(), CellError> {
    if (old.service_code.as_str(), old.unit) != (new.service_code.as_str(), new.unit) {
        return Err(CellError::new("new_meter", "counts another service or unit than the old one"));
    }
    let other = |day: Option<NaiveDate>| day.filter(|day| *day != row.replaced_on);
    if let Some(removed) = other(old.removed_on) {
        return Err(CellError::new("replaced_on", format!("the old meter was removed on {removed}")));
    }
    if let Some(installed) = other(new.installed_on) {
        return Err(CellError::new("replaced_on", format!("the new meter was installed on {installed}")));
    }
    let named = |closing| move |fault: CellError| CellError::new(column_of(fault.column, closing), fault.reason);
    check_values(old, &row.closing()).map_err(named(true))?;
    check_values(new, &row.opening()).map_err(named(false))
}
