//! The network between kabinet and the bank: calls wait here until the world decides what becomes of them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use kabinet::payments::acquirer::sandbox::{Answer, Asked, NAME, Sandbox};
use kabinet::payments::acquirer::yookassa::transport::{Broken, Call, Reply, Transport};
use tokio::sync::{Notify, oneshot};

/// A call, by the ticket of its caller.
pub struct Waiting {
    pub ticket: u64,
    pub call: Call,
    pub answer: oneshot::Sender<Result<Reply, Broken>>,
}

#[derive(Clone, Default)]
pub struct Network {
    /// Of the process that runs: the bank's tables are in its database.
    bank: Arc<Mutex<Option<Sandbox>>>,
    waiting: Arc<Mutex<Vec<Waiting>>>,
    tickets: Arc<AtomicU64>,
    pub parked: Arc<Notify>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

#[async_trait]
impl Transport for Network {
    async fn call(&self, call: &Call) -> Result<Reply, Broken> {
        let (answer, answered) = oneshot::channel();
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed) + 1;
        self.waiting.lock().unwrap().push(Waiting { ticket, call: call.clone(), answer });
        self.parked.notify_one();
        // The sender goes when the process crashes; then nobody waits here either.
        answered.await.unwrap_or_else(|_| Err(Broken::Unanswered("crashed".to_owned())))
    }
}

impl Network {
    /// Calls arrive here from now on.
    pub fn connect(&self, bank: Sandbox) {
        *self.bank.lock().unwrap() = Some(bank);
    }

    pub fn waiting(&self) -> usize {
        self.waiting.lock().unwrap().len()
    }

    /// Of the call that was parked last.
    pub fn newest_ticket(&self) -> u64 {
        self.tickets.load(Ordering::Relaxed)
    }

    pub fn take(&self, number: usize) -> Waiting {
        self.waiting.lock().unwrap().remove(number)
    }

    /// The process has crashed: what it had sent may be on its way.
    pub fn forget_all(&self) -> Vec<Call> {
        self.waiting.lock().unwrap().drain(..).map(|waiting| waiting.call).collect()
    }

    /// The bank gets a call.
    pub async fn arrive(&self, call: &Call) -> Result<Reply, Broken> {
        let asked = Asked {
            method: call.method.to_owned(),
            path: call.path.clone(),
            idempotence_key: call.idempotence_key.clone(),
            shop: NAME.to_owned(),
            body: call.body.clone().unwrap_or_default(),
        };
        let bank = self.bank.lock().unwrap().clone().expect("the bank is connected");
        let answer = bank.answer(&asked).await.expect("the bank's tables answer");
        match answer {
            Answer { reset: true, .. } => Err(Broken::Unanswered("reset".to_owned())),
            Answer { status, body, .. } => Ok(Reply { status, body: body.to_string().into_bytes() }),
        }
    }
}
