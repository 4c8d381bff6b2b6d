//! The code on a receipt that banks' apps read (GOST R 56042-2014): writing it, and reading what others wrote.
//!
//! `ST`, the version `0001`, one digit for the encoding, one separator, then `Key=Value`. `Sum` is in kopecks.
//! `PersonalAcc` is the payee's bank account, `PersAcc` the payer's number at the payee.

use entity::exact::{Money, YearMonth};
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, QRBuilder, QRCode};

use crate::accounts::Terms;

const HEAD: &str = "ST0001";
/// Values in UTF-8.
const UTF_8: char = '2';
/// By preference: the first that stands in no value.
const SEPARATORS: [char; 5] = ['|', '~', '^', '#', ';'];
/// Bytes. A code that holds more than this is read by no phone.
const LONGEST: usize = 2000;

/// Who is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payee {
    pub name: String,
    pub inn: String,
    pub kpp: Option<String>,
    pub bank_name: String,
    pub bic: String,
    /// 20 digits.
    pub account: String,
    pub correspondent_account: String,
}

/// What is to be paid for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    pub payee: Payee,
    /// The payer's number at the payee.
    pub number: String,
    /// None: the payer chooses. Above zero.
    pub sum: Option<Money>,
    pub period: Option<YearMonth>,
    pub purpose: String,
}

impl Payee {
    /// None where the provider has not said where payments go. `name` is its own, where the bank knows no other.
    pub fn of(terms: &Terms, name: &str) -> Option<Self> {
        let terms = terms.clone();
        Some(Self {
            name: terms.payee_name.unwrap_or_else(|| name.to_owned()),
            inn: terms.inn?,
            kpp: terms.kpp,
            bank_name: terms.bank_name?,
            bic: terms.bic?,
            account: terms.bank_account?,
            correspondent_account: terms.correspondent_account?,
        })
    }
}

impl Bill {
    /// With a purpose that a clerk can read: the payee books by it when the rest fails.
    pub fn new(payee: Payee, number: &str, sum: Option<Money>, period: Option<YearMonth>) -> Self {
        let of_month = period.map(|period| format!(" за {:02}.{}", period.0 % 100, period.0 / 100)).unwrap_or_default();
        let purpose = format!("Оплата по лицевому счёту {number}{of_month}");
        Self { payee, number: number.to_owned(), sum, period, purpose }
    }
}

/// The code of a bill: the text, and its picture as SVG. None of a bill whose text fits into no code.
pub fn picture(bill: &Bill) -> Option<(String, String)> {
    let text = text(bill)?;
    let svg = SvgBuilder::default().to_str(&code(&text)?);
    Some((text, svg))
}

/// The dark modules of the code, row by row.
pub fn modules(bill: &Bill) -> Option<Vec<Vec<bool>>> {
    let code = code(&text(bill)?)?;
    let row = |row: usize| std::ops::Index::index(&code, row).iter().map(|module| module.value()).collect();
    Some((0..code.size).map(row).collect())
}

/// Level M: paper is folded and stained.
fn code(text: &str) -> Option<QRCode> {
    QRBuilder::new(text).ecl(ECL::M).build().ok()
}

/// The text of the code, in UTF-8; none where every separator stands in a value.
pub fn text(bill: &Bill) -> Option<String> {
    let payee = &bill.payee;
    let sum = bill.sum.map(|sum| sum.0.to_string());
    let period = bill.period.map(|period| format!("{:02}{}", period.0 % 100, period.0 / 100));
    // The five that must be there come first, in this order.
    let pairs = [
        ("Name", Some(&payee.name)),
        ("PersonalAcc", Some(&payee.account)),
        ("BankName", Some(&payee.bank_name)),
        ("BIC", Some(&payee.bic)),
        ("CorrespAcc", Some(&payee.correspondent_account)),
        ("PayeeINN", Some(&payee.inn)),
        ("KPP", payee.kpp.as_ref()),
        ("PersAcc", Some(&bill.number)),
        ("PaymPeriod", period.as_ref()),
        ("Sum", sum.as_ref()),
        ("Purpose", Some(&bill.purpose)),
    ];
    let pairs: Vec<_> = pairs.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let separator =
        SEPARATORS.into_iter().find(|separator| !pairs.iter().any(|(_, value)| value.contains(*separator)))?;
    let pairs = pairs.into_iter().map(|(key, value)| format!("{separator}{key}={value}"));
    Some(format!("{HEAD}{UTF_8}{}", pairs.collect::<String>()))
}

/// What a code says. Nothing of it is checked: anybody prints what he likes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub name: Option<String>,
    pub inn: Option<String>,
    pub kpp: Option<String>,
    pub bic: Option<String>,
    pub account: Option<String>,
    pub correspondent_account: Option<String>,
    pub number: Option<String>,
    pub sum: Option<Money>,
    pub period: Option<YearMonth>,
}

/// Takes what is seen in the wild: keys in any case, any separator, an equals sign in a value, periods as MMYYYY, YYYYMM or
/// MM.YYYY. None of a text that is no such code.
pub fn read(text: &str) -> Option<Read> {
    let text = text.trim().trim_start_matches('\u{feff}');
    let rest = text.get(..HEAD.len()).filter(|head| head.eq_ignore_ascii_case(HEAD)).and(text.get(HEAD.len()..))?;
    if text.len() > LONGEST {
        return None;
    }
    let mut letters = rest.chars();
    let encoding = letters.next().filter(char::is_ascii_digit);
    let separator = letters.next().filter(|letter| !letter.is_alphanumeric());
    let (_, separator) = encoding.zip(separator)?;
    let mut read = Read::default();
    for (key, value) in letters.as_str().split(separator).filter_map(|pair| pair.split_once('=')) {
        let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        match key.trim().to_ascii_lowercase().as_str() {
            "name" => read.name = value,
            "payeeinn" => read.inn = value,
            "kpp" => read.kpp = value,
            "bic" => read.bic = value,
            "personalacc" => read.account = value,
            "correspacc" => read.correspondent_account = value,
            "persacc" => read.number = value,
            "sum" => {
                read.sum = value.and_then(|kopecks| kopecks.parse::<i64>().ok()).filter(|sum| *sum >= 0).map(Money);
            }
            "paymperiod" => read.period = value.as_deref().and_then(period),
            _ => {}
        }
    }
    Some(read)
}

fn period(text: &str) -> Option<YearMonth> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let (first, last) = (digits.get(..2)?, digits.get(digits.len().checked_sub(2)?..)?);
    let candidates = [(digits.get(2..)?, first), (digits.get(..digits.len().checked_sub(2)?)?, last)];
    let year_and_month = |(year, month): &(&str, &str)| {
        let fits = |text: &str, range: std::ops::RangeInclusive<i32>| {
            text.parse::<i32>().ok().filter(|number| range.contains(number))
        };
        Some(YearMonth(fits(year, 2000..=2099)? * 100 + fits(month, 1..=12)?))
    };
    candidates.iter().find_map(year_and_month).filter(|_| digits.len() == 6)
}

/// What a payee's details say about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Money goes where the provider wants it.
    Genuine,
    /// To where the provider wanted it once.
    Outdated,
    /// It names a provider, and the money goes elsewhere.
    Fake,
    /// It names nobody whom kabinet knows.
    UnknownPayee,
    /// It is no payment code.
    Unreadable,
}

/// A detail that decides where money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    Inn,
    Bic,
    Account,
    CorrespondentAccount,
}

/// Where the code differs from the payee. Money goes by account and bank; a code may leave out the rest.
pub fn differences(read: &Read, payee: &Payee) -> Vec<Detail> {
    let other = |found: &Option<String>, wanted: &str| found.as_deref().is_some_and(|found| found != wanted);
    let missing_or_other = |found: &Option<String>, wanted: &str| found.as_deref() != Some(wanted);
    [
        (Detail::Inn, other(&read.inn, &payee.inn)),
        (Detail::Bic, missing_or_other(&read.bic, &payee.bic)),
        (Detail::Account, missing_or_other(&read.account, &payee.account)),
        (Detail::CorrespondentAccount, other(&read.correspondent_account, &payee.correspondent_account)),
    ]
    .into_iter()
    .filter_map(|(detail, differs)| differs.then_some(detail))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bill() -> Bill {
        Bill {
            payee: Payee {
                name: "ООО «Газ»".into(),
                inn: "7700000000".into(),
                kpp: Some("770001001".into()),
                bank_name: "Учебный банк (АО)".into(),
                bic: "044525000".into(),
                account: "40702810000000000001".into(),
                correspondent_account: "30101810000000000000".into(),
            },
            number: "0000000042".into(),
            sum: Some(Money(195_685)),
            period: Some(YearMonth(202_605)),
            purpose: "Газ, л/с 0000000042".into(),
        }
    }

    #[test]
    fn a_code_has_the_order_of_the_standard_and_its_sum_in_kopecks() {
        let expected = "ST00012|Name=ООО «Газ»|PersonalAcc=40702810000000000001|BankName=Учебный банк (АО)|BIC=044525000\
            |CorrespAcc=30101810000000000000|PayeeINN=7700000000|KPP=770001001|PersAcc=0000000042|PaymPeriod=052026\
            |Sum=195685|Purpose=Газ, л/с 0000000042";
        assert_eq!(text(&bill()).as_deref(), Some(expected));
        let barred = Bill { purpose: "a|b".into(), ..bill() };
        assert!(text(&barred).unwrap().starts_with("ST00012~Name="), "another separator");
        assert_eq!(text(&Bill { purpose: "|~^#;".into(), ..bill() }), None);
    }

    #[test]
    fn what_is_written_is_read() {
        let read = read(&text(&bill()).unwrap()).unwrap();
        assert_eq!((read.sum, read.period), (Some(Money(195_685)), Some(YearMonth(202_605))));
        assert_eq!(read.number.as_deref(), Some("0000000042"));
        assert_eq!(differences(&read, &bill().payee), []);
    }

    #[test]
    fn codes_as_they_are_seen_in_the_wild_are_read() {
        for (written, expected) in [
            ("052026", Some(202_605)),
            ("202605", Some(202_605)),
            ("05.2026", Some(202_605)),
            ("202013", None),
            ("122020", Some(202_012)),
            ("2026", None),
            ("", None),
        ] {
            let found = read(&format!("ST00011~NAME=A~personalacc=1~PAYMPERIOD={written}~sum=12=")).unwrap();
            assert_eq!(found.period, expected.map(YearMonth), "{written}");
            assert_eq!((found.name.as_deref(), found.account.as_deref(), found.sum), (Some("A"), Some("1"), None));
        }
        assert_eq!(read("ST00012|Purpose=a=b|Name=c=d").unwrap().name.as_deref(), Some("c=d"));
        for text in
            ["", "ST0001", "ST00012", "ST0001A|Name=1", "ST00012aName=1", "https://qr.nspk.ru/AS1", "ДТ00012|Name=1"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&format!("ST00012|Name={}", "x".repeat(3000))), None);
    }

    #[test]
    fn a_picture_is_made_of_the_text() {
        let (written, svg) = picture(&bill()).unwrap();
        assert_eq!(Some(written), text(&bill()));
        assert!(svg.starts_with("<svg"));
        let rows = modules(&bill()).unwrap();
        assert!(rows.len() % 4 == 1 && rows.iter().all(|row| row.len() == rows.len()));
        assert!(rows[0][..7].iter().all(|dark| *dark), "the finder pattern");
    }

    #[test]
    fn a_sum_is_never_negative() {
        assert_eq!(read("ST00012|Sum=-5").unwrap().sum, None);
    }

    #[test]
    fn every_detail_that_leads_the_money_elsewhere_is_named() {
        let payee = bill().payee;
        let good = read(&text(&bill()).unwrap()).unwrap();
        let fake = Read { account: Some("40817810000000000666".into()), bic: Some("044525999".into()), ..good.clone() };
        assert_eq!(differences(&fake, &payee), [Detail::Bic, Detail::Account]);
        let bare = Read { inn: None, correspondent_account: None, ..good.clone() };
        assert_eq!(differences(&bare, &payee), [], "what is optional may be missing");
        assert_eq!(differences(&Read { account: None, ..good }, &payee), [Detail::Account]);
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics_and_writing_is_read_back(text in ".{0,60}", name in "[^=]{1,30}", sum in 0_i64..i64::MAX) {
            let _ = read(&format!("ST00012{text}"));
            let mut written = bill();
            written.payee.name = name.trim().to_owned();
            written.sum = Some(Money(sum));
            if let Some(code) = super::text(&written) {
                let found = read(&code).unwrap();
                proptest::prop_assert_eq!(found.sum, Some(Money(sum)));
                proptest::prop_assert_eq!(found.name.unwrap_or_default(), written.payee.name);
            }
        }
    }
}
