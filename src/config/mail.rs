use secrecy::SecretString;

use super::database::url;
use super::reader::Reader;
use crate::kernel::EmailAddress;

const ADDRESS: &str = "an e-mail address such as \"support@example.com\"";

#[derive(Clone, Debug)]
pub struct MailConfig {
    /// None: letters become files in `data_dir/mail`.
    pub smtp_url: Option<SecretString>,
    /// A mailbox as in a letter's From.
    pub from: String,
    /// As people read it: the domain in any script.
    pub support_address: String,
}

impl MailConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            smtp_url: url(reader, "mail.smtp_url", &["smtp://", "smtps://"]),
            from: reader.text("mail.from"),
            support_address: reader.parsed("mail.support_address", ADDRESS, address).unwrap_or_default(),
        }
    }
}

fn address(text: &str) -> Option<String> {
    text.parse::<EmailAddress>().ok().map(|_| text.to_owned())
}
