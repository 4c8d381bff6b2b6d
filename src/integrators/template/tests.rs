use std::fs;
use std::path::{Path, PathBuf};

use entity::exact::YearMonth;
use tempfile::TempDir;

use super::rules::FaultyRow;
use super::{Refused, Template, Translated, Translation, translate};
use crate::integrators::register::{Export, Kind};

const READINGS: &str = include_str!("../../../docs/templates/readings-14-1.toml");
const GOROD: &str = include_str!("../../../docs/templates/gorod.toml");
const CENTRE: &str = include_str!("../../../docs/templates/settlement-centre.toml");

struct Desk {
    folder: TempDir,
    template: Template,
}

impl Desk {
    fn new(template: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), template: Template::parse(template).unwrap() }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn translate(&self, name: &str, text: &str) -> Result<Translated, String> {
        let (bytes, _, lossy) = self.template.encoding.codec().encode(text);
        assert!(!lossy);
        self.translate_bytes(name, &bytes)
    }

    fn translate_bytes(&self, name: &str, bytes: &[u8]) -> Result<Translated, String> {
        let file = self.folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        let exported_at = "2026-11-01T08:00:00+03:00".parse().unwrap();
        let asked = Translation { template: &self.template, file: &file, dir: &self.out(), period: None, exported_at };
        translate(&asked, &mut |_| {}).map_err(|refused| match refused {
            Refused::Faults(problems) => problems.to_string(),
            Refused::Disk(error) => panic!("{error}"),
        })
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.out().join(name)).unwrap()
    }
}

/// What the importer will read: every check of the register's own.
fn check(dir: &Path) {
    let export = Export::open(dir).unwrap();
    for entry in &export.manifest.files {
        export.verify(entry).unwrap();
    }
}

#[test]
fn rows_in_any_order_become_a_sorted_register_whatever_the_memory() {
    let desk = Desk::new(GOROD);
    let row = |n| format!("Иванов {n};ул. Мира, д. {n};36000000{:02};10.50;вода;0\n", (n * 7) % 20);
    let rows = (0..20).map(row).collect::<Vec<_>>().concat();
    let text = format!("#FILESUM 210.00\n#TYPE 7\n{rows}");
    let done = desk.translate("a.txt", &text).unwrap();
    assert_eq!(done, Translated { rows: 20, skipped: 0, faulty: 0, written: vec![(Kind::Accounts, 20)] });
    check(&desk.out());
    let accounts = desk.read("accounts.csv");
    let numbers: Vec<_> = accounts.lines().skip(1).map(|row| row.split(';').next().unwrap().to_owned()).collect();
    assert!(numbers.is_sorted() && numbers.len() == 20, "{accounts}");
    assert!(accounts.contains("3600000007;Иванов 1;ул. Мира, д. 1;"), "{accounts}");
    assert!(!desk.out().join("sorting").exists());
}

#[test]
fn a_row_for_every_service_is_one_account_and_closed_ones_are_skipped_but_counted_in_the_sum() {
    let desk = Desk::new(GOROD);
    let text = "#FILESUM 3.00\nИванов;Мира 1;1;1.00;вода;0\nПетров;Мира 2;2;1.00;вода;1\nИванов;Мира 1;1;1.00;газ;0\n";
    let done = desk.translate("a.txt", text).unwrap();
    assert_eq!((done.rows, done.skipped, done.written), (3, 1, vec![(Kind::Accounts, 1)]));
}

#[test]
fn rows_of_one_key_that_differ_are_told_in_one_chunk_and_across_chunks() {
    for apart in [0, 10] {
        let desk = Desk::new(GOROD);
        let between = (10..10 + apart).map(|n| format!("А;Б;{n};0;вода;0\n")).collect::<Vec<_>>().concat();
        let text = format!("#FILESUM 0\nИванов;Мира 1;1;0;вода;0\n{between}Петров;Мира 1;1;0;газ;0\n");
        let told = desk.translate("a.txt", &text).unwrap_err();
        assert!(told.contains("another row has the same number and says something else"), "{told}");
        assert!(!desk.out().exists(), "nothing is left of a file that was refused");
    }
}

#[test]
fn a_sum_that_is_not_the_rows_is_no_file() {
    let desk = Desk::new(GOROD);
    let row = "Иванов;Мира 1;1;1.00;вода;0\n";
    let told = desk.translate("a.txt", &format!("#FILESUM 2.00\n{row}")).unwrap_err();
    assert!(told.contains("the rows add up to 1.00, the file says 2.00"), "{told}");
    let told = desk.translate("a.txt", row).unwrap_err();
    assert!(told.contains("no line begins with \"#FILESUM\""), "{told}");
    let told = desk.translate("a.txt", &format!("#FILESUM a\n{row}")).unwrap_err();
    assert!(told.contains("line 1: \"a\" is no sum"), "{told}");
    assert!(!desk.out().exists());
}

#[test]
fn bytes_of_another_encoding_are_refused_before_names_become_gibberish() {
    let desk = Desk::new(GOROD);
    let told = desk.translate_bytes("a.txt", "#FILESUM 0\nИванов;Мира 1;1;0;вода;0\n".as_bytes()).unwrap_err();
    assert!(told.contains("its bytes are UTF-8"), "{told}");
}

#[test]
fn quotation_marks_and_byte_order_marks_are_taken_as_they_are_meant() {
    let template = GOROD.replace("windows-1251", "utf-8") + "\n";
    let template = template.replace("separator = \";\"", "separator = \";\"\nquotes = false");
    let desk = Desk::new(&template);
    let text = "\u{feff}#FILESUM 0\n\"Заря\" ООО;Мира 1;1;0;вода;0\nИванов;\"Мира 2;2;0;вода;0\n";
    let done = desk.translate_bytes("a.txt", text.as_bytes()).unwrap();
    assert_eq!(done.written, [(Kind::Accounts, 2)]);
    assert!(desk.read("accounts.csv").contains("1;\"\"\"Заря\"\" ООО\";Мира 1;"), "{}", desk.read("accounts.csv"));
}

#[test]
fn a_lost_quotation_mark_does_not_make_one_cell_of_the_file() {
    let desk = Desk::new(GOROD);
    let rows = "Иванов;Мира 1;1;0;вода;0\n".repeat(20_000);
    let told = desk.translate("a.txt", &format!("#FILESUM 0\n\"Петров;Мира;1;0;вода;0\n{rows}")).unwrap_err();
    assert!(told.contains("is a quotation mark lost?"), "{told}");
}

#[test]
fn packs_in_cp866_become_the_statements_of_the_month_in_the_name() {
    let desk = Desk::new(CENTRE);
    let row = |account, closing| format!("{account};0,00;{closing};;;;{closing};gas;Газ;10;куб.м;7,328\n");
    let text = format!(
        "=PACK;1\n=SUM;73,28\n{}=PACK;2\n=SUM;10,00\n{}",
        row("3600000002", "73,28"),
        row("3600000001", "10,00")
    );
    let done = desk.translate("voronezh-202610.txt", &text).unwrap();
    assert_eq!(done.written, [(Kind::Statements, 2), (Kind::StatementLines, 2)]);
    check(&desk.out());
    let export = Export::open(&desk.out()).unwrap();
    let entry = export.manifest.find(Kind::Statements, Some(YearMonth(202_610))).unwrap();
    assert_eq!(entry.total.as_deref(), Some("83.28"));
    assert!(
        desk.read(&entry.name).contains("3600000002;2026-10;0.00;73.28;0.00;0.00;0.00;73.28;;2026-11-01T05:00:00Z")
    );
    assert!(
        desk.read("statement_lines-2026-10.csv").contains("3600000001;1;gas;Газ;10;CUBIC_METRE;7.328;1;10.00;METER;")
    );

    let told = Desk::new(CENTRE).translate("voronezh-202613.txt", &text).unwrap_err();
    assert!(told.contains("the template expects \"{*}-{YYYYMM}.txt\""), "{told}");
}

#[test]
fn rows_that_are_faulty_are_left_out_and_listed_where_the_template_says_so() {
    let mut desk = Desk::new(READINGS);
    let text =
        "1|Иванов|5|A1|31.10.2026|12,5\n2|Петров|5|A2|31.13.2026|12,5\n3|Сидоров|5|A3\n4|Ёлкин|5|A4|31.10.2026|-1\n";
    let done = desk.translate("7701234567_40702_001_1026.txt", text).unwrap();
    assert_eq!((done.faulty, done.written), (3, vec![(Kind::Readings, 1)]));
    check(&desk.out());
    let faults = desk.read("faults.csv");
    let lines: Vec<_> = faults.lines().collect();
    assert!(lines[1].starts_with("2;taken_on;") && lines[1].contains("no date like %d.%m.%Y"), "{faults}");
    assert!(lines[2].starts_with("3;taken_on;") && lines[2].contains("none is the 5th"), "{faults}");
    assert!(lines[3].starts_with("4;value_single;negative"), "{faults}");

    desk = Desk {
        template: Template { faulty_row: FaultyRow::RefusesFile, ..desk.template.clone() },
        ..Desk::new(READINGS)
    };
    let told = desk.translate("7701234567_40702_001_1026.txt", text).unwrap_err();
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(!desk.out().exists());
}

#[test]
fn a_template_must_say_where_every_column_comes_from() {
    let missing = GOROD.replace("number = { column = 3 }", "");
    let told = Desk::new(&missing).translate("a.txt", "#FILESUM 0\n").unwrap_err();
    assert!(told.contains("does not say where number comes from"), "{told}");
    let unknown = GOROD.replace("number =", "nummer =");
    let told = Desk::new(&unknown).translate("a.txt", "#FILESUM 0\n").unwrap_err();
    assert!(told.contains("no column \"nummer\", known are number, holder_name"), "{told}");
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let desk = Desk::new(GOROD);
    fs::create_dir_all(desk.out()).unwrap();
    fs::write(desk.out().join("mine"), "").unwrap();
    let file = desk.folder.path().join("a.txt");
    fs::write(&file, "#FILESUM 0\n").unwrap();
    let exported_at = "2026-11-01T08:00:00+03:00".parse().unwrap();
    let asked = Translation { template: &desk.template, file: &file, dir: &desk.out(), period: None, exported_at };
    assert!(matches!(translate(&asked, &mut |_| {}), Err(Refused::Disk(_))));
    assert!(desk.out().join("mine").exists());
}
