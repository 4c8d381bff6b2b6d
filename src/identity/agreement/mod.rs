//! What a person accepts at registration. Consent to the processing of personal data is a document of its own
//! (152-ФЗ as changed by 156-ФЗ, since 2025-09-01). A change of a text is a new version.

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
