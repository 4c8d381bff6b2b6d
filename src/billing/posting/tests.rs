//! The rules by example, and on generated histories of statements, corrections and payments.

use super::*;
use proptest::prelude::*;

const EMPTY: LedgerPosition = LedgerPosition { balance: Money::ZERO, in_transit: Money::ZERO, version: 0 };
const JUNE: YearMonth = YearMonth(202_606);

fn statement(period: YearMonth, opening: i64, accrued: i64, paid: i64) -> StatementFigures {
    let money = |amount| Money(amount);
    StatementFigures {
        period,
        opening: money(opening),
        accrued: money(accrued),
        recalculated: Money::ZERO,
        penalty: Money::ZERO,
        paid: money(paid),
        closing: money(opening + accrued - paid),
    }
}

fn append(position: LedgerPosition, newest: Option<(YearMonth, Money)>, next: &StatementFigures) -> Posting {
    post_statement(position, &KnownStatements { newest, ..Default::default() }, next).unwrap()
}

fn kinds(posting: &Posting) -> Vec<(LedgerEntryKind, i64)> {
    match posting {
        Posting::Append { entries, .. } => entries.iter().map(|entry| (entry.kind, entry.amount.0)).collect(),
        Posting::AlreadyStored => vec![],
    }
}

#[test]
fn the_first_statement_opens_the_ledger() {
    let posting = append(EMPTY, None, &statement(JUNE, 100, 50, 30));
    assert_eq!(
        kinds(&posting),
        [(LedgerEntryKind::Opening, 100), (LedgerEntryKind::Charge, 50), (LedgerEntryKind::Payment, -30)]
    );
    assert_eq!(kinds(&append(EMPTY, None, &statement(JUNE, 0, 0, 0))), []);
}

#[test]
fn money_paid_here_is_not_counted_again_when_the_provider_shows_it() {
    let paid_here = LedgerPosition { balance: Money(60), in_transit: Money(40), version: 7 };
    let newest = Some((JUNE, Money(100)));
    let shown = append(paid_here, newest, &statement(JUNE.next(), 100, 50, 65));
    assert_eq!(kinds(&shown), [(LedgerEntryKind::Charge, 50), (LedgerEntryKind::Payment, -25)]);

    let not_yet = append(paid_here, newest, &statement(JUNE.next(), 100, 50, 0));
    let after = LedgerPosition { balance: Money(110), in_transit: Money(40), version: 8 };
    assert!(matches!(not_yet, Posting::Append { after: found, .. } if found == after));
}

#[test]
fn a_statement_shows_nothing_that_was_paid_after_it_was_issued() {
    // 100 paid here on 22 July; the statement of 1 July shows 50 that the post office took.
    let position = LedgerPosition { balance: Money(100), in_transit: Money(100), version: 7 };
    let paid_here = PaidHere { since_period: Money(100), since_issue: Money(100) };
    let known = KnownStatements { newest: Some((JUNE, Money(200))), paid_here, ..Default::default() };
    let posting = post_statement(position, &known, &statement(JUNE.next(), 200, 100, 50)).unwrap();
    assert_eq!(kinds(&posting), [(LedgerEntryKind::Charge, 100), (LedgerEntryKind::Payment, -50)]);
    let after = LedgerPosition { balance: Money(150), in_transit: Money(100), version: 9 };
    assert!(matches!(posting, Posting::Append { after: found, .. } if found == after));
}

#[test]
fn after_a_gap_money_paid_here_before_the_period_is_no_longer_in_transit() {
    let position = LedgerPosition { balance: Money(-30), in_transit: Money(130), version: 7 };
    // 100 of it before September, 30 after its statement.
    let paid_here = PaidHere { since_period: Money(30), since_issue: Money(30) };
    let known = KnownStatements { newest: Some((JUNE, Money(100))), paid_here, ..Default::default() };
    let posting = post_statement(position, &known, &statement(YearMonth(202_609), 300, 50, 0)).unwrap();
    assert!(matches!(posting, Posting::Append { after, .. }
        if (after.balance, after.in_transit) == (Money(320), Money(30))));
}

#[test]
fn money_paid_here_before_the_first_statement_survives_it() {
    let paid_here = LedgerPosition { balance: Money(-40), in_transit: Money(40), version: 1 };
    let posting = append(paid_here, None, &statement(JUNE, 100, 0, 0));
    assert_eq!(kinds(&posting), [(LedgerEntryKind::Opening, 100)]);
    assert!(matches!(posting, Posting::Append { after, .. } if after.balance == Money(60)));
}

#[test]
fn a_gap_of_months_becomes_an_adjustment_and_a_broken_chain_is_refused() {
    let position = LedgerPosition { balance: Money(100), in_transit: Money::ZERO, version: 3 };
    let newest = Some((JUNE, Money(100)));
    let posting = append(position, newest, &statement(YearMonth(202_609), 70, 10, 0));
    assert_eq!(kinds(&posting), [(LedgerEntryKind::Adjustment, -30), (LedgerEntryKind::Charge, 10)]);

    let known = KnownStatements { newest, ..Default::default() };
    let broken = post_statement(position, &known, &statement(JUNE.next(), 70, 10, 0));
    assert_eq!(broken, Err(PostingRefusal::BreaksTheChain { closing: Money(100) }));
}

#[test]
fn the_past_is_not_rewritten() {
    let stored = statement(JUNE, 0, 100, 0);
    let position = LedgerPosition { balance: Money(100), in_transit: Money::ZERO, version: 1 };
    let known = KnownStatements { newest: Some((JUNE, Money(100))), same_period: Some(stored), ..Default::default() };
    assert_eq!(post_statement(position, &known, &stored), Ok(Posting::AlreadyStored));
    let other = statement(JUNE, 0, 90, 0);
    assert_eq!(post_statement(position, &known, &other), Err(PostingRefusal::OtherFigures));

    let known = KnownStatements { same_period: None, ..known };
    let older = post_statement(position, &known, &statement(JUNE.previous(), 0, 5, 0));
    assert_eq!(older, Err(PostingRefusal::OlderThanNewest { newest: JUNE }));
}

#[test]
fn a_ledger_that_left_the_statements_is_refused() {
    let position = LedgerPosition { balance: Money(99), in_transit: Money::ZERO, version: 1 };
    let known = KnownStatements { newest: Some((JUNE, Money(100))), ..Default::default() };
    let refused = post_statement(position, &known, &statement(JUNE.next(), 100, 0, 0));
    assert_eq!(refused, Err(PostingRefusal::LedgerDiffers { balance: Money(99), expected: Money(100) }));
}

#[test]
fn a_statement_that_does_not_add_up_is_refused() {
    let wrong = StatementFigures { closing: Money(1), ..statement(JUNE, 0, 0, 0) };
    let refused = post_statement(EMPTY, &KnownStatements::default(), &wrong);
    assert_eq!(refused, Err(PostingRefusal::DoesNotAddUp { expected: Money::ZERO }));
}

#[test]
fn a_later_issue_takes_every_entry_back_and_is_posted_as_if_it_came_first() {
    let newest = Some((JUNE, Money(100)));
    let paid_here = LedgerPosition { balance: Money(60), in_transit: Money(40), version: 7 };
    // 65 paid in all, 40 of it here: 25 elsewhere.
    let Posting::Append { entries, after } = append(paid_here, newest, &statement(JUNE.next(), 100, 50, 65)) else {
        unreachable!()
    };
    let posted = posted(&entries, Money(65));
    let known = KnownStatements { newest, ..Default::default() };
    let later = statement(JUNE.next(), 100, 30, 10);
    let corrected = correct_statement(after, &known, &posted, &later).unwrap();
    let expected = [(LedgerEntryKind::Reversal, -50), (LedgerEntryKind::Reversal, 25), (LedgerEntryKind::Charge, 30)];
    assert_eq!(kinds(&corrected), expected);
    let Posting::Append { entries, after } = corrected else { unreachable!() };
    assert_eq!(entries.iter().filter_map(|entry| entry.reverses).collect::<Vec<_>>(), [id(8), id(9)]);
    // Owed 120 by the statement, and 30 of the 40 paid here are not shown any more.
    assert_eq!(after, LedgerPosition { balance: Money(90), in_transit: Money(30), version: 12 });
}

#[test]
fn a_withdrawn_statement_leaves_what_was_paid_here_since_and_what_came_before() {
    let newest = Some((JUNE, Money(100)));
    let paid_here = LedgerPosition { balance: Money(60), in_transit: Money(40), version: 7 };
    let Posting::Append { entries, after } = append(paid_here, newest, &statement(JUNE.next(), 100, 50, 65)) else {
        unreachable!()
    };
    // 10 more are paid here, then the statement is taken back.
    let since = LedgerPosition { balance: Money(75), in_transit: Money(10), version: 10 };
    assert_eq!((after.balance, after.version), (Money(85), 9));
    let (back, left) = withdraw_statement(since, &posted(&entries, Money(65)), Some(Money(100)));
    let amounts: Vec<_> = back.iter().map(|entry| (entry.kind, entry.amount.0, entry.balance_after.0)).collect();
    assert_eq!(amounts, [(LedgerEntryKind::Reversal, -50, 25), (LedgerEntryKind::Reversal, 25, 50)]);
    assert_eq!(left, LedgerPosition { balance: Money(50), in_transit: Money(50), version: 12 });
}

#[test]
fn what_a_statement_after_a_gap_took_for_shown_is_in_transit_again() {
    let position = LedgerPosition { balance: Money(-30), in_transit: Money(130), version: 7 };
    let paid_here = PaidHere { since_period: Money(30), since_issue: Money(30) };
    let known = KnownStatements { newest: Some((JUNE, Money(100))), paid_here, ..Default::default() };
    let september = statement(YearMonth(202_609), 300, 50, 0);
    let Ok(Posting::Append { entries, after }) = post_statement(position, &known, &september) else { unreachable!() };
    let (_, left) = withdraw_statement(after, &posted(&entries, Money::ZERO), Some(Money(100)));
    assert_eq!((left.balance, left.in_transit), (Money(-30), Money(130)));
}

fn id(version: i64) -> LedgerEntryId {
    LedgerEntryId(uuid::Uuid::from_u128(u128::try_from(version).unwrap()))
}

fn posted(entries: &[NewEntry], paid: Money) -> Posted {
    let own = entries.iter().filter(|entry| entry.kind != LedgerEntryKind::Reversal);
    Posted { entries: own.map(|entry| (id(entry.version), entry.kind, entry.amount)).collect(), paid }
}

/// `KABINET_HISTORIES=100000` for as many generated histories; some without it.
fn histories() -> ProptestConfig {
    let wanted = std::env::var("KABINET_HISTORIES").ok().and_then(|wanted| wanted.parse().ok());
    ProptestConfig::with_cases(wanted.unwrap_or(256))
}

proptest! {
    #![proptest_config(histories())]

    /// Months of statements with payments and refunds made here in between, shown by the provider sooner or later.
    #[test]
    fn the_balance_is_the_sum_of_the_ledger_and_what_the_provider_says_less_what_is_in_transit(
        opening in -50_000_i64..50_000,
        months in prop::collection::vec(
            (
                (0_i64..30_000, -9_000_i64..9_000, 0_i64..900, -20_000_i64..40_000, -5_000_i64..20_000, 0_usize..3),
                // A later issue of the month: what is charged and paid otherwise.
                prop::option::of((-3_000_i64..3_000, -3_000_i64..3_000)),
            ),
            1..24,
        ),
    ) {
        let (mut position, mut newest, mut period, mut closing) = (EMPTY, None, JUNE, opening);
        let mut sum = Money::ZERO;
        for ((accrued, recalculated, penalty, paid, paid_here, skipped), later) in months {
            (0..skipped).for_each(|_| period = period.next());
            let next = StatementFigures {
                recalculated: Money(recalculated),
                penalty: Money(penalty),
                closing: Money(closing + accrued + recalculated + penalty - paid),
                ..statement(period, closing, accrued, paid)
            };
            let Posting::Append { entries, after } = append(position, newest, &next) else { unreachable!() };
            prop_assert_eq!(after.balance, next.closing - after.in_transit);
            for (entry, version) in entries.iter().zip(position.version + 1..) {
                sum += entry.amount;
                prop_assert_eq!((entry.version, entry.balance_after), (version, sum));
                prop_assert!(!entry.amount.is_zero());
            }
            prop_assert_eq!(after.version, entries.last().map_or(position.version, |last| last.version));
            let first = posted(&entries, next.paid);
            // Withdrawn, it leaves everything as it was.
            let (back, withdrawn) = withdraw_statement(after, &first, newest.map(|(_, closing)| closing));
            prop_assert_eq!(withdrawn.balance, position.balance);
            prop_assert_eq!(withdrawn.in_transit, position.in_transit);
            prop_assert_eq!(back.len(), entries.len());
            // A payment (or a refund) made here between two statements.
            sum -= Money(paid_here);
            position = LedgerPosition {
                balance: sum,
                in_transit: after.in_transit + Money(paid_here),
                version: after.version + 1,
            };
            let mut last = next;
            if let Some((charged_more, paid_more)) = later {
                last.accrued += Money(charged_more);
                last.paid += Money(paid_more);
                last.closing += Money(charged_more - paid_more);
                let since = Money(paid_here);
                let paid_here = PaidHere { since_period: since, since_issue: Money::ZERO };
                let known = KnownStatements { newest, paid_here, ..Default::default() };
                let corrected = correct_statement(position, &known, &first, &last);
                let Ok(Posting::Append { entries, after }) = corrected else { panic!("{corrected:?}") };
                prop_assert_eq!(after.balance, last.closing - after.in_transit);
                for (entry, version) in entries.iter().zip(position.version + 1..) {
                    sum += entry.amount;
                    prop_assert_eq!((entry.version, entry.balance_after), (version, sum));
                }
                // What was taken back and what takes it back are nothing together.
                let back = entries.iter().filter(|entry| entry.reverses.is_some()).map(|entry| entry.amount);
                let taken = first.entries.iter().map(|(_, _, amount)| *amount);
                prop_assert_eq!(back.sum::<Money>(), -taken.sum::<Money>());
                position = after;
            }
            (newest, closing, period) = (Some((period, last.closing)), last.closing.0, period.next());
        }
    }
}
