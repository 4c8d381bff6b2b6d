use secrecy::SecretString;

use super::database::url;
use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct MailConfig {
    /// None: letters become files in `data_dir/mail`.
    pub smtp_url: Option<SecretString>,
    /// A mailbox as in a letter's From.
    pub from: String,
    pub support_address: String,
}

impl MailConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            smtp_url: url(reader, "mail.smtp_url", &["smtp://", "smtps://"]),
            from: reader.text("mail.from"),
            support_address: reader.text("mail.support_address"),
        }
    }
}
