//! The composition root: configuration → mechanisms → slices → outer layers. The only place that chooses backends.

mod consents;
pub mod demo;
pub mod demo_levers;
mod doors;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use redis::Client;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::Accounts;
use crate::billing::Billing;
use crate::config::Config;
use crate::consent::Consents;
use crate::exports::{Exports, Slices};
use crate::graphql::{Graphql, Observed, Services, documents};
use crate::http::gate::Gate;
use crate::http::graphql::door::Door;
use crate::http::live::Pace;
use crate::http::{DemoCard, Http, admin_routes, routes, serve};
use crate::identity::Identity;
use crate::integrators::api_client::ApiClients;
use crate::integrators::batch::Batches;
use crate::integrators::changes::{Changes, Sources};
use crate::integrators::undo::Undo;
use crate::integrators::uploads::Uploads;
use crate::integrators::webhooks::Webhooks;
use crate::kernel::{Clock, Entropy, Fault};
use crate::metering::Metering;
use crate::notifications::Notifications;
use crate::papers::Papers;
use crate::payments::Payments;
use crate::payments::acquirer::Acquirer;
use crate::payments::acquirer::sandbox::{InProcess, NAME, Sandbox};
use crate::payments::acquirer::yookassa::https::Https;
use crate::payments::acquirer::yookassa::pace::{PATIENCE, Paced};
use crate::payments::acquirer::yookassa::transport::Transport;
use crate::payments::acquirer::yookassa::{self, Yookassa};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::failpoint::Failpoints;
use crate::platform::keyvalue::{KeyValue, RedisKeys};
use crate::platform::mail::Mailer;
use crate::platform::metrics::{Metrics, Traffic};
use crate::platform::outbox::Outbox;
use crate::platform::outgoing::Outgoing;
use crate::platform::secret::SigningKey;
use crate::platform::wakeups::{RedisWakeups, Wakeups};
use crate::support::{Subjects, Support};
use crate::worker::Worker;

use doors::AppDoors;

/// How much longer than requests a shutdown waits for jobs: an orchestrator that gives 30 s must not have to kill.
const FOR_JOBS: Duration = Duration::from_secs(2);
/// And then for the admin address and the database's connections.
const FOR_CLOSING: Duration = Duration::from_secs(2);

/// What reaches out of the process and that tests bring themselves.
#[derive(Clone, Debug)]
pub struct Outside {
    pub clock: Clock,
    pub entropy: Entropy,
    /// None: as configured.
    pub mailer: Option<Mailer>,
    /// The way to the sandbox bank. None: inside the process.
    pub bank: Option<Arc<dyn Transport>>,
    pub failpoints: Failpoints,
}

impl Outside {
    pub fn real() -> Self {
        Self {
            clock: Clock::System,
            entropy: Entropy::System,
            mailer: None,
            bank: None,
            failpoints: Failpoints::of_environment(),
        }
    }
}

/// Where requests come in.
#[derive(Debug)]
pub struct Listeners {
    pub public: TcpListener,
    /// None: no figures.
    pub admin: Option<TcpListener>,
}

/// Everything, wired.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub mechanisms: Mechanisms,
    pub mailer: Mailer,
    pub sandbox: Sandbox,
    pub services: Services,
    pub papers: Arc<Papers>,
    pub webhooks: Arc<Webhooks>,
    pub worker: Worker,
    pub traffic: Traffic,
    pub metrics: Arc<Metrics>,
    last_look: Arc<watch::LastLook>,
}

/// The bank behind the sandbox, and YooKassa where a shop is configured.
fn acquirers(mechanisms: &Mechanisms, sandbox: &Sandbox, bank: Option<Arc<dyn Transport>>) -> Vec<Arc<dyn Acquirer>> {
    let bank = bank.unwrap_or_else(|| Arc::new(InProcess(sandbox.clone())));
    let mut acquirers: Vec<Arc<dyn Acquirer>> = vec![Arc::new(Yookassa::new(NAME, NAME.to_owned(), bank))];
    if let Some(shop) = &mechanisms.config.payments.yookassa {
        let https = Arc::new(Https::new(mechanisms.outgoing.clone(), shop));
        let way = Arc::new(Paced::new(https, mechanisms.clock.clone(), shop.calls, PATIENCE));
        acquirers.push(Arc::new(Yookassa::new(yookassa::NAME, shop.id.clone(), way)));
    }
    acquirers
}

impl App {
    /// # Errors
    /// The database does not answer, or a part refuses its configuration.
    pub async fn build(config: Config, outside: Outside) -> Result<Self, Fault> {
        let config = Arc::new(config);
        let outside = Outside { clock: demo_levers::clock_of(outside.clock, &config), ..outside };
        let mechanisms = Box::pin(mechanisms(&config, &outside)).await?;
        let mailer = match outside.mailer {
            Some(mailer) => mailer,
            None => Mailer::new(&config)?,
        };
        let signing_key = match &config.secret_key {
            Some(key) => SigningKey::new(key.clone()),
            None => SigningKey::kept_in(&config.data_dir, &outside.entropy)?,
        };
        let identity = Arc::new(Identity::new(mechanisms.clone(), signing_key.clone())?);
        let webhooks = Arc::new(Webhooks::new(&mechanisms, &signing_key)?);
        let accounts = Arc::new(Accounts::new(&mechanisms));
        let consents = Arc::new(Consents::new(&mechanisms, signing_key.clone()));
        let metering = Arc::new(Metering::new(&mechanisms, signing_key));
        let billing = Arc::new(Billing::new(&mechanisms));
        let sandbox = Sandbox::new(&mechanisms);
        let acquirers = acquirers(&mechanisms, &sandbox, outside.bank);
        let payments = Arc::new(Payments::new(
            &mechanisms,
            Arc::clone(&accounts),
            Arc::clone(&metering),
            Arc::clone(&billing),
            acquirers,
        ));
        let subjects = Subjects::of(&accounts, &metering, &billing, &payments);
        let support = Arc::new(Support::new(&mechanisms, subjects));
        let slices = Slices {
            support: Arc::clone(&support),
            consents: Arc::clone(&consents),
            identity: Arc::clone(&identity),
            accounts: Arc::clone(&accounts),
            metering: Arc::clone(&metering),
            billing: Arc::clone(&billing),
            payments: Arc::clone(&payments),
        };
        let exports = Arc::new(Exports::new(&mechanisms, slices));
        let sources = (Arc::clone(&accounts), Arc::clone(&metering), Arc::clone(&billing), Arc::clone(&payments));
        let papers = Arc::new(Papers::new(sources, outside.clock.clone()));
        let notifications = Arc::new(Notifications::new(mailer.clone(), outside.clock.clone(), Arc::clone(&config))?);
        let api_clients = Arc::new(ApiClients::new(&mechanisms));
        let batches =
            Arc::new(Batches::new(&mechanisms, Arc::clone(&accounts), Arc::clone(&metering), Arc::clone(&payments)));
        let undo = Arc::new(Undo::new(&mechanisms, Arc::clone(&accounts), Arc::clone(&payments)));
        let changes = Arc::new(Changes::new(&mechanisms, Sources::of(&accounts, &metering, &billing, &payments)));
        let worker = Worker {
            mechanisms: mechanisms.clone(),
            identity: Arc::clone(&identity),
            accounts: Arc::clone(&accounts),
            consents: Arc::clone(&consents),
            payments: Arc::clone(&payments),
            exports: Arc::clone(&exports),
            api_clients: Arc::clone(&api_clients),
            changes: Arc::clone(&changes),
            support: Arc::clone(&support),
            webhooks: Arc::clone(&webhooks),
            batches: Arc::clone(&batches),
            uploads: Arc::new(Uploads::new(&mechanisms, Arc::clone(&accounts), Arc::clone(&undo))),
            sandbox: sandbox.clone(),
            notifications,
        };
        let services = Services {
            identity,
            accounts,
            consents,
            metering,
            billing,
            payments,
            exports,
            api_clients,
            batches,
            undo,
            changes,
            support,
            webhooks: Arc::clone(&webhooks),
            wakeups: mechanisms.wakeups.clone(),
            clock: outside.clock,
            config: Arc::clone(&config),
        };
        let traffic = Traffic::default();
        let metrics = Metrics::new(&traffic, mechanisms.db.measured(), services.identity.sessions.looks());
        Ok(Self {
            config,
            mechanisms,
            mailer,
            sandbox,
            services,
            papers,
            webhooks,
            worker,
            traffic,
            metrics: Arc::new(metrics),
            last_look: Arc::default(),
        })
    }

    /// As `build`, over a database that has every table: for a command that does its work and ends.
    ///
    /// # Errors
    /// As `build`; and steps of the schema are missing, which `kabinet migrate` takes.
    pub async fn open(config: Config, outside: Outside) -> Result<Self, Fault> {
        let app = Box::pin(Self::build(config, outside)).await?;
        match app.mechanisms.db.pending_migrations().await? {
            0 => Ok(app),
            steps => {
                app.mechanisms.db.close().await;
                Err(Fault::unavailable(format!(
                    "the database lacks {steps} steps of this version's schema: run `kabinet migrate` (`kabinet serve` does so too)"
                )))
            }
        }
    }

    /// Serves and works until `shutdown`, then finishes what was accepted and closes the database.
    pub async fn run(
        self,
        listeners: Listeners,
        demo: Option<DemoCard>,
        shutdown: CancellationToken,
    ) -> std::io::Result<()> {
        let wakeups = self.mechanisms.wakeups.clone();
        let hearing = tokio::spawn(async move { wakeups.hear_others().await });
        // The worker goes on while requests are finished: they may still enqueue.
        let resting = CancellationToken::new();
        let working = tokio::spawn(self.worker.clone().run(shutdown.clone(), resting.clone()));
        let last_call = tokio::spawn(after(shutdown.clone(), self.config.http.shutdown + FOR_JOBS));
        let Listeners { public, admin } = listeners;
        // Probed until the end of the shutdown.
        let (watcher, draining, unwatched) = (self.clone(), shutdown.clone(), CancellationToken::new());
        let until = unwatched.clone();
        let watching =
            admin.map(|listener| tokio::spawn(async move { watcher.serve_admin(listener, draining, until).await }));
        self.serve(public, demo, shutdown).await?;
        resting.cancel();
        tokio::select! {
            ended = working => if let Err(cause) = ended {
                tracing::error!(%cause, "the worker broke off");
            },
            _ = last_call => tracing::warn!("a job was not finished in time; it is carried out again when its lease ends"),
        }
        hearing.abort();
        unwatched.cancel();
        let closing = async {
            if let Some(watching) = watching
                && let Err(cause) = watching.await
            {
                tracing::error!(%cause, "the admin address broke off");
            }
            if let Err(fault) = self.services.consents.write_calls().await {
                tracing::warn!(%fault, "what apps asked last was not written down");
            }
            self.mechanisms.db.close().await;
        };
        tokio::select! {
            () = closing => {}
            () = tokio::time::sleep(FOR_CLOSING) => tracing::warn!("connections were still open at the end"),
        }
        Ok(())
    }

    /// Serves without a worker: tests run the jobs themselves.
    pub async fn serve(
        &self,
        listener: TcpListener,
        demo: Option<DemoCard>,
        shutdown: CancellationToken,
    ) -> std::io::Result<()> {
        let tasks = TaskTracker::new();
        let http = self.http(demo, shutdown.clone(), tasks.clone())?;
        serve(listener, Arc::new(routes(Arc::new(http))), &self.config.http, shutdown, &tasks).await
    }

    /// Figures and probes, on an address that customers do not reach. They tell when `draining` has begun, and go on
    /// until `shutdown`.
    pub async fn serve_admin(
        &self,
        listener: TcpListener,
        draining: CancellationToken,
        shutdown: CancellationToken,
    ) -> std::io::Result<()> {
        let tasks = TaskTracker::new();
        // The figures tell of customers' requests, not of whoever reads the figures.
        let http = Http { traffic: Traffic::default(), ..self.http(None, draining, tasks.clone())? };
        serve(listener, Arc::new(admin_routes(Arc::new(http))), &self.config.http, shutdown, &tasks).await
    }

    fn http(
        &self,
        demo: Option<DemoCard>,
        shutdown: CancellationToken,
        tasks: TaskTracker,
    ) -> std::io::Result<Http<Observed<Graphql>>> {
        let graphql = &self.config.graphql;
        let documents = documents(graphql).map_err(std::io::Error::other)?;
        let consents = Arc::clone(&self.services.consents);
        Ok(Http {
            executor: Observed::new(Graphql::new(self.services.clone()), self.traffic.clone()),
            door: Door::new(documents, self.services.clock.clone(), graphql.budget)
                .heard_by(Box::new(move |grant, operations, address| consents.note_call(grant, operations, address))),
            doors: Arc::new(AppDoors(self.clone())),
            config: Arc::clone(&self.config),
            entropy: self.mechanisms.entropy.clone(),
            traffic: self.traffic.clone(),
            demo,
            pace: Pace::default(),
            live: Arc::default(),
            gate: Gate::new(&self.config.http),
            shutdown,
            tasks,
        })
    }
}

async fn after(shutdown: CancellationToken, pause: Duration) {
    shutdown.cancelled().await;
    tokio::time::sleep(pause).await;
}

async fn mechanisms(config: &Arc<Config>, outside: &Outside) -> Result<Mechanisms, Fault> {
    let (clock, entropy) = (outside.clock.clone(), outside.entropy.clone());
    let db = Db::connect(&config.database, &config.data_dir, entropy.clone()).await?;
    let db = db.with_failpoints(outside.failpoints.clone());
    let (keys, wakeups) = match &config.redis.url {
        None => (KeyValue::Embedded(db.clone(), clock.clone()), Wakeups::local()),
        Some(url) => {
            let client =
                Client::open(url.expose_secret()).map_err(|_| Fault::unavailable("redis.url cannot be understood"))?;
            let keys = RedisKeys::new(client.clone(), &config.redis.prefix, &entropy)?;
            let name = u64::from_be_bytes(entropy.bytes()?).to_string();
            let wakeups = Wakeups::through(RedisWakeups::start(client, &config.redis.prefix, &name));
            (KeyValue::Redis(keys, clock.clone()), wakeups)
        }
    };
    let outbox = Outbox::new(db.clone(), clock.clone(), entropy.clone(), config.worker.clone());
    let outgoing = Outgoing::default();
    Ok(Mechanisms { db, keys, outbox, wakeups, outgoing, clock, entropy, config: Arc::clone(config) })
}
