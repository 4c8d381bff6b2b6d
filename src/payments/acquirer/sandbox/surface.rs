//! The HTTP surface, without HTTP: a path and a body in, a status and a body out.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::{ReceiptStatus, SandboxStatus};
use entity::sandbox_key;
use entity::sandbox_payment::Model;
use serde_json::{Value, json};

use super::outcome::{Creation, comes_to_nothing, creation};
use super::{KEY_MEMORY, Sandbox, check, show, store};
use crate::kernel::{Failure, Fault};
use crate::platform::db::Tx;
use crate::platform::secret::fingerprint;

/// A request, by whom its signature says.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    /// Behind `/v3`, with the query.
    pub path: String,
    pub idempotence_key: Option<String>,
    pub shop: String,
    pub body: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// The connection ends instead.
    pub reset: bool,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: 200, body, reset: false }
    }

    fn error(status: u16, code: &str, parameter: Option<&str>) -> Self {
        let mut body = json!({ "type": "error", "id": "sandbox", "code": code, "description": code });
        if let (Some(members), Some(parameter)) = (body.as_object_mut(), parameter) {
            members.insert("parameter".to_owned(), json!(parameter));
        }
        Self { status, body, reset: false }
    }

    fn wrong(parameter: &str) -> Self {
        Self::error(400, "invalid_request", Some(parameter))
    }

    fn of_status(status: u16) -> Self {
        match status {
            202 => Self { status, body: json!({ "type": "processing", "retry_after": 1800 }), reset: false },
            429 => Self::error(429, "too_many_requests", None),
            _ => Self::error(status, "internal_server_error", None),
        }
    }
}

impl Sandbox {
    /// # Errors
    /// The bank's own tables do not answer: to the caller an answer that got lost.
    pub async fn answer(&self, asked: &Asked) -> Result<Answer, Fault> {
        if self.is_silent() {
            return Ok(Answer { reset: true, ..Answer::of_status(503) });
        }
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", ["me"]) => Ok(Answer::ok(json!({ "account_id": asked.shop, "status": "enabled", "test": true }))),
            ("GET", ["payments"]) => self.list_payments(asked, query).await,
            ("GET", ["refunds"]) => self.list_refunds(asked, query).await,
            ("GET", ["payments", id]) => {
                let found = self.find(id).await?.filter(|payment| payment.shop == asked.shop);
                Ok(found
                    .map_or_else(|| Answer::error(404, "not_found", None), |payment| Answer::ok(self.show(&payment))))
            }
            ("GET", ["refunds", id]) => {
                let found = store::find_refund(self.db.read(), id).await?;
                Ok(found.map_or_else(
                    || Answer::error(404, "not_found", None),
                    |refund| Answer::ok(self.show_refund(&refund)),
                ))
            }
            ("POST", ["payments" | "refunds"] | ["payments", _, "capture" | "cancel"]) => {
                self.keyed(asked, &parts).await
            }
            _ => Ok(Answer::error(404, "not_found", None)),
        }
    }

    fn show(&self, payment: &Model) -> Value {
        show::payment(&self.aged(payment.clone()), &self.config.http.public_url)
    }

    async fn keyed(&self, asked: &Asked, parts: &[&str]) -> Result<Answer, Fault> {
        let key = asked.idempotence_key.as_deref().filter(|key| (1..=64).contains(&key.len()));
        let Some(key) = key else { return Ok(Answer::wrong("Idempotence-Key")) };
        let answered = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(self.keyed_in(&tx, asked, key, parts).await?)
        });
        Ok(answered.await?)
    }

    /// The same key and body give the same object; another body is refused; after 24 hours the key is forgotten.
    async fn keyed_in(&self, tx: &Tx, asked: &Asked, key: &str, parts: &[&str]) -> Result<Answer, Fault> {
        let now = self.clock.now();
        let row = sandbox_key::Model {
            shop: asked.shop.clone(),
            key: key.to_owned(),
            fingerprint: fingerprint(&format!("{} {}", asked.path, asked.body)),
            object_id: None,
            calls: 0,
            first_at: now,
        };
        let mut known = store::lock_key(tx, row.clone(), now - KEY_MEMORY).await?;
        if known.fingerprint != row.fingerprint {
            return Ok(Answer::wrong("Idempotence-Key"));
        }
        known.calls += 1;
        let answer = if let Some(id) = &known.object_id {
            self.again_in(tx, parts, id).await?
        } else {
            let (answer, made) = self.carry_out_in(tx, asked, parts, known.calls).await?;
            known.object_id = made;
            answer
        };
        store::update_key(tx, &known).await?;
        Ok(answer)
    }

    async fn again_in(&self, tx: &Tx, parts: &[&str], id: &str) -> Result<Answer, Fault> {
        if parts == ["refunds"] {
            let refund = store::find_refund(&**tx, id).await?;
            return Ok(refund.map_or_else(|| Answer::of_status(500), |refund| Answer::ok(self.show_refund(&refund))));
        }
        let payment = store::find_payment(&**tx, id).await?;
        Ok(payment.map_or_else(|| Answer::of_status(500), |payment| Answer::ok(self.show(&payment))))
    }

    async fn carry_out_in(
        &self,
        tx: &Tx,
        asked: &Asked,
        parts: &[&str],
        calls: i32,
    ) -> Result<(Answer, Option<String>), Fault> {
        match parts {
            ["payments"] => self.create_in(tx, asked, calls).await,
            ["refunds"] => self.refund_in(tx, asked).await,
            ["payments", id, what] => self.finish_in(tx, asked, id, *what == "capture").await,
            _ => Ok((Answer::error(404, "not_found", None), None)),
        }
    }

    async fn create_in(&self, tx: &Tx, asked: &Asked, calls: i32) -> Result<(Answer, Option<String>), Fault> {
        let amount = match check::order(&asked.body) {
            Ok(amount) => amount,
            Err(parameter) => return Ok((Answer::wrong(parameter), None)),
        };
        let special = if self.by_kopecks() { creation(amount, calls) } else { Creation::Plain };
        if let Creation::OnlyAnswered(status) = special {
            return Ok((Answer::of_status(status), None));
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let saved = asked.body["payment_method_id"].as_str();
        if let Some(saved) = saved {
            let kept = store::find_payment(&**tx, saved).await?.filter(|kept| kept.shop == asked.shop);
            if !kept.is_some_and(|kept| kept.saves_method && kept.status == SandboxStatus::Succeeded) {
                return Ok((Answer::wrong("payment_method_id"), None));
            }
        }
        let payment = Model {
            id: show::new_id(&self.entropy)?,
            idempotence_key: asked.idempotence_key.clone().unwrap_or_default(),
            amount,
            description: text(&asked.body["description"]),
            return_url: text(&asked.body["confirmation"]["return_url"]),
            status: SandboxStatus::Pending,
            failure: None,
            created_at: self.clock.now(),
            decided_at: None,
            shop: asked.shop.clone(),
            metadata: asked.body["metadata"].to_string(),
            capture: asked.body["capture"].as_bool().unwrap_or(false),
            refunded: entity::exact::Money::ZERO,
            method: None,
            confirmation: text(&asked.body["confirmation"]["type"]),
            saves_method: asked.body["save_payment_method"] == true,
            receipt_status: asked.body["receipt"].is_object().then_some(ReceiptStatus::Pending),
        };
        store::insert_payment(tx, payment.clone()).await?;
        let payment = if saved.is_some() { self.charge_in(tx, payment).await? } else { payment };
        let answer = match special {
            Creation::AnsweredWith(status) => Answer::of_status(status),
            Creation::Reset => Answer { reset: true, ..Answer::of_status(500) },
            Creation::Plain | Creation::OnlyAnswered(_) => Answer::ok(self.show(&payment)),
        };
        Ok((answer, Some(payment.id)))
    }

    /// Capture or cancel: only what is held, and to cancel also what nobody has paid.
    async fn finish_in(
        &self,
        tx: &Tx,
        asked: &Asked,
        id: &str,
        capture: bool,
    ) -> Result<(Answer, Option<String>), Fault> {
        let found = store::lock_payment(tx, id).await?.filter(|payment| payment.shop == asked.shop);
        let Some(payment) = found else { return Ok((Answer::error(404, "not_found", None), None)) };
        let mut payment = self.aged(payment);
        let held = payment.status == SandboxStatus::WaitingForCapture;
        match (capture, payment.status) {
            (true, _) if held => {
                (payment.status, payment.decided_at) = (SandboxStatus::Succeeded, Some(self.clock.now()));
                payment.receipt_status = payment.receipt_status.map(|_| ReceiptStatus::Succeeded);
            }
            (false, SandboxStatus::Pending | SandboxStatus::WaitingForCapture) => {
                payment.failure = Some("canceled_by_merchant".to_owned());
                (payment.status, payment.decided_at) = (SandboxStatus::Canceled, Some(self.clock.now()));
            }
            _ => return Ok((Answer::error(400, "invalid_request", Some("payment.status")), None)),
        }
        store::update_payment(tx, &payment).await?;
        self.notify_in(tx, &payment, super::Choice::Card).await?;
        Ok((Answer::ok(self.show(&payment)), Some(payment.id)))
    }

    async fn refund_in(&self, tx: &Tx, asked: &Asked) -> Result<(Answer, Option<String>), Fault> {
        let Ok(amount) = check::amount(&asked.body["amount"]) else { return Ok((Answer::wrong("amount"), None)) };
        let id = asked.body["payment_id"].as_str().unwrap_or_default();
        let found = store::lock_payment(tx, id).await?.filter(|payment| payment.shop == asked.shop);
        let Some(mut payment) = found else { return Ok((Answer::wrong("payment_id"), None)) };
        if payment.status != SandboxStatus::Succeeded || payment.refunded + amount > payment.amount {
            return Ok((Answer::wrong("amount"), None));
        }
        // Of a part of what had a receipt the shop says what is given back; of the whole the bank knows.
        if payment.receipt_status.is_some()
            && amount < payment.amount
            && let Err(parameter) = check::receipt(&asked.body["receipt"], amount)
        {
            return Ok((Answer::wrong(parameter), None));
        }
        let metadata = asked.body["metadata"].to_string();
        let refund = show::new_refund(&self.entropy, &payment, amount, &metadata, self.clock.now())?;
        store::insert_refund(tx, refund.clone()).await?;
        if !(self.by_kopecks() && comes_to_nothing(amount)) {
            payment.refunded += amount;
        }
        store::update_payment(tx, &payment).await?;
        Ok((Answer::ok(self.show_refund(&refund)), Some(refund.id)))
    }

    async fn list_payments(&self, asked: &Asked, query: &str) -> Result<Answer, Fault> {
        let filter = Filter::of(query);
        let rows = store::list_payments(self.db.read(), &asked.shop).await?;
        let rows = rows.into_iter().map(|payment| self.aged(payment));
        let rows = rows.filter(|payment| {
            filter.status.as_deref().is_none_or(|status| payment.status.word() == status)
                && filter.takes("created_at", payment.created_at)
                && payment.decided_at.map_or_else(|| !filter.about("captured_at"), |at| filter.takes("captured_at", at))
        });
        let items = rows.map(|payment| (payment.id.clone(), show::payment(&payment, &self.config.http.public_url)));
        Ok(filter.page(&items.collect::<Vec<_>>()))
    }

    async fn list_refunds(&self, asked: &Asked, query: &str) -> Result<Answer, Fault> {
        let filter = Filter::of(query);
        let rows = store::list_refunds(self.db.read(), &asked.shop).await?;
        let rows = rows.into_iter().filter(|refund| {
            filter.payment_id.as_deref().is_none_or(|id| refund.payment_id == id)
                && filter.status.as_deref().is_none_or(|status| self.standing_of(refund).word() == status)
                && filter.takes("created_at", refund.created_at)
        });
        Ok(filter.page(&rows.map(|refund| (refund.id.clone(), self.show_refund(&refund))).collect::<Vec<_>>()))
    }
}

/// The query of a list.
struct Filter {
    bounds: Vec<(String, DateTime<Utc>)>,
    status: Option<String>,
    payment_id: Option<String>,
    limit: usize,
    cursor: Option<String>,
}

impl Filter {
    fn of(query: &str) -> Self {
        let mut filter = Self { bounds: Vec::new(), status: None, payment_id: None, limit: 10, cursor: None };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "status" => filter.status = Some(value.to_owned()),
                "payment_id" => filter.payment_id = Some(value.to_owned()),
                "limit" => filter.limit = value.parse().unwrap_or(10).clamp(1, 100),
                "cursor" => filter.cursor = Some(value.to_owned()),
                bound => filter.bounds.extend(value.replace("%3A", ":").parse().ok().map(|at| (bound.to_owned(), at))),
            }
        }
        filter
    }

    fn about(&self, column: &str) -> bool {
        self.bounds.iter().any(|(bound, _)| bound.starts_with(column))
    }

    fn takes(&self, column: &str, at: DateTime<Utc>) -> bool {
        let mut bounds = self.bounds.iter().filter(|(bound, _)| bound.starts_with(column));
        bounds.all(|(bound, limit)| match bound.rsplit_once('.').map(|(_, word)| word) {
            Some("gte") => at >= *limit,
            Some("gt") => at > *limit,
            Some("lte") => at <= *limit,
            _ => at < *limit,
        })
    }

    /// Behind the cursor, which is the last id of the page before.
    fn page(&self, items: &[(String, Value)]) -> Answer {
        let start = match &self.cursor {
            Some(cursor) => items.iter().position(|(id, _)| id == cursor).map_or(items.len(), |place| place + 1),
            None => 0,
        };
        let page: Vec<&(String, Value)> = items.iter().skip(start).take(self.limit).collect();
        let more = start + page.len() < items.len();
        let next = page.last().filter(|_| more).map(|(id, _)| id);
        let shown: Vec<&Value> = page.iter().map(|(_, item)| item).collect();
        let mut body = json!({ "type": "list", "items": shown });
        if let (Some(members), Some(next)) = (body.as_object_mut(), next) {
            members.insert("next_cursor".to_owned(), json!(next));
        }
        Answer::ok(body)
    }
}
