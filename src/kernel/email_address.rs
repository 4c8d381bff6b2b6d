//! An e-mail address in the one form that is compared and stored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Lower case, NFC, domain in punycode: two spellings of one mailbox are one address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EmailAddress(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAddress;

impl fmt::Display for NotAnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an e-mail address")
    }
}

impl EmailAddress {
    /// Takes a text that was normalised before it was stored.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the at sign.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part behind the at sign, in punycode.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnAddress;

    /// RFC 5321 lengths: 64 bytes before the at sign, 254 in all.
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(NotAnAddress)?;
        let local: String = local.nfc().flat_map(char::to_lowercase).collect();
        let unfit = |c: char| c.is_whitespace() || c.is_control() || "\"(),:;<>@[\\]".contains(c);
        if local.is_empty() || local.len() > 64 || local.contains(unfit) || dots_misplaced(&local) {
            return Err(NotAnAddress);
        }
        let domain = mail_domain(domain).ok_or(NotAnAddress)?;
        if local.len() + domain.len() > 253 {
            return Err(NotAnAddress);
        }
        Ok(Self(format!("{local}@{domain}")))
    }
}

/// A domain in the form that is compared: lower case, punycode (UTS 46). None for what no mail can be sent to.
pub fn mail_domain(text: &str) -> Option<String> {
    let domain = idna::domain_to_ascii_strict(text).ok()?;
    (domain.contains('.') && !dots_misplaced(&domain)).then_some(domain)
}

fn dots_misplaced(text: &str) -> bool {
    text.starts_with('.') || text.ends_with('.') || text.contains("..")
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_mailbox_are_one_address() {
        let one: Result<EmailAddress, _> = "support@xn--80ahndcceeo4a0i.xn--80asehdb".parse();
        assert_eq!(
            "Support@смородина.онлайн".parse::<EmailAddress>().map(|a| a.to_string().contains("xn--")),
            Ok(true)
        );
        assert!(one.is_ok());
        assert_eq!(" Anna@Example.COM ".parse::<EmailAddress>(), "anna@example.com".parse());
    }

    #[test]
    fn what_no_mailbox_is_called_is_refused() {
        for text in [
            "",
            "a",
            "@b.ru",
            "a@",
            "a@b",
            "a b@c.ru",
            "a@b..ru",
            ".a@b.ru",
            "a@b.ru\nBcc: x@y.ru",
            "a,b@c.ru",
            "a@-b.ru",
        ] {
            assert!(text.parse::<EmailAddress>().is_err(), "{text:?}");
        }
    }
}
