//! Words that whoever guesses at this service tries first, besides the common passwords and the login.

use unicode_normalization::UnicodeNormalization;

/// What such a service is called, whoever runs it.
const SERVICE: [&str; 8] =
    ["kabinet", "cabinet", "кабинет", "lichnyikabinet", "lichniykabinet", "личныйкабинет", "жкх", "квартплата"];
/// Words for "password", in the Russian layout on Latin keys too; refused with nothing but digits around.
const PASSWORD: [&str; 4] = ["parol", "пароль", "gfhjkm", "password"];
/// Characters: shorter parts of a host name, such as `lk` or `www`, are in many words.
const SHORTEST_LABEL: usize = 4;

#[derive(Debug)]
pub struct ContextWords(Vec<Vec<char>>);

impl ContextWords {
    /// Those of every service of the kind, and the host name of this one, whole and in its parts.
    pub fn of_service(public_url: &str) -> Self {
        let host = host_name(public_url);
        let (host, _) = idna::domain_to_unicode(host.unwrap_or_default());
        let labels: Vec<_> = host.split('.').collect();
        let above_last = labels.split_last().map_or(&[][..], |(_, rest)| rest).iter().copied();
        let long = above_last.filter(|label| label.chars().count() >= SHORTEST_LABEL);
        let words = SERVICE.into_iter().chain(long).chain([host.as_str()]).map(reduced);
        Self(words.filter(|word| !word.is_empty()).collect())
    }

    /// Whether the words make up more than half of the password's letters and digits, or it is a word for "password"
    /// with digits. Signs between letters and the case do not count.
    pub fn make_up(&self, password: &str) -> bool {
        let password = reduced(password);
        let mut covered = vec![false; password.len()];
        for word in &self.0 {
            cover(&mut covered, &password, word);
        }
        covered.iter().filter(|covered| **covered).count() * 2 > password.len()
            || PASSWORD.iter().any(|word| only_digits_beside(&password, &reduced(word)))
    }
}

fn cover(covered: &mut [bool], password: &[char], word: &[char]) {
    for (start, window) in password.windows(word.len()).enumerate() {
        if window == word {
            covered.iter_mut().skip(start).take(word.len()).for_each(|covered| *covered = true);
        }
    }
}

fn only_digits_beside(password: &[char], word: &[char]) -> bool {
    let mut covered = vec![false; password.len()];
    cover(&mut covered, password, word);
    let digits_beside = covered.iter().zip(password).all(|(covered, c)| *covered || c.is_ascii_digit());
    covered.contains(&true) && digits_beside
}

fn reduced(text: &str) -> Vec<char> {
    text.nfc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}

/// None for an address without a name.
fn host_name(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split('/').next()?;
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    (!host.contains(['[', ']']) && host.parse::<std::net::Ipv4Addr>().is_err()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mostly_the_services_own_words_is_found() {
        let words = ContextWords::of_service("https://lk.vodokanal-spb.ru:8443");
        for (password, found) in [
            ("kabinet1", true),
            ("Kabinet-2026!", true),
            ("мой кабинет", true),
            ("личный_кабинет_1", true),
            ("ЛичныйКабинет", true),
            ("k.a.b.i.n.e.t 7", true),
            ("kabinetkabinet", true),
            ("vodokanal-spb", true),
            ("vodokanalspb1", true),
            ("lkvodokanalspbru", true),
            ("parol12345678901234567890", true),
            ("2026пароль", true),
            ("Пароль-1-пароль", true),
            ("gfhjkm123", true),
            ("password 2026", true),
            ("correct horse 42", false),
            ("a new password 8", false),
            ("парольный камень", false),
            ("в кабинете растёт фикус", false),
            ("kabinet c видом на море", false),
            ("vodokanal and a goose", false),
            ("lk lk lk lk", false),
            ("1234567890", false),
            ("!!!!!!!!", false),
        ] {
            assert_eq!(words.make_up(password), found, "{password}");
        }
    }

    #[test]
    fn the_host_name_counts_in_its_own_script_and_an_address_has_none() {
        let words = |url| ContextWords::of_service(url);
        assert!(
            words("https://xn--80ahmohdapg.xn--80asehdb").make_up("Смородина")
                == words("https://смородина.онлайн").make_up("Смородина")
        );
        assert!(words("http://localhost:8080").make_up("localhost1"));
        for url in ["http://127.0.0.1:8080", "http://[::1]:8080", "", "nonsense"] {
            assert!(!words(url).make_up("127001 8080"), "{url}");
        }
    }
}
