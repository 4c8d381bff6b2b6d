//! Statements as the provider sent them.

use std::collections::HashMap;

use entity::exact::YearMonth;
use entity::ids::StatementId;
use entity::{statement, statement_line};

use super::{Billing, store};
use crate::accounts::AccountKey;
use crate::kernel::{Fault, Page, Slice};

/// Which statement is wanted: the one next to a period of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Neighbour {
    pub account: AccountKey,
    pub of: YearMonth,
    /// The one after it; else the one before.
    pub later: bool,
}

impl Billing {
    /// The newest statement of each account; LIMITED access shows none.
    pub async fn newest_statements(&self, accounts: &[AccountKey]) -> Result<Vec<statement::Model>, Fault> {
        let mut newest = store::list_newest_statements(self.db.read(), &full(accounts)).await?;
        newest.retain(|statement| {
            let own = accounts.iter().find(|account| account.id() == statement.personal_account_id);
            own.is_some_and(|account| account.since().shows_month(statement.period))
        });
        Ok(newest)
    }

    /// Statements of the accounts for the periods beside them.
    pub async fn find_statements(&self, wanted: &[(AccountKey, YearMonth)]) -> Result<Vec<statement::Model>, Fault> {
        let wanted: Vec<_> = wanted
            .iter()
            .filter(|(account, period)| account.is_full() && account.since().shows_month(*period))
            .map(|(account, period)| (account.id(), *period))
            .collect();
        store::find_statements(self.db.read(), &wanted).await
    }

    pub async fn find_statements_by_id(&self, ids: &[StatementId]) -> Result<Vec<statement::Model>, Fault> {
        store::find_statements_by_id(self.db.read(), ids).await
    }

    /// Newest first; history needs FULL access.
    pub async fn list_statements(
        &self,
        account: AccountKey,
        page: Page<YearMonth>,
    ) -> Result<Slice<statement::Model>, Fault> {
        if !account.is_full() {
            return Ok(Slice { items: Vec::new(), has_previous: false, has_next: false });
        }
        let rows = store::page_statements(self.db.read(), account.id(), account.since(), &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// The statements next to others in time, later or earlier, whatever months lie between.
    pub async fn neighbours(&self, wanted: &[Neighbour]) -> Result<HashMap<Neighbour, statement::Model>, Fault> {
        let full: Vec<_> = wanted.iter().filter(|one| one.account.is_full()).collect();
        if full.is_empty() {
            return Ok(HashMap::new());
        }
        let keys: Vec<_> = full.iter().map(|one| (one.account.id(), one.of, one.later)).collect();
        let found = store::list_neighbours(self.db.read(), &keys).await?;
        let nearest = |one: &&Neighbour| {
            let own = found.iter().filter(|statement| statement.personal_account_id == one.account.id());
            let own = own.filter(|statement| one.account.since().shows_month(statement.period));
            let nearest = if one.later {
                own.filter(|statement| statement.period > one.of).min_by_key(|statement| statement.period)
            } else {
                own.filter(|statement| statement.period < one.of).max_by_key(|statement| statement.period)
            };
            nearest.map(|statement| (**one, statement.clone()))
        };
        Ok(full.iter().filter_map(nearest).collect())
    }

    /// By month, both ends included; LIMITED access sees none.
    pub async fn statements_between(
        &self,
        account: AccountKey,
        from: YearMonth,
        to: YearMonth,
    ) -> Result<Vec<statement::Model>, Fault> {
        let mut found = store::list_statements_between(self.db.read(), &full(&[account]), from, to).await?;
        found.retain(|statement| account.since().shows_month(statement.period));
        found.sort_by_key(|statement| statement.period);
        Ok(found)
    }

    pub async fn list_lines(&self, statements: &[StatementId]) -> Result<Vec<statement_line::Model>, Fault> {
        store::list_lines(self.db.read(), statements).await
    }
}

fn full(accounts: &[AccountKey]) -> Vec<entity::ids::PersonalAccountId> {
    accounts.iter().filter(|account| account.is_full()).map(|account| account.id()).collect()
}
