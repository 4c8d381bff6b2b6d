//! What each scope lets a program do, for people.

use entity::enums::{Locale, Scope};

/// What a program may do, after "it may".
pub fn scope_words(scope: Scope, locale: Locale) -> &'static str {
    let [ru, en] = match scope {
        Scope::Profile => ["видеть имя, адрес и телефон", "see name, address and phone"],
        Scope::Balance => ["видеть лицевые счета и сколько Вы должны", "see your accounts and what you owe"],
        Scope::Statements => ["видеть квитанции и начисления", "see statements and charges"],
        Scope::Readings => ["видеть счётчики и показания", "see meters and readings"],
        Scope::SubmitReadings => ["передавать показания", "submit readings"],
        Scope::Payments => ["видеть платежи", "see payments"],
        Scope::Pay => ["начинать платежи", "start payments"],
    };
    match locale {
        Locale::Ru => ru,
        Locale::En => en,
    }
}
