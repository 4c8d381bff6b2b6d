//! The clients in `examples`, as integrators run them, against the real binary.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::harness::{Backend, Customer, PASSWORD, Server, Way, eventually, free_port, sample};

const EMAIL: &str = "anna@example.com";

fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(file)
}

/// The whole way; the letters come from the server's own mailbox, or to the client as the server's mail relay.
async fn walk(way: Way) {
    let client = example("journey/journey.mjs");
    let packages = client.with_file_name("node_modules");
    assert!(packages.is_dir(), "the npm packages are not installed: run `make test`");
    let mut server = Server::on(Box::pin(Backend::prepare(way)).await, way).await;
    let account = sample("debt");
    let mut command = Command::new("node");
    command.arg(client).args(["--url", &server.url, "--provider", &account.provider_code]);
    command.args(["--account", &account.number, "--pin", &account.pin]).stdin(Stdio::null());
    if way == Way::Full {
        let port = free_port().await.to_string();
        server.environment.push(("KABINET__MAIL__SMTP_URL".to_owned(), format!("smtp://127.0.0.1:{port}")));
        command.args(["--smtp", &port]);
    }
    server.start_again().await;
    let walked = tokio::task::spawn_blocking(move || command.output()).await.unwrap().expect("node is installed");
    let (told, complained) = (String::from_utf8_lossy(&walked.stdout), String::from_utf8_lossy(&walked.stderr));
    assert!(walked.status.success(), "{told}{complained}");
    assert!(told.ends_with("The whole way is walked.\n"), "{told}");
    // Nothing was left out on the way.
    for step in [
        "Registration",
        "LIMITED, no name",
        "PIN accepted: FULL",
        "the two statements join",
        "refused BELOW_PREVIOUS",
        "refused TOO_MANY_DIGITS",
        "refused FUTURE_DATE",
        "the same key gave the same payment",
        "1 missed event(s) received, nothing twice",
    ] {
        assert!(told.contains(step), "{step} in {told}");
    }
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journey_is_walked_embedded() {
    Box::pin(walk(Way::Embedded)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journey_is_walked_full() {
    Box::pin(walk(Way::Full)).await;
}

/// A client that follows balances, with what it prints in a file.
struct Follower {
    process: Child,
    printed: PathBuf,
}

impl Follower {
    fn of(person: &Customer, printed: PathBuf) -> Self {
        let mut command = Command::new("node");
        command.arg(example("follow-sse.mjs")).args(["--url", &person.url, "--token", person.token.as_ref().unwrap()]);
        let output = File::create(&printed).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        Self { process: command.spawn().expect("node is installed"), printed }
    }

    fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    fn payments(&self) -> Vec<String> {
        let printed = std::fs::read_to_string(&self.printed).unwrap();
        printed.lines().filter(|line| line.contains("PAYMENT")).map(str::to_owned).collect()
    }

    async fn hears(&self, count: usize) -> Vec<String> {
        eventually("the follower hears", async || {
            let payments = self.payments();
            (payments.len() >= count).then_some(payments)
        })
        .await
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Pays at the bank's page, and waits until the payment is in the balance.
async fn pay(person: &Customer, account: &str, amount: &str) {
    let before = person.balance(account).await;
    let input = json!({ "personalAccountId": account, "amount": { "custom": amount }, "idempotencyKey": amount });
    let payload = person.mutate("startPayment", "payment { confirmationUrl }", input).await;
    let page = payload["payment"]["confirmationUrl"].as_str().unwrap_or_else(|| panic!("{payload}"));
    let form = reqwest::Client::new().post(page).header("content-type", "application/x-www-form-urlencoded");
    form.body("outcome=pay").send().await.unwrap();
    eventually("the payment", async || (person.balance(account).await != before).then_some(())).await;
}

/// What happens while the follower is away comes when it is back, once.
async fn follow(way: Way) {
    let mut server = Server::on(Box::pin(Backend::prepare(way)).await, way).await;
    let admin = format!("127.0.0.1:{}", free_port().await);
    server.environment.push(("KABINET__ADMIN__LISTEN".to_owned(), admin.clone()));
    server.start_again().await;
    let mut person = server.customer();
    person.register(EMAIL).await;
    let token = server.confirmation_token(EMAIL).await;
    person.confirm(&token).await;
    assert!(person.try_to_sign_in(EMAIL, PASSWORD).await);
    let debtor = sample("debt");
    let account = person.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    // As docs/integrators.md says: with a token that is good for this alone.
    let wish = json!({ "name": "follower", "scopes": ["BALANCE"], "stepUp": { "password": PASSWORD } });
    let made = person.mutate("createAccessToken", "token", wish).await;
    let mut script = person.clone();
    script.token = made["token"].as_str().map(str::to_owned);
    assert!(script.token.is_some(), "{made}");
    let follower = Follower::of(&script, server.log().with_file_name("followed.log"));
    eventually("the subscription is open", async || {
        let figures = reqwest::get(format!("http://{admin}/metrics")).await.unwrap().text().await.unwrap();
        figures.contains("kabinet_subscriptions_open 1\n").then_some(())
    })
    .await;
    pay(&person, &account, "11.51").await;
    let first = follower.hears(1).await;
    assert!(first[0].contains(&debtor.number) && first[0].contains("11.51"), "{first:?}");

    // Held still, so that the next payment is over before it comes back.
    follower.signal("STOP");
    server.crash(&mut person).await;
    pay(&person, &account, "22.52").await;
    follower.signal("CONT");
    follower.hears(2).await;
    pay(&person, &account, "33.53").await;
    let heard = follower.hears(3).await;
    for (line, amount) in heard.iter().zip(["11.51", "22.52", "33.53"]) {
        assert!(line.contains(amount), "{heard:?}");
    }
    assert_eq!(heard.len(), 3, "{heard:?}");
    drop(follower);
    server.clean_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_of_events_misses_nothing_embedded() {
    Box::pin(follow(Way::Embedded)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_of_events_misses_nothing_full() {
    Box::pin(follow(Way::Full)).await;
}
