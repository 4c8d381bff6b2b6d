//! What a person accepts at registration, and again when a text changes. Consent to the processing of personal data is a document of its own
//! (152-ФЗ as changed by 156-ФЗ, since 2025-09-01). A change of a text is a new version.

mod acceptance;

use entity::agreement_acceptance;
use entity::enums::{AgreementKind, Locale};

#[derive(Debug)]
pub struct Agreement {
    pub kind: AgreementKind,
    pub version: &'static str,
    titles: [&'static str; 2],
    texts: [&'static str; 2],
}

/// Those in force; all of them must be accepted.
pub const IN_FORCE: &[Agreement] = &[
    Agreement {
        kind: AgreementKind::UserAgreement,
        version: "2026-11-01",
        titles: ["Пользовательское соглашение", "User agreement"],
        texts: [include_str!("user_agreement.ru.txt"), include_str!("user_agreement.en.txt")],
    },
    Agreement {
        kind: AgreementKind::PersonalDataConsent,
        version: "2026-11-01",
        titles: ["Согласие на обработку персональных данных", "Consent to the processing of personal data"],
        texts: [include_str!("personal_data_consent.ru.txt"), include_str!("personal_data_consent.en.txt")],
    },
];

impl Agreement {
    /// Names the text and its version: what a person ticks.
    pub fn id(&self) -> String {
        format!("{}@{}", self.kind.word(), self.version)
    }

    pub fn title(&self, locale: Locale) -> &'static str {
        in_language(self.titles, locale)
    }

    pub fn text(&self, locale: Locale) -> &'static str {
        in_language(self.texts, locale)
    }
}

fn in_language([ru, en]: [&'static str; 2], locale: Locale) -> &'static str {
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}

/// The agreements in force when every one of them is among the ids.
pub fn all_accepted(ids: &[String]) -> Option<Vec<&'static Agreement>> {
    IN_FORCE.iter().map(|agreement| ids.contains(&agreement.id()).then_some(agreement)).collect()
}

/// Those that a person has not accepted in the version in force: older acceptances do not count.
pub fn pending<'a>(in_force: &'a [Agreement], accepted: &[agreement_acceptance::Model]) -> Vec<&'a Agreement> {
    let has = |agreement: &&Agreement| {
        accepted.iter().any(|row| row.kind == agreement.kind && row.version == agreement.version)
    };
    in_force.iter().filter(|agreement| !has(agreement)).collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use entity::ids::{AgreementAcceptanceId, TypedId, UserId};
    use uuid::Uuid;

    use super::*;

    fn document(kind: AgreementKind, version: &'static str) -> Agreement {
        Agreement { kind, version, titles: [""; 2], texts: [""; 2] }
    }

    fn accepted(kind: AgreementKind, version: &str) -> agreement_acceptance::Model {
        agreement_acceptance::Model {
            id: AgreementAcceptanceId::from_uuid(Uuid::nil()),
            user_id: UserId::from_uuid(Uuid::nil()),
            kind,
            version: version.to_owned(),
            accepted_at: DateTime::UNIX_EPOCH,
            address: String::new(),
        }
    }

    #[test]
    fn a_document_is_asked_again_when_its_version_changes_and_only_then() {
        use AgreementKind::{PersonalDataConsent as Consent, UserAgreement as Terms};
        let (old, new) = ("2026-11-01", "2027-02-01");
        let in_force = [document(Terms, new), document(Consent, old)];
        let asked = |rows: &[agreement_acceptance::Model]| -> Vec<String> {
            pending(&in_force, rows).iter().map(|agreement| agreement.id()).collect()
        };
        let (terms, consent) = ("USER_AGREEMENT@2027-02-01", "PERSONAL_DATA_CONSENT@2026-11-01");
        assert_eq!(asked(&[]), [terms, consent]);
        assert_eq!(asked(&[accepted(Terms, old), accepted(Consent, old)]), [terms]);
        assert_eq!(asked(&[accepted(Terms, old), accepted(Consent, old), accepted(Terms, new)]), Vec::<String>::new());
        assert_eq!(asked(&[accepted(Consent, new), accepted(Terms, new)]), [consent], "a version is that of its kind");
    }
}
