//! Tells a receipt of a provider's from a fake one: by where its code sends the money.

use chrono::NaiveDate;

use super::payment_qr::{Detail, Payee, Read, Verdict, differences};
use crate::accounts::{Provider, Terms};

/// What was found about a code.
#[derive(Clone, Debug)]
pub struct Check {
    pub verdict: Verdict,
    /// Whose receipt it is, or pretends to be.
    pub provider: Option<Provider>,
    /// Where it differs from what the provider wants today.
    pub differences: Vec<Detail>,
}

/// `candidates` are the providers that the code names in one way or another.
pub fn check(read: &Read, candidates: Vec<Provider>, today: NaiveDate) -> Check {
    let judged = candidates.into_iter().map(|provider| judge(read, provider, today));
    let none = Check { verdict: Verdict::UnknownPayee, provider: None, differences: Vec::new() };
    judged.min_by_key(|check| rank(check.verdict)).unwrap_or(none)
}

const fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Genuine => 0,
        Verdict::Outdated => 1,
        Verdict::Fake => 2,
        Verdict::UnknownPayee | Verdict::Unreadable => 3,
    }
}

fn judge(read: &Read, provider: Provider, today: NaiveDate) -> Check {
    let payee = |terms: &Terms| Payee::of(terms, &provider.row.name);
    let Some(current) = payee(provider.terms_on(today)) else {
        // It has not said where payments go: nothing can be compared.
        return Check { verdict: Verdict::UnknownPayee, provider: Some(provider), differences: Vec::new() };
    };
    let differences = differences(read, &current);
    let mut past = provider.history().filter(|terms| terms.valid_from <= today).filter_map(payee);
    let once = past.any(|once| super::payment_qr::differences(read, &once).is_empty());
    drop(past);
    let verdict = if differences.is_empty() {
        Verdict::Genuine
    } else if once {
        Verdict::Outdated
    } else {
        Verdict::Fake
    };
    Check { verdict, provider: Some(provider), differences }
}
