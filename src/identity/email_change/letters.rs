//! What the letters of a change say. Each makes links of its own, so that a letter sent twice works either way.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::{EmailChangeLinkPurpose as Purpose, Locale};
use entity::ids::EmailChangeId;
use entity::{email_change, email_change_link};

use super::{Mailbox, store};
use crate::identity::{Identity, store as users};
use crate::kernel::{EmailAddress, Failure, Fault};
use crate::platform::secret::fingerprint;

#[derive(Clone, Debug)]
pub struct ChangeLetter {
    pub to: String,
    pub locale: Locale,
    pub kind: ChangeLetterKind,
}

#[derive(Clone, Debug)]
pub enum ChangeLetterKind {
    /// To the old mailbox: links that confirm and cancel.
    Old { new_email: String, token: String, cancel_token: String, expires_at: DateTime<Utc> },
    /// To the new one: a link that confirms.
    New { token: String, expires_at: DateTime<Utc> },
    /// To the owner of a cabinet with the new address.
    Taken,
    /// To both, afterwards.
    Changed { old_email: String, new_email: String, changed_at: DateTime<Utc> },
}

impl Identity {
    /// The letter that asks a mailbox; none when there is nothing left to ask it.
    pub async fn email_change_letter(
        &self,
        id: EmailChangeId,
        mailbox: Mailbox,
    ) -> Result<Option<ChangeLetter>, Fault> {
        let Some(change) = store::find_change(self.db.read(), id).await? else { return Ok(None) };
        let Some(user) = self.find_user(change.user_id).await? else { return Ok(None) };
        let asked = match mailbox {
            Mailbox::Old => change.confirmed_by_old_at,
            Mailbox::New => change.confirmed_by_new_at,
        };
        if self.pending_email_change(&user).await?.is_none_or(|pending| pending.id != id) || asked.is_some() {
            return Ok(None);
        }
        let email_change::Model { new_email, expires_at, .. } = change;
        if mailbox == Mailbox::Old {
            let (token, cancel_token) = (self.entropy.token()?, self.entropy.token()?);
            self.insert_links(id, &[(&token, Purpose::ConfirmByOld), (&cancel_token, Purpose::Cancel)]).await?;
            let kind = ChangeLetterKind::Old { new_email, token, cancel_token, expires_at };
            return Ok(Some(ChangeLetter { to: user.email, locale: user.locale, kind }));
        }
        let known = users::find_by_email(self.db.read(), &EmailAddress::stored(new_email.clone())).await?;
        if let Some(known) = known {
            return Ok(Some(ChangeLetter { to: known.email, locale: known.locale, kind: ChangeLetterKind::Taken }));
        }
        let token = self.entropy.token()?;
        self.insert_links(id, &[(&token, Purpose::ConfirmByNew)]).await?;
        let kind = ChangeLetterKind::New { token, expires_at };
        Ok(Some(ChangeLetter { to: new_email, locale: user.locale, kind }))
    }

    /// The letter that tells a mailbox of a change that was carried out.
    pub async fn email_changed_letter(
        &self,
        id: EmailChangeId,
        mailbox: Mailbox,
    ) -> Result<Option<ChangeLetter>, Fault> {
        let Some(change) = store::find_change(self.db.read(), id).await? else { return Ok(None) };
        let Some(user) = self.find_user(change.user_id).await? else { return Ok(None) };
        let Some(changed_at) = change.completed_at else { return Ok(None) };
        let email_change::Model { old_email, new_email, .. } = change;
        let to = match mailbox {
            Mailbox::Old => old_email.clone(),
            Mailbox::New => new_email.clone(),
        };
        let kind = ChangeLetterKind::Changed { old_email, new_email, changed_at };
        Ok(Some(ChangeLetter { to, locale: user.locale, kind }))
    }

    async fn insert_links(&self, email_change_id: EmailChangeId, links: &[(&String, Purpose)]) -> Result<(), Fault> {
        let inserted = self.db.transaction(|tx| async move {
            let row = |&(token, purpose): &(&String, Purpose)| {
                let token_hash = fingerprint(token);
                email_change_link::Model { token_hash, email_change_id, purpose }
            };
            store::insert_links_in(&tx, links.iter().map(row).collect()).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        Ok(inserted.await?)
    }
}
