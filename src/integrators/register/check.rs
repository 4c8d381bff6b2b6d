//! One pass over a file of an export, without a database.

use super::error::{Problem, Problems};
use super::export::Export;
use super::kind::Kind;
use super::manifest::FileEntry;
use super::rows::{
    AccountRow, MeterRow, ReadingRow, ReplacementRow, Row, ServiceChangeRow, ServiceRow, StatementLineRow,
    StatementRow, TariffRow,
};

/// Everything that is wrong with a file, judged from the export alone. Statements are checked together with their lines,
/// whichever of the two is given. `progress` gets the number of rows that each step has read.
pub fn check_file(export: &Export, entry: &FileEntry, progress: &mut dyn FnMut(u64)) -> Problems {
    let checked = match entry.kind {
        Kind::Settings => export.settings(entry).map(|_| {
            progress(1);
            Problems::default()
        }),
        Kind::Tariffs => check_rows::<TariffRow>(export, entry, progress),
        Kind::Accounts => check_rows::<AccountRow>(export, entry, progress),
        Kind::Services => check_rows::<ServiceRow>(export, entry, progress),
        Kind::ServiceChanges => check_rows::<ServiceChangeRow>(export, entry, progress),
        Kind::Meters => check_rows::<MeterRow>(export, entry, progress),
        Kind::Replacements => check_rows::<ReplacementRow>(export, entry, progress),
        Kind::Readings => check_rows::<ReadingRow>(export, entry, progress),
        Kind::Statements => check_bills(export, entry, progress),
        Kind::StatementLines => match export.manifest.companion(entry) {
            Some(statements) => check_bills(export, statements, progress),
            None => Err(Problem::of_file(&entry.name, "its statements are not in the manifest")),
        },
    };
    checked.unwrap_or_else(Problems::from)
}

fn check_rows<R: Row>(export: &Export, entry: &FileEntry, progress: &mut dyn FnMut(u64)) -> Result<Problems, Problem> {
    let mut reader = export.rows::<R>(entry)?;
    let mut seen = 0;
    while reader.next_row().is_some() {
        progress(reader.rows() - seen);
        seen = reader.rows();
    }
    Ok(reader.finish())
}

fn check_bills(export: &Export, entry: &FileEntry, progress: &mut dyn FnMut(u64)) -> Result<Problems, Problem> {
    let mut reader = export.bills(entry)?;
    let mut seen = 0;
    while reader.next_bill().is_some() {
        progress(reader.rows() - seen);
        seen = reader.rows();
    }
    Ok(reader.finish())
}

/// The columns of a kind, in the order in which this program writes them; none for settings.
pub fn columns(kind: Kind) -> &'static [&'static str] {
    use super::rows::Columns;
    match kind {
        Kind::Settings => &[],
        Kind::Tariffs => TariffRow::NAMES,
        Kind::Accounts => AccountRow::NAMES,
        Kind::Services => ServiceRow::NAMES,
        Kind::ServiceChanges => ServiceChangeRow::NAMES,
        Kind::Meters => MeterRow::NAMES,
        Kind::Replacements => ReplacementRow::NAMES,
        Kind::Readings => ReadingRow::NAMES,
        Kind::Statements => StatementRow::NAMES,
        Kind::StatementLines => StatementLineRow::NAMES,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use entity::exact::YearMonth;
    use sha2::{Digest, Sha256};

    use super::super::writer::write_manifest;
    use super::*;
    use crate::integrators::demo::{self, DemoPlan};
    use crate::platform::secret::hex;

    const PERIOD: YearMonth = YearMonth(202_610);

    /// A good export of 20 accounts and two months, to be spoiled.
    struct Spoiled {
        dir: tempfile::TempDir,
    }

    impl Spoiled {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let plan = DemoPlan { accounts: 100, months: 2, seed: 1, until: PERIOD.next() };
            demo::generate(plan, dir.path(), &mut |_| ()).unwrap();
            Self { dir }
        }

        fn export(&self) -> Export {
            Export::open(&self.dir.path().join("voronezh")).unwrap()
        }

        fn edit(&self, name: &str, change: impl FnOnce(String) -> String) {
            let path = self.export().dir().join(name);
            let text = fs::read_to_string(&path).unwrap();
            let changed = change(text.clone());
            assert_ne!(text, changed, "nothing was spoiled");
            fs::write(path, changed).unwrap();
        }

        /// Makes checksum and row count agree with the file again, as a provider that exports wrong data would.
        fn seal(&self, name: &str, total: Option<&str>) {
            let export = self.export();
            let mut manifest = export.manifest.clone();
            let bytes = fs::read(export.dir().join(name)).unwrap();
            let entry = manifest.files.iter_mut().find(|entry| entry.name == name).unwrap();
            entry.sha256 = hex(&Sha256::digest(&bytes));
            entry.rows = u64::try_from(bytes.split(|byte| *byte == b'\n').count() - 2).unwrap();
            entry.total = total.map(Into::into).or(entry.total.take());
            write_manifest(export.dir(), &manifest).unwrap();
        }

        fn problems(&self, kind: Kind) -> Vec<String> {
            let export = self.export();
            let period = kind.is_monthly().then_some(PERIOD);
            let problems = check_file(&export, export.manifest.find(kind, period).unwrap(), &mut |_| ());
            problems.kept().iter().map(ToString::to_string).collect()
        }
    }

    /// The `column` (from 0) of the first data row, replaced.
    fn with_cell(text: &str, column: usize, value: &str) -> String {
        let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
        let first = lines.get_mut(1).unwrap();
        let cells = first.split(';').enumerate().map(|(at, cell)| if at == column { value } else { cell });
        *first = cells.collect::<Vec<_>>().join(";");
        lines.join("\r\n")
    }

    fn first_line_without(text: &str, drop: usize) -> String {
        text.split("\r\n")
            .enumerate()
            .filter(|(at, _)| *at != drop)
            .map(|(_, line)| line)
            .collect::<Vec<_>>()
            .join("\r\n")
    }

    #[test]
    fn a_good_export_has_no_problem() {
        assert_eq!(Spoiled::new().problems(Kind::Statements), [""; 0]);
    }

    #[test]
    fn a_changed_byte_is_a_wrong_checksum() {
        let spoiled = Spoiled::new();
        spoiled.edit("accounts.csv", |text| text.replacen("ул.", "Ул.", 1));
        let problems = spoiled.problems(Kind::Accounts);
        assert_eq!(problems.len(), 1);
        assert!(problems.concat().contains("checksum"));
    }

    #[test]
    fn a_truncated_file_is_told() {
        let spoiled = Spoiled::new();
        spoiled.edit("readings.csv", |text| first_line_without(&text, 1));
        let problems = spoiled.problems(Kind::Readings).concat();
        assert!(problems.contains("truncated") && problems.contains("control total") && problems.contains("checksum"));

        spoiled.edit("readings.csv", |text| text.chars().take(text.len() - 20).collect());
        assert!(spoiled.problems(Kind::Readings).concat().contains("columns, the header has"));
        fs::write(spoiled.export().dir().join("readings.csv"), "").unwrap();
        assert!(spoiled.problems(Kind::Readings).concat().contains("not even a header"));
    }

    #[test]
    fn a_wrong_control_total_is_told() {
        let spoiled = Spoiled::new();
        spoiled.seal("tariffs.csv", Some("1.00"));
        let problems = spoiled.problems(Kind::Tariffs);
        assert!(problems.len() == 1 && problems.concat().contains("the manifest says 1.00"));
    }

    #[test]
    fn a_bad_cell_names_line_column_and_reason() {
        let spoiled = Spoiled::new();
        spoiled.edit("accounts.csv", |text| with_cell(&text, 5, "two"));
        spoiled.seal("accounts.csv", None);
        let reason = "accounts.csv, line 2, column residents: not a whole number from 0 to 32767";
        assert_eq!(spoiled.problems(Kind::Accounts), [reason]);
    }

    #[test]
    fn rows_that_repeat_or_are_not_sorted_are_told() {
        let spoiled = Spoiled::new();
        spoiled.edit("meters.csv", |text| {
            let first = text.split("\r\n").nth(1).unwrap().to_owned();
            text + &first + "\r\n"
        });
        spoiled.seal("meters.csv", None);
        let problems = spoiled.problems(Kind::Meters);
        assert!(
            problems.len() == 1 && problems.concat().contains("column account, serial_number: repeated, or not sorted")
        );
    }

    #[test]
    fn a_statement_that_does_not_add_up_is_told() {
        let spoiled = Spoiled::new();
        let name = "statements-2026-10.csv";
        spoiled.edit(name, |text| with_cell(&text, 6, "77.77"));
        spoiled.seal(name, None);
        let problems = spoiled.problems(Kind::Statements);
        assert!(problems.len() == 1 && problems.concat().contains("line 2, column closing"), "{problems:?}");
        assert!(problems.concat().contains("paid 77.77"));
    }

    #[test]
    fn a_statement_is_the_sum_of_its_lines() {
        let spoiled = Spoiled::new();
        let name = "statement_lines-2026-10.csv";
        spoiled.edit(name, |text| first_line_without(&text, 2));
        spoiled.seal(name, None);
        let problems = spoiled.problems(Kind::Statements).concat();
        assert!(problems.contains("statements-2026-10.csv, line 2, column accrued"), "{problems}");
        assert_eq!(spoiled.problems(Kind::Statements), spoiled.problems(Kind::StatementLines));
    }

    #[test]
    fn a_line_without_its_statement_is_told() {
        let spoiled = Spoiled::new();
        let name = "statements-2026-10.csv";
        spoiled.edit(name, |text| first_line_without(&text, 1));
        spoiled.seal(name, None);
        assert!(spoiled.problems(Kind::Statements).concat().contains("has no statement in statements-2026-10.csv"));
    }

    #[test]
    fn a_month_opens_at_the_closing_of_the_one_before() {
        let spoiled = Spoiled::new();
        let name = "statements-2026-09.csv";
        // Opening and closing shifted alike: each month adds up, the chain does not.
        spoiled.edit(name, |text| with_cell(&with_cell(&with_cell(&text, 2, "0.00"), 6, "0.00"), 7, "0.00"));
        let problems = spoiled.problems(Kind::Statements);
        assert!(!problems.concat().contains("column opening"), "a bad row is no reference: {problems:?}");

        let spoiled = Spoiled::new();
        let closing = spoiled.export().bills(spoiled.export().manifest.find(Kind::Statements, Some(PERIOD)).unwrap());
        let first = closing.unwrap().next_bill().unwrap().statement;
        spoiled.edit("statements-2026-10.csv", |text| {
            let up = |money: entity::exact::Money| (money + entity::exact::Money(100)).to_string();
            with_cell(&with_cell(&text, 2, &up(first.opening)), 7, &up(first.closing))
        });
        assert!(spoiled.problems(Kind::Statements).concat().contains("column opening"));
    }

    #[test]
    fn a_lost_quotation_mark_does_not_swallow_the_file() {
        let spoiled = Spoiled::new();
        let rows = 20_000;
        spoiled.edit("accounts.csv", |text| text + "\"" + &"x;".repeat(rows * 50));
        assert!(spoiled.problems(Kind::Accounts).concat().contains("quotation mark"));
    }

    #[test]
    fn settings_of_another_provider_are_refused() {
        let spoiled = Spoiled::new();
        spoiled.edit("provider.toml", |text| text.replace("code = \"voronezh\"", "code = \"kaluga\""));
        assert!(spoiled.problems(Kind::Settings).concat().contains("checksum"));
    }
}
