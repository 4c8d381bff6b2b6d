//! What a mail server gets.

use kabinet::config::Config;
use kabinet::kernel::Clock;
use kabinet::platform::mail::{Letter, Mailer};

use crate::harness::{Smtp, start_of_test};

const TO: &str = "anna@xn--e1afmkfd.xn--p1ai";

fn letter() -> Letter {
    Letter {
        to: TO.parse().unwrap(),
        reply_to: None,
        subject: "Платёж принят".to_owned(),
        text: "Сумма: 1,00 ₽\n".to_owned(),
        html: "<p>1,00 ₽</p>".to_owned(),
    }
}

fn config(settings: &[(&str, &str)]) -> Result<Config, String> {
    let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    Config::load(None, settings).map_err(|problems| problems.to_string())
}

#[tokio::test]
async fn a_letter_has_the_headers_that_mail_programs_and_other_robots_look_for() {
    let smtp = Smtp::start().await;
    let settings = [
        ("KABINET__MAIL__SMTP_URL", smtp.url.as_str()),
        ("KABINET__MAIL__FROM", "Кабинет <no-reply@смородина.онлайн>"),
        ("KABINET__MAIL__SUPPORT_ADDRESS", "support@смородина.онлайн"),
    ];
    let mailer = Mailer::new(&config(&settings).unwrap()).unwrap();
    for _ in 0..2 {
        mailer.send("job-1", &letter(), &Clock::fixed(start_of_test())).await.unwrap();
    }
    let sent = smtp.letters(TO);
    let domain = "xn--80ahmohdapg.xn--80asehdb";
    for source in &sent {
        for header in [
            &format!("Message-ID: <job-1@{domain}>"),
            &format!("Reply-To: support@{domain}"),
            &format!("<no-reply@{domain}>"),
            "Date: Sat, 20 Jun 2026 09:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(source.contains(header), "{header} in {source}");
        }
        // News may be unsubscribed from; what a person asked for may not.
        assert!(!source.contains("List-Unsubscribe"), "{source}");
        assert!(source.find("Сумма: 1,00 ₽") < source.find("<p>1,00 ₽</p>"), "{source}");
    }
    assert_eq!(sent.len(), 2);
    let asked = Letter { reply_to: Some("boris@example.com".parse().unwrap()), ..letter() };
    mailer.send("job-2", &asked, &Clock::fixed(start_of_test())).await.unwrap();
    let source = smtp.letters(TO).pop().unwrap();
    assert!(source.contains("Reply-To: boris@example.com"), "{source}");
}

#[test]
fn a_support_address_that_is_none_is_refused_at_the_start() {
    let problems = config(&[("KABINET__MAIL__SUPPORT_ADDRESS", "call us")]).unwrap_err();
    assert!(problems.contains("mail.support_address must be an e-mail address"), "{problems}");
}
