//! What LIMITED access does not show, and how to see it.

use async_graphql::SimpleObject;
use entity::enums::Locale;

use super::super::enums::AccessProofKind;
use crate::accounts::{AccountAccess, Terms};

/// A field of the account that the viewer's access does not show.
#[derive(Clone, Debug, SimpleObject)]
pub struct WithheldField {
    /// Its name in the schema, such as `holderName` or `meters.lastReading`.
    pub field: String,
    /// Why, in the reader's language.
    pub reason: String,
    /// What `proveAccountAccess` takes to show it; empty where the provider takes no proof.
    pub unlocked_by: Vec<AccessProofKind>,
}

/// What is withheld, and whether it would be of use to whoever wants to prove the access, or is personal.
const FIELDS: [(&str, Reason); 17] = [
    ("holderName", Reason::Personal),
    ("address", Reason::Personal),
    ("statement", Reason::History),
    ("statements", Reason::History),
    ("ledger", Reason::History),
    ("consumption", Reason::History),
    ("serviceChanges", Reason::History),
    ("usageCsvUrl", Reason::History),
    ("billsCsvUrl", Reason::History),
    ("chargesCsvUrl", Reason::History),
    ("outlook.dueOn", Reason::History),
    ("outlook.overdue", Reason::History),
    ("outlook.penalty", Reason::History),
    ("outlook.withoutReadings", Reason::History),
    ("meters.lastReading", Reason::Proof),
    ("meters.readings", Reason::Proof),
    ("meters.replacedBy.closing", Reason::Proof),
];

#[derive(Clone, Copy)]
enum Reason {
    Personal,
    History,
    Proof,
}

const fn words(reason: Reason, locale: Locale) -> &'static str {
    match (reason, locale) {
        (Reason::Personal, Locale::Ru) => "Личные данные владельца: адрес показан не полностью, имя не показано.",
        (Reason::Personal, Locale::En) => "Personal data of the holder: the address is masked, the name not shown.",
        (Reason::History, Locale::Ru) => "История счёта видна тому, кто подтвердил доступ.",
        (Reason::History, Locale::En) => "The account's history is shown to who has proved the access.",
        (Reason::Proof, Locale::Ru) => "Показаниями подтверждают доступ, поэтому без подтверждения они не видны.",
        (Reason::Proof, Locale::En) => "Readings prove the access, so they are not shown without a proof.",
    }
}

/// None with FULL access.
pub fn withheld(access: &AccountAccess, terms: &Terms, locale: Locale) -> Vec<WithheldField> {
    if access.is_full() {
        return Vec::new();
    }
    let proofs = entity::enums::AccessProofKind::list(&terms.access_proofs);
    let unlocked_by: Vec<AccessProofKind> = proofs.into_iter().map(Into::into).collect();
    let field = |(field, reason): (&str, Reason)| WithheldField {
        field: field.to_owned(),
        reason: words(reason, locale).to_owned(),
        unlocked_by: unlocked_by.clone(),
    };
    FIELDS.into_iter().map(field).collect()
}
