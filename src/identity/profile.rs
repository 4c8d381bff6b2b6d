//! What a person says about themselves: name, phone, language of letters.

mod phone;

use entity::enums::{AuditEventKind, Locale};
use entity::user;
use unicode_normalization::UnicodeNormalization;

pub use phone::normalised_phone;

use super::audit::Act;
use super::error::ProfileRefusal;
use super::{Identity, store};
use crate::kernel::{Actor, Failure, Fault, Person};

/// Characters (code points after NFC).
pub const LONGEST_NAME: usize = 200;

/// What is not given stays as it is; `Some(None)` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    pub full_name: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub locale: Option<Locale>,
}

impl ProfileChange {
    /// In the form that is stored.
    fn checked(self) -> Result<Self, ProfileRefusal> {
        let full_name = match self.full_name {
            Some(Some(name)) => Some(Some(normalised_name(&name).ok_or(ProfileRefusal::NameMalformed)?)),
            other => other,
        };
        let phone = match self.phone {
            Some(Some(phone)) => Some(Some(normalised_phone(&phone).ok_or(ProfileRefusal::PhoneMalformed)?)),
            other => other,
        };
        Ok(Self { full_name, phone, locale: self.locale })
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Identity {
    pub async fn update_profile(
        &self,
        actor: &Actor,
        person: &Person,
        change: ProfileChange,
    ) -> Result<user::Model, Failure<ProfileRefusal>> {
        if !person.confirmed {
            return Err(Failure::Refused(ProfileRefusal::NotConfirmed));
        }
        let (id, change) = (person.user_id, &change.checked().map_err(Failure::Refused)?);
        self.db
            .transaction(|tx| async move {
                if !change.is_empty() {
                    store::update_profile_in(&tx, id, change).await?;
                    self.audit.append_in(&tx, id, actor, Act::new(AuditEventKind::ProfileChanged)).await?;
                }
                let user = store::find_user(&*tx, id).await?;
                Ok(user.ok_or_else(|| Fault::internal("a session without a person"))?)
            })
            .await
    }
}

/// NFC, without white space around; none when it is empty, longer than [`LONGEST_NAME`], or has characters that
/// control a terminal or turn the direction of a line.
fn normalised_name(text: &str) -> Option<String> {
    let name: String = text.trim().nfc().collect();
    let unfit = |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let length = name.chars().count();
    (1..=LONGEST_NAME).contains(&length).then_some(name).filter(|name| !name.contains(unfit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_are_taken_and_what_hides_in_a_line_is_not() {
        for (text, name) in [
            (" Анна Ёлкина ", "Анна Ёлкина"),
            ("Сабанчи\u{438}\u{306}", "Сабанчи\u{439}"),
            ("O'Brien-Ştefan Jr.", "O'Brien-Ştefan Jr."),
            ("李", "李"),
        ] {
            assert_eq!(normalised_name(text).as_deref(), Some(name));
        }
        for text in ["", "  ", "Anna\nBcc: x", "An\u{0}na", "\u{1b}[2J", "Anna\u{202e}annA", "a\u{2028}b", "\u{2066}a"]
        {
            assert_eq!(normalised_name(text), None, "{text:?}");
        }
        assert!(normalised_name(&"ё".repeat(200)).is_some());
        assert!(normalised_name(&"ё".repeat(201)).is_none());
    }
}
