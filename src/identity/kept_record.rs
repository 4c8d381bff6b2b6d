//! What stays when a cabinet is deleted, and why: told before.

use entity::enums::Locale;

use crate::config::RetentionConfig;

/// What is kept under a pseudonym.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptRecord {
    Payments,
    Readings,
    Acceptances,
    AuditChain,
    Erasure,
}

impl KeptRecord {
    pub const ALL: [Self; 5] = [Self::Payments, Self::Readings, Self::Acceptances, Self::AuditChain, Self::Erasure];

    /// What it is and by which rule it is kept.
    pub const fn description(self, locale: Locale) -> &'static str {
        let (ru, en) = self.texts();
        match locale {
            Locale::Ru => ru,
            Locale::En => en,
        }
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Payments => (
                "Платежи без адреса для чека: бухгалтерские документы хранятся пять лет (402-ФЗ, статья 29).",
                "Payments without the receipt's address: accounting papers are kept for five years (402-FZ, article 29).",
            ),
            Self::Readings => (
                "Переданные показания: они принадлежат истории лицевого счёта и нужны поставщику для начислений.",
                "Readings that were sent: they belong to the account's history, which the provider charges by.",
            ),
            Self::Acceptances => (
                "Какие соглашения и когда были приняты, без сетевого адреса: согласие доказывает оператор (152-ФЗ, статья 9).",
                "Which agreements were accepted and when, without the network address: the operator must prove consent (152-FZ, article 9).",
            ),
            Self::AuditChain => (
                "Что и когда делалось в кабинете, без адресов и устройств: журнал нельзя изменить.",
                "What was done in the cabinet and when, without addresses and devices: the log cannot be changed.",
            ),
            Self::Erasure => (
                "Запись об удалении: дата, причина и отпечаток адреса почты (приказ Роскомнадзора № 179).",
                "The record of the deletion: date, reason and a fingerprint of the e-mail address (Roskomnadzor's order 179).",
            ),
        }
    }

    /// How long it is kept, at least as long as the law asks for; none where the law names no term.
    pub const fn years(self, config: &RetentionConfig) -> Option<u32> {
        match self {
            Self::Payments => Some(config.payment_years),
            Self::Erasure => Some(config.erasure_years),
            Self::Readings | Self::Acceptances | Self::AuditChain => None,
        }
    }
}
