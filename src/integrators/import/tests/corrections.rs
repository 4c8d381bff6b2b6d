//! Later issues of statements that are stored.

use entity::enums::LedgerEntryKind;
use entity::exact::Money;
use entity::{ledger_entry, statement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::*;

on_both_engines!(
    a_later_issue_of_the_newest_month_corrects_it_by_reversing_entries,
    a_correction_after_months_without_a_statement_keeps_what_was_paid_here_in_transit,
);

async fn a_later_issue_of_the_newest_month_corrects_it_by_reversing_entries(world: World) {
    let bills = [("0001", "0", "100", "0"), ("0002", "0", "7", "0")];
    world.load(&world.book("first").accounts(&["0001", "0002"]).month(202_609, &bills).seal()).await;
    pay_here(&world, "40", "2026-10-15T12:00:00Z").await;
    // 40 of the 50 were paid here.
    world
        .load(&world.book("second").month(202_610, &[("0001", "100", "30", "50"), ("0002", "7", "7", "0")]).seal())
        .await;
    assert_eq!(account_of(world.db(), "0001").await.balance, money("80"));
    let before = ledger(world.db(), "0001").await;

    // Issued a day later: 20 charged instead of 30, and only 45 seen.
    let issued_later = world.book("corrected").reissued();
    let dir = issued_later.month(202_610, &[("0001", "100", "20", "45"), ("0002", "7", "7", "0")]).seal();
    let report = world.load(&dir).await;
    assert_eq!(tally(&report, "statements-2026-10.csv"), (0, 1, 1), "the other account's says the same");
    let account = account_of(world.db(), "0001").await;
    assert_eq!((account.balance, account.in_transit), (money("75"), Money::ZERO));
    let after = ledger(world.db(), "0001").await;
    assert_eq!(after[..before.len()], before, "nothing is rewritten");
    let expected = [
        (LedgerEntryKind::Reversal, "-30.00"),
        (LedgerEntryKind::Reversal, "10.00"),
        (LedgerEntryKind::Charge, "20.00"),
        (LedgerEntryKind::Payment, "-5.00"),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(kind, amount)| (kind, amount.to_owned())).collect();
    assert_eq!(after[before.len()..], expected);
    let entries = ledger_entry::Entity::find().filter(ledger_entry::Column::PersonalAccountId.eq(account.id));
    let entries = entries.all(world.db().read()).await.unwrap();
    let taken_back: Vec<_> = entries.iter().filter_map(|entry| entry.reverses_id).collect();
    let brought = entries.iter().filter(|entry| (3..=4).contains(&entry.version)).map(|entry| entry.id);
    assert!(taken_back.len() == 2 && brought.into_iter().all(|id| taken_back.contains(&id)));
    let statements = statement::standing().filter(statement::Column::PersonalAccountId.eq(account.id));
    let statements = statements.all(world.db().read()).await.unwrap();
    let corrected: Vec<_> = statements.iter().filter(|statement| statement.corrected_at.is_some()).collect();
    assert!(statements.len() == 2 && corrected.len() == 1 && corrected[0].closing == money("75"));
    assert_eq!(Billing::new(&world.mechanisms).unbalanced_accounts(10).await.unwrap(), []);

    // The same once more changes nothing; the next month follows it; then it is no longer the newest.
    let stored = contents(world.db()).await;
    forget_imports(world.db()).await;
    world.load(&dir).await;
    assert_eq!(contents(world.db()).await, stored);
    world.load(&world.book("third").month(202_611, &[("0001", "75", "5", "0")]).seal()).await;
    assert_eq!(account_of(world.db(), "0001").await.balance, money("80"));
    let late = world.book("late").reissued().reissued().month(202_610, &[("0001", "100", "19", "45")]).seal();
    assert!(world.import(&late).await.refused());
}

async fn a_correction_after_months_without_a_statement_keeps_what_was_paid_here_in_transit(world: World) {
    world.load(&world.book("first").accounts(&["0001"]).month(202_606, &[("0001", "0", "100", "0")]).seal()).await;
    pay_here(&world, "100", "2026-07-10T12:00:00Z").await;
    pay_here(&world, "30", "2026-09-10T12:00:00Z").await;
    world.load(&world.book("second").month(202_609, &[("0001", "300", "50", "30")]).seal()).await;
    let account = account_of(world.db(), "0001").await;
    assert_eq!((account.balance, account.in_transit), (money("320"), Money::ZERO));
    // The provider had not seen the 30 after all.
    world.load(&world.book("corrected").reissued().month(202_609, &[("0001", "300", "50", "0")]).seal()).await;
    let account = account_of(world.db(), "0001").await;
    assert_eq!((account.balance, account.in_transit), (money("320"), money("30")));
    assert_eq!(Billing::new(&world.mechanisms).unbalanced_accounts(10).await.unwrap(), []);
}
