//! A register as bytes, and back. Pure.

use chrono::{DateTime, FixedOffset};
use entity::exact::Money;
use entity::ids::PaymentId;

use super::template::{Cell, Template};

/// A payment as a register tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub account: String,
    pub amount: Money,
    /// At the provider.
    pub paid_at: DateTime<FixedOffset>,
    pub payment: PaymentId,
}

/// What a file is about, for its name and its lines of control.
#[derive(Clone, Debug)]
pub struct Head {
    /// The provider's code.
    pub provider: String,
    pub inn: String,
    pub bank_account: String,
    pub number: i32,
    pub day: DateTime<FixedOffset>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub file_name: String,
    pub content: Vec<u8>,
    pub total: Money,
}

/// Why a file is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("bytes that are no text in the template's encoding")]
    Encoding,
    #[error("line {0} has not the template's columns")]
    Columns(usize),
    #[error("line {line}: \"{text}\" is no {what}")]
    Cell { line: usize, text: String, what: &'static str },
    #[error("the lines of control say otherwise: expected \"{expected}\"")]
    Control { expected: String },
}

/// What a row of a file that came back says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub line: usize,
    pub payment: PaymentId,
    pub amount: Money,
}

/// None when a text cannot be written in the template's encoding or has its separator in it.
pub fn write(template: &Template, head: &Head, rows: &[Row]) -> Option<Written> {
    let total: Money = rows.iter().map(|row| row.amount).sum();
    let words = |line: &str| fill(template, line, Some(head), rows.len(), total);
    let mut lines: Vec<String> = template.head.iter().map(|line| words(line)).collect();
    for row in rows {
        let cells: Vec<String> = template.row.iter().map(|cell| text(template, *cell, row)).collect();
        if cells.iter().any(|cell| cell.contains(&template.separator)) {
            return None;
        }
        lines.push(cells.join(&template.separator));
    }
    lines.extend(template.tail.iter().map(|line| words(line)));
    let whole: String = lines.iter().flat_map(|line| [line.as_str(), template.line_end.as_str()]).collect();
    let (content, _, unmappable) = template.encoding.codec().encode(&whole);
    // A name of a file takes no slashes, nor dots but its own.
    let day = head.day.format(&template.date.replace(['/', '.'], "-")).to_string();
    let file_name = words(&template.file_name.replace("{day}", &day));
    (!unmappable).then(|| Written { file_name, content: content.into_owned(), total })
}

fn fill(template: &Template, line: &str, head: Option<&Head>, count: usize, total: Money) -> String {
    let sum = total.to_string().replace('.', &template.decimal_point);
    let line = line.replace("{count}", &count.to_string()).replace("{total}", &sum);
    let Some(head) = head else { return line };
    let day = |format: &str| head.day.format(format).to_string();
    line.replace("{provider}", &head.provider)
        .replace("{inn}", &head.inn)
        .replace("{bank_account}", &head.bank_account)
        .replace("{number}", &format!("{:03}", head.number))
        .replace("{day}", &day(&template.date))
        .replace("{day3}", &day("%j"))
        .replace("{month}", &day("%m"))
        .replace("{year2}", &day("%y"))
}

fn text(template: &Template, cell: Cell, row: &Row) -> String {
    match cell {
        Cell::Account => row.account.clone(),
        Cell::Amount => row.amount.to_string().replace('.', &template.decimal_point),
        Cell::Date => row.paid_at.format(&template.date).to_string(),
        Cell::Time => row.paid_at.format("%H-%M-%S").to_string(),
        Cell::Month => row.paid_at.format("%m").to_string(),
        Cell::Year => row.paid_at.format("%Y").to_string(),
        Cell::Payment => row.payment.0.to_string(),
    }
}

/// Rows of a file in the template that a provider or a bank sends back. Number and sum must be those of the lines of control.
pub fn read(template: &Template, content: &[u8]) -> Result<Vec<Posted>, Unreadable> {
    let (whole, _, broken) = template.encoding.codec().decode(content);
    if broken {
        return Err(Unreadable::Encoding);
    }
    let lines: Vec<&str> = whole.lines().map(|line| line.trim_end_matches('\r')).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let (head, tail) = (template.head.len(), template.tail.len());
    let end = lines.len().checked_sub(tail).filter(|end| *end >= head).ok_or(Unreadable::Columns(lines.len()))?;
    let mut rows = Vec::new();
    for (place, line) in lines.iter().enumerate().take(end).skip(head) {
        rows.push(row(template, place + 1, line)?);
    }
    let total: Money = rows.iter().map(|row| row.amount).sum();
    let found = || lines.iter().take(head).chain(lines.iter().skip(end));
    for expected in template.head.iter().chain(&template.tail) {
        for word in ["{count}", "{total}"].into_iter().filter(|word| expected.contains(word)) {
            let value = fill(template, word, None, rows.len(), total);
            let apart = |letter: char| template.separator.contains(letter) || letter == ' ' || letter == '=';
            if !found().any(|line| line.split(apart).any(|cell| cell == value)) {
                return Err(Unreadable::Control { expected: format!("{word} {value}") });
            }
        }
    }
    Ok(rows)
}

fn row(template: &Template, line: usize, text: &str) -> Result<Posted, Unreadable> {
    let cells: Vec<&str> = text.split(template.separator.as_str()).collect();
    if cells.len() != template.row.len() {
        return Err(Unreadable::Columns(line));
    }
    let cell = |wanted: Cell| {
        let place = template.row.iter().position(|cell| *cell == wanted);
        place.and_then(|place| cells.get(place)).copied().unwrap_or_default()
    };
    let wrong = |text: &str, what| Unreadable::Cell { line, text: text.to_owned(), what };
    let amount = cell(Cell::Amount);
    let payment = cell(Cell::Payment);
    Ok(Posted {
        line,
        amount: amount.replace(&template.decimal_point, ".").parse().map_err(|_| wrong(amount, "sum"))?,
        payment: payment.parse().map(PaymentId).map_err(|_| wrong(payment, "id of a payment"))?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::template::{find, names};
    use super::*;

    fn head() -> Head {
        Head {
            provider: "gas".to_owned(),
            inn: "7701234567".to_owned(),
            bank_account: "40702810000000000001".to_owned(),
            number: 7,
            day: "2026-06-21T01:30:00+03:00".parse().unwrap(),
        }
    }

    fn rows() -> Vec<Row> {
        let row = |number: u128, account: &str, amount| Row {
            account: account.to_owned(),
            amount: Money(amount),
            paid_at: "2026-06-20T12:00:05+03:00".parse().unwrap(),
            payment: PaymentId(uuid::Uuid::from_u128(number)),
        };
        vec![row(1, "0001234567", 195_685), row(2, "А-2", 5)]
    }

    #[test]
    fn what_is_written_by_any_template_is_read_again() {
        for name in names() {
            let template = find(name).unwrap().unwrap();
            let written = write(&template, &head(), &rows()).unwrap();
            assert_eq!(written.total, Money(195_690), "{name}");
            let read = read(&template, &written.content).unwrap_or_else(|cause| panic!("{name}: {cause}"));
            let told: Vec<_> = read.iter().map(|row| (row.payment.0.as_u128(), row.amount)).collect();
            assert_eq!(told, [(1, Money(195_685)), (2, Money(5))], "{name}");
            assert!(!written.file_name.contains(['{', '}', '/']), "{}", written.file_name);
            assert_eq!(read_of_none(&template), Ok(Vec::new()), "{name}");
        }
    }

    fn read_of_none(template: &Template) -> Result<Vec<Posted>, Unreadable> {
        read(template, &write(template, &head(), &[]).unwrap().content)
    }

    #[test]
    fn names_encodings_and_control_sums_are_the_templates() {
        let written = |name: &str| write(&find(name).unwrap().unwrap(), &head(), &rows()).unwrap();
        let bank = written("sberbank");
        assert_eq!(bank.file_name, "7701234567_40702810000000000001_007_0626.txt");
        let (text, _, _) = encoding_rs::WINDOWS_1251.decode(&bank.content);
        let (first, rest) = text.split_once("\r\n").unwrap();
        assert_eq!(first, "=2;1956,90;21-06-2026;007");
        assert!(rest.contains("20-06-2026;12-00-05;А-2;0,05;"), "{rest}");
        assert!(!String::from_utf8_lossy(&bank.content).contains('А'), "not in UTF-8");
        let pack = written("settlement");
        assert_eq!(pack.file_name, "P007.172");
        assert!(encoding_rs::IBM866.decode(&pack.content).0.ends_with("T|2|1956.90\r\n"));
        let gorod = encoding_rs::WINDOWS_1251.decode(&written("gorod").content).0.into_owned();
        assert!(gorod.starts_with("#FILESUM 1956.90\r\n#TYPE 7\r\n#SERVICE gas\r\n#COUNT 2\r\n"), "{gorod}");
    }

    #[test]
    fn a_file_that_is_not_whole_is_refused_as_a_whole() {
        let template = find("csv").unwrap().unwrap();
        let content = String::from_utf8(write(&template, &head(), &rows()).unwrap().content).unwrap();
        let of = |text: String| read(&template, text.as_bytes());
        assert!(matches!(of(content.replace("0.05", "0.06")), Err(Unreadable::Control { .. })));
        assert!(matches!(of(content.replace("#TOTAL;2", "#TOTAL;3")), Err(Unreadable::Control { .. })));
        let cut = content.find("0.05").unwrap();
        assert!(of(content[..cut].to_owned()).is_err(), "cut off");
        assert!(matches!(of(content.replace("0.05;", "0.05;x;")), Err(Unreadable::Columns(3))));
        assert!(matches!(of(content.replace("0.05", "five")), Err(Unreadable::Cell { line: 3, .. })));
        assert_eq!(read(&template, &[0xff, 0xfe, 0x00]), Err(Unreadable::Encoding));
        let account = Row { account: "1;2".to_owned(), ..rows()[0].clone() };
        assert_eq!(write(&template, &head(), &[account]), None, "the separator in a cell");
    }
}
