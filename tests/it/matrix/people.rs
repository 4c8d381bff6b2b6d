//! Who asks, and what they ask about: the roles of the table and the values of its placeholders.

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use crate::harness::{Authenticator, Customer, PASSWORD, TestApp, agreements, sample};
use crate::metering::{attach, attach_limited, meter, submit};
use crate::payments;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Anonymous,
    Unconfirmed,
    Confirmed,
    Limited,
    Other,
    /// The password was right, and the code of the second factor is not given yet.
    Pending,
}

impl Role {
    pub const ALL: [Self; 6] =
        [Self::Anonymous, Self::Unconfirmed, Self::Confirmed, Self::Limited, Self::Other, Self::Pending];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Unconfirmed => "unconfirmed",
            Self::Confirmed => "confirmed",
            Self::Limited => "limited",
            Self::Other => "other",
            Self::Pending => "pending",
        }
    }

    /// Whether they ask about themselves where a person is asked about; the others ask about the owner.
    const fn asks_about_self(self) -> bool {
        matches!(self, Self::Unconfirmed | Self::Confirmed | Self::Limited | Self::Pending)
    }
}

/// Someone in a role.
pub struct Asker {
    pub role: Role,
    pub customer: Customer,
    email: String,
    user: Value,
    session: Value,
}

/// The account that everything is about, and its owner.
pub struct World<'a> {
    app: &'a TestApp,
    owner: Asker,
    account: String,
    meter: Value,
    reading: Value,
    statement: Value,
    payment: String,
    submission: Value,
    share: Value,
    request: Value,
}

/// The sample account.
const ACCOUNT: &str = "debt";
/// As many as hash their passwords without a queue.
const AT_ONCE: usize = 8;

impl<'a> World<'a> {
    pub async fn prepare(app: &'a TestApp) -> Self {
        let customer = app.confirmed_customer("owner@example.com").await;
        let account = attach(&customer, ACCOUNT).await;
        let page = meter(&customer, &account).await;
        let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { statement { id } } } }";
        let statement = customer.ask(query, json!({ "id": account })).await["node"]["statement"]["id"].take();
        let payment = payments::started(&customer, payments::custom(&account, "100.00", "matrix")).await.id;
        let submission = page.reading(1);
        let sent = submit(&customer, json!([submission])).await;
        let reading = sent["readings"][0]["id"].clone();
        assert!(statement.is_string() && reading.is_string(), "{statement} {sent}");
        let share = offered(&customer, &account, "friend@example.com").await;
        let input = json!({ "topic": "BILL", "text": "?", "personalAccountId": account });
        let asked = customer.mutate("sendSupportRequest", "supportRequest { id }", input).await;
        let request = asked["supportRequest"]["id"].clone();
        let owner = Asker::who_is(Role::Confirmed, customer, "owner@example.com".to_owned()).await;
        let submission = json!({ "meterId": page.id, "values": submission["values"], "confirmWarnings": true });
        let meter = json!(page.id);
        Self { app, owner, account, meter, reading, statement, payment, submission, share, request }
    }

    pub fn owner(&self) -> &Asker {
        &self.owner
    }

    /// Fresh people, one for each name: what one of them does to a cabinet is nothing to the next.
    pub async fn people(&self, wanted: Vec<(Role, String)>) -> Vec<Asker> {
        let known = |(role, _): &&(Role, String)| *role != Role::Anonymous;
        let register =
            wanted.iter().filter(known).map(|(_, email)| async { self.app.customer().register(email).await });
        stream::iter(register).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        self.app.drain().await;
        let people = wanted.into_iter().map(|(role, email)| self.one(role, email));
        let people = stream::iter(people).buffered(AT_ONCE).collect().await;
        // A proof each would be more than an account bears in an hour.
        let proved = "UPDATE attachments SET access = 'FULL', proved_at = attached_at \
                      WHERE user_id IN (SELECT id FROM users WHERE email LIKE '%confirmed@example.com' \
                      OR email LIKE '%pending@example.com')";
        self.app.sql(proved).await;
        people
    }

    async fn one(&self, role: Role, email: String) -> Asker {
        let mut customer = self.app.customer();
        if role == Role::Anonymous {
            return Asker { role, customer, email, user: Value::Null, session: Value::Null };
        }
        let token = self.app.confirmation_token(&email);
        if role != Role::Unconfirmed {
            assert_eq!(customer.confirm(&token).await["userErrors"], json!([]));
        }
        customer.sign_in(&email).await;
        if matches!(role, Role::Confirmed | Role::Limited | Role::Pending) {
            assert_eq!(attach_limited(&customer, ACCOUNT).await, self.account);
        }
        let asker = Asker::who_is(role, customer, email).await;
        if role == Role::Pending { self.forget_the_code(asker).await } else { asker }
    }

    /// Sets up a second factor and comes back without a code.
    async fn forget_the_code(&self, mut asker: Asker) -> Asker {
        let begun =
            asker.customer.mutate("beginTwoFactor", "secret", json!({ "stepUp": { "password": PASSWORD } })).await;
        let code = Authenticator::new(begun["secret"].as_str().unwrap(), &self.app.clock).code();
        asker.customer.mutate("confirmTwoFactor", "recoveryCodes", json!({ "code": code })).await;
        asker.customer.token = None;
        let input = json!({ "email": asker.email, "password": PASSWORD });
        let payload = asker.customer.mutate("signIn", "token", input).await;
        assert_eq!(
            (&payload["token"], &payload["userErrors"][0]["code"]),
            (&Value::Null, &json!("TWO_FACTOR_REQUIRED"))
        );
        asker
    }

    /// What stands for `$name` when this person asks. A new placeholder is a new line here.
    pub async fn value(&self, asker: &Asker, name: &str) -> Value {
        let oneself = if asker.role.asks_about_self() { asker } else { &self.owner };
        match name {
            "account" => json!(self.account),
            "meter" => self.meter.clone(),
            "statement" => self.statement.clone(),
            "provider" => json!(asker.customer.provider_id(&sample(ACCOUNT).provider_code).await),
            "user" => oneself.user.clone(),
            "session" => oneself.session.clone(),
            "email" => json!(oneself.email),
            "password" => json!(PASSWORD),
            "newPassword" => json!("another horse 43"),
            "freshEmail" => json!(format!("fresh-{}", asker.email)),
            "agreements" => agreements(),
            "registerCaptcha" => json!(asker.customer.solve_captcha().await),
            "resetCaptcha" => json!(asker.customer.solve_captcha_for("RESET_PASSWORD").await),
            "confirmationToken" => json!(self.confirmation_token(asker).await),
            "reportToken" => json!(self.report_token(asker).await),
            "resetToken" => json!(self.reset_token(asker).await),
            "firstCode" => json!(self.first_code(asker).await),
            "twoFactorCode" => self.two_factor_code(asker).await,
            "changeToken" => json!(self.change_token(asker, "confirm").await),
            "cancelToken" => json!(self.change_token(asker, "cancel").await),
            "number" => json!(sample("overpaid").number),
            "numberProvider" => json!(asker.customer.provider_id(&sample("overpaid").provider_code).await),
            "pin" => json!(sample(ACCOUNT).pin),
            "ownReading" if matches!(asker.role, Role::Confirmed | Role::Limited) => {
                submit(&asker.customer, json!([self.submission])).await["readings"][0]["id"].take()
            }
            "ownPayment" if matches!(asker.role, Role::Confirmed | Role::Limited) => {
                json!(payments::started(&asker.customer, payments::custom(&self.account, "100.00", "own")).await.id)
            }
            "payment" | "ownPayment" => json!(self.payment),
            // Of who has FULL access and asks; else the owner's.
            "ownShare" if asker.role == Role::Confirmed => {
                offered(&asker.customer, &self.account, &format!("to-{}", asker.email)).await
            }
            "offer" if asker.role == Role::Other => offered(&self.owner.customer, &self.account, &asker.email).await,
            "share" | "ownShare" | "offer" => self.share.clone(),
            "ownRequest" if asker.role == Role::Confirmed => {
                let input = json!({ "topic": "OTHER", "text": "?" });
                let sent = asker.customer.mutate("sendSupportRequest", "supportRequest { id }", input).await;
                sent["supportRequest"]["id"].clone()
            }
            "request" | "ownRequest" => self.request.clone(),
            "reading" | "ownReading" => self.reading.clone(),
            "submission" => self.submission.clone(),
            "key" => json!(asker.email),
            _ => panic!("no placeholder ${name}: tests/it/matrix/people.rs, World::value, says what it stands for"),
        }
    }

    /// The id by which fields of a type are reached.
    pub async fn id(&self, asker: &Asker, type_name: &str) -> Value {
        let name = match type_name {
            "MeterReading" => "reading",
            "PersonalAccount" => "account",
            "SupportRequest" => "request",
            "User" | "Provider" | "Statement" | "Meter" | "Payment" => &type_name.to_lowercase(),
            _ => panic!("no id of a {type_name}: tests/it/matrix/people.rs, World::id, names one"),
        };
        self.value(asker, name).await
    }

    /// Of a cabinet that somebody has just registered.
    async fn confirmation_token(&self, asker: &Asker) -> String {
        let email = format!("to-confirm-{}", asker.email);
        self.app.customer().register(&email).await;
        self.app.drain().await;
        self.app.confirmation_token(&email)
    }

    /// Of the letter to the old mailbox of a cabinet whose address is being changed.
    async fn change_token(&self, asker: &Asker, page: &str) -> String {
        let email = format!("to-{page}-{}", asker.email);
        let customer = self.app.confirmed_customer(&email).await;
        let input = json!({ "newEmail": format!("new-{email}"), "stepUp": { "password": PASSWORD } });
        customer.mutate("requestEmailChange", "emailChange { newEmail }", input).await;
        self.app.drain().await;
        let letter = self.app.take_letters(&email).pop().unwrap();
        let (_, rest) = letter.text.split_once(&format!("/{page}-email-change?token=")).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// Of a cabinet in which somebody has just signed in from a new device.
    async fn report_token(&self, asker: &Asker) -> String {
        let email = format!("to-report-{}", asker.email);
        let mut elsewhere = self.app.confirmed_customer(&email).await;
        elsewhere.device = "elsewhere/1";
        elsewhere.sign_in(&email).await;
        self.app.drain().await;
        self.app.confirmation_token(&email)
    }

    /// Of a cabinet that somebody has just confirmed: nobody who asks loses a session by it.
    async fn reset_token(&self, asker: &Asker) -> String {
        let email = format!("to-reset-{}", asker.email);
        self.app.confirmed_customer(&email).await;
        let captcha = asker.customer.solve_captcha_for("RESET_PASSWORD").await;
        let input = json!({ "email": email, "captcha": captcha });
        asker.customer.mutate("requestPasswordReset", "email", input).await;
        self.app.drain().await;
        self.app.confirmation_token(&email)
    }

    /// Of an app that the person has just told the secret; for who may not have one, any.
    async fn first_code(&self, asker: &Asker) -> String {
        if matches!(asker.role, Role::Anonymous | Role::Unconfirmed | Role::Pending) {
            return "000000".to_owned();
        }
        let input = json!({ "stepUp": { "password": PASSWORD } });
        let begun = asker.customer.mutate("beginTwoFactor", "secret", input).await;
        Authenticator::new(begun["secret"].as_str().unwrap(), &self.app.clock).code()
    }

    /// A recovery code of a factor that the person has just set up.
    async fn two_factor_code(&self, asker: &Asker) -> Value {
        let first = self.first_code(asker).await;
        if first == "000000" {
            return json!(first);
        }
        let confirmed = asker.customer.mutate("confirmTwoFactor", "recoveryCodes", json!({ "code": first })).await;
        confirmed["recoveryCodes"][0].clone()
    }
}

/// The id of a share that waits to be taken.
async fn offered(customer: &Customer, account: &str, email: &str) -> Value {
    let input = json!({ "personalAccountId": account, "email": email, "access": "VIEW" });
    let payload = customer.mutate("sharePersonalAccount", "share { id }", input).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    payload["share"]["id"].clone()
}

impl Asker {
    async fn who_is(role: Role, customer: Customer, email: String) -> Self {
        let mut viewer = customer.ask("{ viewer { id sessions { id } } }", json!({})).await["viewer"].take();
        let (user, session) = (viewer["id"].take(), viewer["sessions"][0]["id"].take());
        Self { role, customer, email, user, session }
    }
}
