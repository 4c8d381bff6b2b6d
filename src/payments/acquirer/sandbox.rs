//! A bank that this server plays itself: a page where a person pays or refuses. No money moves.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use entity::enums::SandboxStatus;
use entity::sandbox_payment::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};

use super::{Acquirer, Order, Placed, Standing};
use crate::config::Config;
use crate::kernel::{Clock, Entropy, Failure, Fault};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::secret::hex;

pub const NAME: &str = "sandbox";
/// As at real acquirers: an unpaid payment is cancelled after an hour.
const TIME_TO_PAY: TimeDelta = TimeDelta::hours(1);

#[derive(Clone, Debug)]
pub struct Sandbox {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    config: Arc<Config>,
}

/// What a person does on the bank's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Pay,
    Refuse,
    ThreeDSecureFailed,
}

impl Outcome {
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "pay" => Some(Self::Pay),
            "refuse" => Some(Self::Refuse),
            "three_d_secure_failed" => Some(Self::ThreeDSecureFailed),
            _ => None,
        }
    }
}

impl Sandbox {
    pub fn new(mechanisms: &Mechanisms) -> Self {
        let Mechanisms { db, clock, entropy, config, .. } = mechanisms.clone();
        Self { db, clock, entropy, config }
    }

    pub async fn find(&self, id: &str) -> Result<Option<Model>, Fault> {
        Ok(Entity::find_by_id(id.to_owned()).one(self.db.read()).await?)
    }

    /// Decides a pending payment; a second decision changes nothing.
    pub async fn decide(&self, id: &str, outcome: Outcome) -> Result<Option<Model>, Fault> {
        let now = self.clock.now();
        let decided = self.db.transaction(|tx| async move {
            let found = Entity::find_by_id(id.to_owned()).lock_exclusive().one(&*tx).await?;
            let Some(payment) = found.filter(|payment| payment.status == SandboxStatus::Pending) else { return Ok(()) };
            let (status, failure) = match outcome {
                _ if payment.created_at + TIME_TO_PAY <= now => {
                    (SandboxStatus::Canceled, Some("expired_on_confirmation"))
                }
                Outcome::Pay => (SandboxStatus::Succeeded, None),
                Outcome::Refuse => (SandboxStatus::Canceled, Some("general_decline")),
                Outcome::ThreeDSecureFailed => (SandboxStatus::Canceled, Some("3d_secure_failed")),
            };
            let change = ActiveModel {
                status: Set(status),
                failure: Set(failure.map(str::to_owned)),
                decided_at: Set(Some(now)),
                ..Default::default()
            };
            Entity::update_many().set(change).filter(Column::Id.eq(id)).exec(&*tx).await?;
            Ok::<_, Failure<Infallible>>(())
        });
        decided.await?;
        self.find(id).await
    }
}

#[async_trait]
impl Acquirer for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn place(&self, order: &Order) -> Result<Placed, Fault> {
        let row = Model {
            id: hex(&self.entropy.bytes::<16>()?),
            idempotence_key: order.idempotence_key.clone(),
            amount: order.amount,
            description: order.description.clone(),
            return_url: order.return_url.clone(),
            status: SandboxStatus::Pending,
            failure: None,
            created_at: self.clock.now(),
            decided_at: None,
        };
        let row = &row;
        let placed = self.db.transaction(|tx| async move {
            let once = OnConflict::column(Column::IdempotenceKey).do_nothing().to_owned();
            Entity::insert(row.clone().into_active_model()).on_conflict(once).exec_without_returning(&*tx).await?;
            let first = Entity::find().filter(Column::IdempotenceKey.eq(&row.idempotence_key)).one(&*tx).await?;
            Ok::<_, Failure<Infallible>>(first)
        });
        let first = placed.await?.ok_or_else(|| Fault::internal("the sandbox lost a payment"))?;
        if first.amount != order.amount {
            return Err(Fault::internal("the sandbox knows the key with another sum"));
        }
        let confirmation_url = format!("{}/sandbox/payments/{}", self.config.http.public_url, first.id);
        Ok(Placed { acquirer_payment_id: first.id, confirmation_url })
    }

    async fn standing(&self, id: &str) -> Result<Standing, Fault> {
        let payment = self.find(id).await?.ok_or_else(|| Fault::internal("the sandbox knows no such payment"))?;
        Ok(match payment.status {
            SandboxStatus::Succeeded => Standing::Succeeded { amount: payment.amount },
            SandboxStatus::Canceled => Standing::Canceled { reason: payment.failure.unwrap_or_default() },
            SandboxStatus::Pending if payment.created_at + TIME_TO_PAY <= self.clock.now() => {
                Standing::Canceled { reason: "expired_on_confirmation".to_owned() }
            }
            SandboxStatus::Pending => Standing::Pending,
        })
    }

    /// As YooKassa's: `{"object": {"id": "…"}}`.
    fn subject_of(&self, notification: &[u8]) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(notification).ok()?;
        body.pointer("/object/id")?.as_str().map(str::to_owned)
    }
}
