use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use entity::exact::Money;
use secrecy::SecretString;

use super::networks::{self, Network};
use super::reader::Reader;
use super::safe_url::{EXPECTED, is_safe};

/// A shop at YooKassa, or at whoever speaks its API.
#[derive(Clone, Debug)]
pub struct Shop {
    pub id: String,
    pub key: SecretString,
    /// Without a slash at the end.
    pub url: String,
    /// Of one call; less than `payments::settlement::CALL`.
    pub timeout: Duration,
    /// A second, and at once, by this process.
    pub calls: u32,
}

/// The shop that may call this server's sandbox over HTTP.
#[derive(Clone, Debug)]
pub struct SandboxShop {
    pub id: String,
    pub key: SecretString,
    /// Where the sandbox tells of its payments; none: nowhere.
    pub notification_url: Option<String>,
}

#[derive(Clone, Debug)]
pub struct PaymentsConfig {
    /// Name of the acquirer that takes new payments.
    pub acquirer: String,
    pub minimum: Money,
    pub maximum: Money,
    /// How long the repetition of a start waits for the call that the first one makes.
    pub wait_for_call: Duration,
    pub yookassa: Option<Shop>,
    /// Where notifications of YooKassa come from.
    pub notification_networks: Vec<Network>,
    /// Whether the sandbox goes by the kopecks of a sum.
    pub sandbox_kopecks: bool,
    pub sandbox_shop: Option<SandboxShop>,
    pub promises: PromisesConfig,
    /// Where registers of payments are laid down as soon as they are written; none: nowhere.
    pub registers_folder: Option<PathBuf>,
    /// How long before it acts an autopay is announced.
    pub autopay_notice: TimeDelta,
}

/// How long after the money has come each step may take before there is an alarm.
#[derive(Clone, Copy, Debug)]
pub struct PromisesConfig {
    pub receipt: TimeDelta,
    pub sent: TimeDelta,
    pub posted: TimeDelta,
}

const ACQUIRERS: [&str; 2] = ["sandbox", "yookassa"];

impl PaymentsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let acquirer = reader.parsed("payments.acquirer", "\"sandbox\" or \"yookassa\"", |text| {
            ACQUIRERS.contains(&text).then(|| text.to_owned())
        });
        let mut sum =
            |key| reader.parsed(key, "a sum in roubles such as \"1.00\"", |text| text.parse().ok()).unwrap_or_default();
        let config = Self {
            acquirer: acquirer.unwrap_or_default(),
            minimum: sum("payments.minimum"),
            maximum: sum("payments.maximum"),
            wait_for_call: Duration::from_millis(reader.number("payments.wait_for_call_milliseconds", 0..=10_000)),
            yookassa: yookassa(reader),
            notification_networks: networks::read(reader, "payments.yookassa_notification_networks"),
            registers_folder: reader.optional("payments.registers_folder").map(PathBuf::from),
            sandbox_kopecks: reader.flag("payments.sandbox_kopecks"),
            sandbox_shop: sandbox_shop(reader),
            autopay_notice: TimeDelta::hours(reader.number("payments.autopay_notice_hours", 24..=240)),
            promises: PromisesConfig {
                receipt: TimeDelta::hours(reader.number("payments.receipt_hours", 1..=720)),
                sent: TimeDelta::days(reader.number("payments.sent_days", 1..=90)),
                posted: TimeDelta::days(reader.number("payments.posted_days", 1..=365)),
            },
        };
        if config.minimum < Money(1) || config.maximum < config.minimum {
            reader.problem("payments.minimum", "must be above zero and not above payments.maximum");
        }
        if config.acquirer == "yookassa" && config.yookassa.is_none() {
            reader.problem("payments.yookassa_shop_id", "is needed, with its secret key, by payments.acquirer");
        }
        config
    }
}

fn yookassa(reader: &mut Reader) -> Option<Shop> {
    let url = reader.text("payments.yookassa_url");
    if !is_safe(&url) || url.ends_with('/') {
        reader.problem("payments.yookassa_url", &format!("{EXPECTED}, without a slash at its end"));
    }
    let timeout = Duration::from_millis(reader.number("payments.yookassa_timeout_milliseconds", 10..=8_500));
    let calls = reader.number("payments.yookassa_calls_a_second", 1..=1_000);
    let id = reader.optional("payments.yookassa_shop_id");
    let key = reader.secret("payments.yookassa_secret_key");
    let (id, key) = both(reader, ("payments.yookassa_shop_id", id), ("payments.yookassa_secret_key", key))?;
    Some(Shop { id, key, url, timeout, calls })
}

fn sandbox_shop(reader: &mut Reader) -> Option<SandboxShop> {
    let notification_url = reader.optional("payments.sandbox_notification_url");
    if notification_url.as_ref().is_some_and(|url| !is_safe(url)) {
        reader.problem("payments.sandbox_notification_url", EXPECTED);
    }
    let id = reader.optional("payments.sandbox_shop_id");
    if id.as_deref() == Some("sandbox") {
        reader.problem("payments.sandbox_shop_id", "must not be \"sandbox\", which is this server's own shop");
    }
    let key = reader.secret("payments.sandbox_secret_key");
    let (id, key) = both(reader, ("payments.sandbox_shop_id", id), ("payments.sandbox_secret_key", key))?;
    Some(SandboxShop { id, key, notification_url })
}

fn both(
    reader: &mut Reader,
    (id_name, id): (&str, Option<String>),
    (key_name, key): (&str, Option<SecretString>),
) -> Option<(String, SecretString)> {
    match (id, key) {
        (Some(id), Some(key)) => Some((id, key)),
        (None, None) => None,
        (Some(_), None) => {
            reader.problem(key_name, &format!("is needed with {id_name}"));
            None
        }
        (None, Some(_)) => {
            reader.problem(id_name, &format!("is needed with {key_name}"));
            None
        }
    }
}
