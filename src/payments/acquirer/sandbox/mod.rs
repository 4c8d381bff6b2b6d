//! A bank that this server plays itself: YooKassa's surface with virtual time, a page where a person pays or refuses, and
//! what real banks do wrong, chosen by the kopecks of the sum (`outcome.rs`). No money moves.
//!
//! Tables: `sandbox_payments`, `sandbox_refunds`, `sandbox_keys`: the bank's own, which nothing else of payments touches.

#![expect(
    clippy::indexing_slicing,
    reason = "a member of JSON that is missing reads as null (serde_json): nothing panics"
)]

mod check;
pub mod event;
pub mod outcome;
mod register;
mod show;
mod store;
mod surface;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::enums::{ReceiptStatus, SandboxStatus};
use entity::exact::Money;
use entity::sandbox_payment::Model;
use entity::sandbox_refund;
use secrecy::ExposeSecret;
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::yookassa::transport::{Broken, Call, Reply, Transport};
use crate::config::Config;
use crate::kernel::{Clock, Entropy, Failure, Fault};
use crate::platform::Mechanisms;
use crate::platform::db::{Db, Tx};
use crate::platform::outbox::Outbox;
use crate::platform::outgoing::{Bounds, Outgoing};
use event::NotifyFromSandbox;
use outcome::{Choice, Decided, News, RefundStanding};

pub use surface::{Answer, Asked};

/// Metadata of a refund that no shop has asked for.
const OF_THE_BANK: &str = "{}";
/// The acquirer's name, and that of its shop.
pub const NAME: &str = "sandbox";
/// As at real acquirers: an unpaid payment is cancelled after an hour.
const TIME_TO_PAY: TimeDelta = TimeDelta::hours(1);
/// And a hold after a week.
const TIME_TO_CAPTURE: TimeDelta = TimeDelta::days(7);
/// How long a key is remembered.
const KEY_MEMORY: TimeDelta = TimeDelta::hours(24);
/// How long a shop is told of what has happened.
const TELLING: TimeDelta = TimeDelta::hours(24);
/// Of one notification to a shop outside.
const TOLD: Bounds = Bounds { within: Duration::from_secs(10), most_bytes: 64 * 1024 };

#[derive(Clone, Debug)]
pub struct Sandbox {
    db: Db,
    outbox: Outbox,
    clock: Clock,
    entropy: Entropy,
    outgoing: Outgoing,
    config: Arc<Config>,
    /// Microseconds since the epoch; clones share it.
    silent_until: Arc<AtomicI64>,
}

impl Sandbox {
    pub fn new(mechanisms: &Mechanisms) -> Self {
        let Mechanisms { db, outbox, clock, entropy, outgoing, config, .. } = mechanisms.clone();
        Self { db, outbox, clock, entropy, outgoing, config, silent_until: Arc::default() }
    }

    /// An outage, played: until then every call ends without an answer.
    pub fn answer_nobody_until(&self, moment: DateTime<Utc>) {
        self.silent_until.store(moment.timestamp_micros(), Ordering::Relaxed);
    }

    fn is_silent(&self) -> bool {
        self.clock.now().timestamp_micros() < self.silent_until.load(Ordering::Relaxed)
    }

    /// As its page shows it.
    pub async fn find(&self, id: &str) -> Result<Option<Model>, Fault> {
        let found = store::find_payment(self.db.read(), id).await?;
        Ok(found.map(|payment| self.aged(payment)))
    }

    /// Time alone cancels what nobody pays or captures.
    fn aged(&self, mut payment: Model) -> Model {
        let reason = match payment.status {
            SandboxStatus::Pending if self.is_over(payment.created_at, TIME_TO_PAY, payment.amount) => {
                "expired_on_confirmation"
            }
            SandboxStatus::WaitingForCapture
                if payment.decided_at.is_some_and(|at| at + TIME_TO_CAPTURE <= self.clock.now()) =>
            {
                "expired_on_capture"
            }
            _ => return payment,
        };
        (payment.status, payment.failure) = (SandboxStatus::Canceled, Some(reason.to_owned()));
        payment
    }

    fn is_over(&self, since: DateTime<Utc>, allowed: TimeDelta, amount: Money) -> bool {
        since + allowed <= self.clock.now() && !(self.by_kopecks() && outcome::stays_pending(amount))
    }

    /// Whether this shop may call over HTTP with this key.
    pub fn is_shop(&self, id: &str, key: &str) -> bool {
        let shop = self.config.payments.sandbox_shop.as_ref();
        shop.is_some_and(|shop| shop.id == id && bool::from(shop.key.expose_secret().as_bytes().ct_eq(key.as_bytes())))
    }

    pub fn page_of(&self, payment: &Model) -> String {
        show::page_url(payment, &self.config.http.public_url)
    }

    /// What money came and went on a day (`2026-11-27`, UTC), as CSV; none when it is no day.
    pub async fn daily_register(&self, shop: &str, day: &str) -> Result<Option<String>, Fault> {
        let Ok(day) = day.trim_end_matches(".csv").parse::<NaiveDate>() else { return Ok(None) };
        let payments = store::list_payments(self.db.read(), shop).await?;
        let mut refunds = store::list_refunds(self.db.read(), shop).await?;
        refunds.retain(|refund| self.standing_of(refund) == RefundStanding::Succeeded);
        Ok(Some(register::of_day(day, &payments, &refunds)))
    }

    /// What the bank gives back by itself is given back at once.
    fn standing_of(&self, refund: &sandbox_refund::Model) -> RefundStanding {
        if self.by_kopecks() && refund.metadata != OF_THE_BANK {
            outcome::refund_standing(refund.amount, self.clock.now() - refund.created_at)
        } else {
            RefundStanding::Succeeded
        }
    }

    fn show_refund(&self, refund: &sandbox_refund::Model) -> Value {
        show::refund(refund, self.standing_of(refund))
    }

    fn by_kopecks(&self) -> bool {
        self.config.payments.sandbox_kopecks
    }

    /// What a person does on the bank's page; a second decision changes nothing.
    pub async fn decide(&self, id: &str, choice: Choice) -> Result<Option<Model>, Fault> {
        let decided = self.db.transaction(|tx| async move {
            let Some(payment) = store::lock_payment(&tx, id).await? else { return Ok(()) };
            if payment.status != SandboxStatus::Pending {
                return Ok(());
            }
            let decided = match self.aged(payment.clone()) {
                aged if aged.status == SandboxStatus::Canceled => Decided::Canceled("expired_on_confirmation"),
                aged => outcome::decide(aged.amount, choice, aged.capture, self.by_kopecks()),
            };
            self.decide_in(&tx, payment, decided, choice).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        decided.await?;
        self.find(id).await
    }

    /// Nobody is asked: what the payer has let be kept is charged.
    async fn charge_in(&self, tx: &Tx, payment: Model) -> Result<Model, Fault> {
        let decided = outcome::decide(payment.amount, Choice::Card, payment.capture, self.by_kopecks());
        let id = payment.id.clone();
        self.decide_in(tx, payment, decided, Choice::Card).await?;
        let decided = store::find_payment(&**tx, &id).await?;
        decided.ok_or_else(|| Fault::internal("the sandbox lost a payment"))
    }

    async fn decide_in(&self, tx: &Tx, mut payment: Model, decided: Decided, choice: Choice) -> Result<(), Fault> {
        let (status, failure) = match decided {
            Decided::Nothing => return Ok(()),
            Decided::Held => (SandboxStatus::WaitingForCapture, None),
            Decided::Paid => (SandboxStatus::Succeeded, None),
            Decided::Canceled(reason) => (SandboxStatus::Canceled, Some(reason.to_owned())),
        };
        (payment.status, payment.failure, payment.decided_at) = (status, failure, Some(self.clock.now()));
        payment.method = Some(choice.method().to_owned());
        // A receipt is made once there is money to make it of.
        payment.receipt_status = payment.receipt_status.map(|_| match decided {
            Decided::Paid if self.by_kopecks() && outcome::loses_receipt(payment.amount) => ReceiptStatus::Canceled,
            Decided::Paid => ReceiptStatus::Succeeded,
            _ => ReceiptStatus::Pending,
        });
        if decided == Decided::Paid && self.by_kopecks() && outcome::gives_back_half(payment.amount) {
            self.give_back_in(tx, &mut payment).await?;
        }
        store::update_payment(tx, &payment).await?;
        self.notify_in(tx, &payment, choice).await
    }

    /// As a merchant does in the bank's own cabinet, behind our back.
    async fn give_back_in(&self, tx: &Tx, payment: &mut Model) -> Result<(), Fault> {
        let amount = Money(payment.amount.0 / 2);
        let refund = show::new_refund(&self.entropy, payment, amount, OF_THE_BANK, self.clock.now())?;
        store::insert_refund(tx, refund).await?;
        payment.refunded = amount;
        Ok(())
    }

    /// The same at any time, and whether the shop is told; false when there is not so much left of it.
    pub async fn give_back(&self, id: &str, amount: Money, tell: bool) -> Result<bool, Fault> {
        let given = self.db.transaction(|tx| async move {
            let Some(mut payment) = store::lock_payment(&tx, id).await? else { return Ok(false) };
            if payment.status != SandboxStatus::Succeeded || payment.refunded + amount > payment.amount {
                return Ok(false);
            }
            let refund = show::new_refund(&self.entropy, &payment, amount, OF_THE_BANK, self.clock.now())?;
            store::insert_refund(&tx, refund.clone()).await?;
            payment.refunded += amount;
            store::update_payment(&tx, &payment).await?;
            if tell {
                let job = NotifyFromSandbox {
                    payment: payment.id.clone(),
                    event: payment.status,
                    news: News::True,
                    number: 0,
                    refund: Some(refund.id),
                };
                self.outbox.enqueue_in(&tx, &job).await?;
            }
            Ok::<_, Failure<Infallible>>(true)
        });
        Ok(given.await?)
    }

    /// Notifications are jobs: sent by and by, and as the kopecks say.
    async fn notify_in(&self, tx: &Tx, payment: &Model, choice: Choice) -> Result<(), Fault> {
        let now = self.clock.now();
        let plan = if self.by_kopecks() { outcome::notifications(payment.amount) } else { outcome::PLAIN };
        let late = if choice == Choice::PayLate { outcome::DELAY } else { TimeDelta::zero() };
        for (number, planned) in plan.iter().enumerate() {
            let news = match planned.news {
                News::True => payment.status,
                News::Earlier => SandboxStatus::WaitingForCapture,
                _ => SandboxStatus::Succeeded,
            };
            let job = NotifyFromSandbox {
                payment: payment.id.clone(),
                event: news,
                news: planned.news,
                number,
                refund: None,
            };
            self.outbox.enqueue_at_in(tx, &job, now + planned.after + late).await?;
        }
        Ok(())
    }

    /// The body of a notification, and whether it goes to a shop outside.
    pub async fn notification(&self, job: &NotifyFromSandbox) -> Result<Option<(bool, Vec<u8>)>, Fault> {
        let Some(payment) = self.find(&job.payment).await? else { return Ok(None) };
        let outside = payment.shop != NAME;
        let too_old = payment.decided_at.is_some_and(|at| at + TELLING <= self.clock.now());
        if outside && too_old {
            return Ok(None);
        }
        if let Some(id) = &job.refund {
            let Some(refund) = store::find_refund(self.db.read(), id).await? else { return Ok(None) };
            let object = self.show_refund(&refund);
            let body = serde_json::json!({ "type": "notification", "event": "refund.succeeded", "object": object });
            return Ok(Some((outside, body.to_string().into_bytes())));
        }
        let mut object = show::payment(&payment, &self.config.http.public_url);
        show::distort(&mut object, job);
        let event = format!("payment.{}", job.event.word());
        let body = serde_json::json!({ "type": "notification", "event": event, "object": object });
        Ok(Some((outside, body.to_string().into_bytes())))
    }

    /// Tells a shop outside: anything but 200 makes the bank tell again.
    pub async fn tell(&self, body: Vec<u8>) -> Result<(), Fault> {
        let shop = self.config.payments.sandbox_shop.as_ref();
        let Some(url) = shop.and_then(|shop| shop.notification_url.as_deref()) else { return Ok(()) };
        match self.outgoing.post_json(url, &[], body, TOLD).await {
            Ok(reply) if reply.status == 200 => Ok(()),
            Ok(reply) => Err(Fault::unavailable(format!("the shop answers {}", reply.status))),
            Err(cause) => Err(Fault::unavailable(format!("the shop {cause}"))),
        }
    }
}

/// The sandbox without a network between: the same surface, the same bytes.
#[derive(Clone, Debug)]
pub struct InProcess(pub Sandbox);

#[async_trait]
impl Transport for InProcess {
    async fn call(&self, call: &Call) -> Result<Reply, Broken> {
        let asked = Asked {
            method: call.method.to_owned(),
            path: call.path.clone(),
            idempotence_key: call.idempotence_key.clone(),
            shop: NAME.to_owned(),
            body: call.body.clone().unwrap_or_default(),
        };
        match self.0.answer(&asked).await {
            Ok(Answer { reset: true, .. }) => Err(Broken::Unanswered("connection reset".to_owned())),
            Ok(Answer { status, body, .. }) => Ok(Reply { status, body: body.to_string().into_bytes() }),
            Err(fault) => Err(Broken::Unanswered(fault.to_string())),
        }
    }
}
