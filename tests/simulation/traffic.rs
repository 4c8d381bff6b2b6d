//! What becomes of calls, and the time that passes.

use chrono::TimeDelta;
use kabinet::payments::acquirer::yookassa::transport::{Broken, Reply};
use kabinet::payments::autopay::event::RunAutopay;
use kabinet::platform::outbox::{Job, Lane};
use sea_orm::{ConnectionTrait, Statement};

use super::network::Waiting;
use super::tally::Tally;
use super::world::World;

impl World {
    /// Decides what becomes of a call, and lets its caller go on.
    pub(super) async fn deliver(&mut self) {
        let number = self.pick(self.network.waiting());
        let Waiting { ticket, call, answer } = self.network.take(number);
        if call.path.starts_with("/payments?") {
            self.tally.searches += 1;
        }
        let unanswered = || Err(Broken::Unanswered("lost".to_owned()));
        let fate = if self.outage { [0, 10, 26][self.pick(3)] } else { self.roll(100) };
        self.say(|| format!("{} {} meets {fate}", call.method, call.path));
        let reply = match fate {
            0..6 => {
                self.tally.lost_requests += 1;
                unanswered()
            }
            6..10 => Err(Broken::NotSent("no connection".to_owned())),
            10..20 => {
                self.tally.lost_answers += 1;
                let _ = self.network.arrive(&call).await;
                unanswered()
            }
            20..26 => {
                self.tally.late_requests += 1;
                self.late.push((self.clock.now(), call.clone()));
                unanswered()
            }
            26..30 => Ok(Reply { status: 502, body: b"<html>".to_vec() }),
            30..34 => {
                self.tally.doubled_requests += 1;
                let _ = self.network.arrive(&call).await;
                self.network.arrive(&call).await
            }
            _ => self.network.arrive(&call).await,
        };
        let _ = answer.send(reply);
        self.go_on(ticket).await;
    }

    pub(super) async fn arrive_late(&mut self) {
        if self.late.is_empty() {
            return;
        }
        let number = self.pick(self.late.len());
        let (_, call) = self.late.remove(number);
        self.say(|| format!("late {} {}", call.method, call.path));
        let _ = self.network.arrive(&call).await;
    }

    /// Nothing is on its way for longer than a quarter of an hour.
    pub(super) async fn pass_time(&mut self) {
        let seconds = match self.roll(20) {
            0..8 => 1,
            8..14 => 10,
            14..18 => 60,
            18 => 600,
            _ if self.outage => 21_600,
            _ if self.roll(2) == 0 => 90_000,
            _ => 7_200,
        };
        if seconds >= 10 {
            self.time_out().await;
        }
        self.clock.advance(TimeDelta::seconds(seconds));
        let oldest = self.clock.now() - TimeDelta::minutes(15);
        self.late.retain(|(sent, _)| *sent > oldest);
    }

    /// No call waits for longer than nine seconds.
    pub(super) async fn time_out(&mut self) {
        while self.network.waiting() > 0 {
            let Waiting { ticket, call, answer } = self.network.take(0);
            if self.roll(2) == 0 {
                self.late.push((self.clock.now(), call));
            }
            let _ = answer.send(Err(Broken::Unanswered("too late".to_owned())));
            self.go_on(ticket).await;
        }
    }

    pub(super) async fn go_on(&mut self, ticket: u64) {
        if let Some(place) = self.running.iter().position(|(waiting, _)| *waiting == ticket) {
            let (_, operation) = self.running.remove(place);
            self.step(operation).await;
        }
    }

    pub(super) async fn bank_ids(&self, which: &str) -> Vec<String> {
        let read = self.app.mechanisms.db.read();
        let sql = format!("SELECT id FROM sandbox_payments {which} ORDER BY created_at, id");
        let rows = read.query_all_raw(Statement::from_string(read.get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| row.try_get("", "id").unwrap()).collect()
    }

    pub async fn pending_at_bank(&self) -> Vec<String> {
        self.bank_ids("WHERE status = 'pending'").await
    }

    pub async fn all_at_bank(&self) -> Vec<String> {
        self.bank_ids("").await
    }

    /// Everything is well from now on, for as long as it takes.
    pub async fn end(mut self) -> Tally {
        self.late.clear();
        self.outage = false;
        // Those that still wait are answered by nobody: the process ends, and begins anew.
        self.crash().await;
        self.late.clear();
        self.quiet_since = Some(self.clock.now());
        // The timetable does it every hour; a crash may have come between.
        self.app.services.payments.plan_autopays().await.unwrap();
        self.pass_quietly(10, TimeDelta::hours(4)).await;
        // An autopay that comes to nothing is tried again after a day, and after two more.
        self.pass_quietly(11, TimeDelta::hours(8)).await;
        // Nothing begins any more, and what has begun comes to its end: after a day, when the bank has never heard of it.
        self.check_due_autopays().await;
        self.pause_all().await;
        self.pass_quietly(5, TimeDelta::hours(8)).await;
        self.drain().await;
        self.compare().await;
        self.check().await;
        self.app.mechanisms.db.clone().close().await;
        self.tally
    }

    async fn pass_quietly(&mut self, times: u32, pause: TimeDelta) {
        for _ in 0..times {
            self.drain().await;
            // What has begun is looked after.
            self.clock.advance(TimeDelta::minutes(2));
            self.drain().await;
            self.clock.advance(pause);
        }
    }

    /// What nobody has told of is found by the daily comparison; then nothing differs.
    async fn compare(&mut self) {
        let days = (self.clock.now() - super::template::start()).num_days();
        for day in 0..=days {
            let day = (super::template::start() + TimeDelta::days(day)).date_naive();
            let payments = std::sync::Arc::clone(&self.app.services.payments);
            let mut comparing = Box::pin(async move { payments.reconcile("sandbox", day).await.unwrap() });
            let compared = loop {
                tokio::select! {
                    biased;
                    compared = &mut comparing => break compared,
                    () = self.network.parked.notified() => self.answer_all().await,
                }
            };
            let open: Vec<_> = compared.differences.iter().filter(|row| row.closed_at.is_none()).collect();
            self.need(open.is_empty(), || format!("the books differ: {open:?}"));
        }
    }

    async fn answer_all(&mut self) {
        while self.network.waiting() > 0 {
            let Waiting { call, answer, .. } = self.network.take(0);
            if call.path.starts_with("/payments?") {
                self.tally.searches += 1;
            }
            let _ = answer.send(self.network.arrive(&call).await);
        }
    }

    pub(super) async fn drain(&mut self) {
        for lane in [Lane::Effects, Lane::Letters] {
            while let Some(job) = self.app.mechanisms.outbox.lease(lane, 1).await.unwrap().pop() {
                self.say(|| format!("at the end {} {}", job.kind, job.payload));
                let (worker, pays) = (self.app.worker.clone(), job.kind == RunAutopay::KIND);
                let mut work = Box::pin(async move { worker.carry_out(job).await });
                loop {
                    tokio::select! {
                        biased;
                        () = &mut work => break,
                        () = self.network.parked.notified() => {
                            // Before the bank takes the money.
                            if pays {
                                self.check_begun_autopays().await;
                            }
                            self.answer_all().await;
                        }
                    }
                }
            }
        }
    }
}
