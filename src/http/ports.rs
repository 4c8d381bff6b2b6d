//! What this room asks of the rooms behind it.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::Locale;
use serde::Serialize;
use uuid::Uuid;

use crate::integrators::uploads::Uploads;
use crate::kernel::{Actor, Bearer, Fault, Person};

#[async_trait]
pub trait Doors: Send + Sync + 'static {
    /// Whose the token is; none when it is unknown or has ended.
    async fn bearer(&self, token: &str) -> Result<Option<Bearer>, Fault>;

    /// The same in a session only: files are not for scripts' and programs' tokens, which are good for fields.
    async fn session(&self, token: &str) -> Result<Option<Person>, Fault> {
        let person = self.bearer(token).await?.and_then(Bearer::person);
        Ok(person.filter(|person| person.scopes.is_none()))
    }

    /// The same, but no use of the session: a connection that only waits must not keep it alive. Asks the store itself.
    async fn look(&self, token: &str) -> Result<Option<Bearer>, Fault>;

    /// Tells of sessions that may have ended, through this instance or another. Returns never.
    async fn hear_of_endings(&self, tell: &(dyn Fn(Ended) + Send + Sync));

    /// A token for a program that has proved itself by its secret; `wanted` are scopes, by default all that it has.
    async fn grant_token(&self, proof: &ClientProof, wanted: Option<&str>) -> Result<Grant, Fault>;

    /// Whether an app may ask a person for this, before anybody is asked or sent anywhere.
    async fn consent_request(&self, asked: &ConsentAsked) -> Result<ConsentRequest, Fault>;

    /// What the person is shown of it.
    async fn consent_page(&self, person: &Person, asked: &ConsentAsked, locale: Locale) -> Result<ConsentPage, Fault>;

    /// The person's answer, by the form of that page.
    async fn decide_consent(
        &self,
        actor: &Actor,
        asked: &ConsentAsked,
        given: ConsentGiven,
    ) -> Result<ConsentAnswer, Fault>;

    /// Begins a session on a page, by the same rules as everywhere.
    async fn sign_in(
        &self,
        actor: &Actor,
        email: &str,
        password: &str,
        code: Option<String>,
    ) -> Result<SignInAnswer, Fault>;

    /// Tokens for an app that acts for a person: for a code, or for a refresh token.
    async fn trade(&self, proof: &ClientProof, traded: &Traded, address: IpAddr) -> Result<Grant, Fault>;

    /// What a token of the same program or app is good for. `Err`: the program has not proved itself.
    async fn introspect(
        &self,
        proof: &ClientProof,
        token: &str,
        address: IpAddr,
    ) -> Result<Result<Option<TokenFacts>, Unproved>, Fault>;

    /// Ends a token of the same program or app; nothing for any other text. `Err`: the program has not proved itself.
    async fn revoke_token(
        &self,
        proof: &ClientProof,
        token: &str,
        address: IpAddr,
    ) -> Result<Result<(), Unproved>, Fault>;

    async fn confirm_email(&self, link: UsedLink) -> Result<LinkOutcome, Fault>;

    async fn reset_password(&self, link: UsedLink) -> Result<LinkOutcome, Fault>;

    /// The password of the link is not looked at.
    async fn confirm_email_change(&self, link: UsedLink) -> Result<LinkOutcome, Fault>;

    /// The password of the link is not looked at.
    async fn cancel_email_change(&self, link: UsedLink) -> Result<LinkOutcome, Fault>;

    async fn cancel_deletion(&self, link: UsedLink) -> Result<LinkOutcome, Fault>;

    /// The password of the link is not looked at.
    async fn report_foreign_sign_in(&self, link: UsedLink) -> Result<LinkOutcome, Fault>;

    /// The archive of the actor's own data by its id in the address. Written down as fetched.
    async fn open_export(&self, actor: &Actor, id: &str) -> Result<ExportAnswer, Fault>;

    /// A piece of an archive that was opened, counted from 0; none behind the last.
    async fn export_piece(&self, id: &str, position: i32) -> Result<Option<Vec<u8>>, Fault>;

    async fn sandbox_payment(&self, id: &str) -> Result<Option<SandboxPage>, Fault>;

    /// `outcome` is one of `pay`, `pay_sbp`, `pay_late`, `refuse`, `three_d_secure_failed`, `think`.
    async fn decide_sandbox_payment(&self, id: &str, outcome: &str) -> Result<Option<SandboxPage>, Fault>;

    /// How a payment stands whose payer has come back: `paid`, `open` or `canceled`; its acquirer is asked. None: no such one.
    async fn returned_payment(&self, id: &str) -> Result<Option<&'static str>, Fault>;

    /// A call of the sandbox bank's API over HTTP; none when nobody may call with this id and key.
    async fn sandbox_call(&self, call: SandboxCall) -> Result<Option<SandboxReply>, Fault>;

    /// Stores the notification that came from the address.
    async fn take_notification(&self, acquirer: &str, from: IpAddr, body: &[u8]) -> Result<Taken, Fault>;

    /// What stands behind a path below `/downloads/`; none of what is not there, not the bearer's, or asked for by a script.
    async fn paper(&self, bearer: &Bearer, path: &str, locale: Locale) -> Result<Option<Paper>, Fault>;

    /// Exports of providers' programs; none where nobody sends any.
    fn uploads(&self) -> Option<&Uploads> {
        None
    }

    /// The letters that were kept instead of sent; none where letters are sent.
    async fn mailbox(&self) -> Result<Option<Vec<MailboxMessage>>, Fault>;

    /// Each part that serves requests.
    async fn ready(&self) -> Vec<Check>;

    /// The figures in the text form of OpenMetrics.
    async fn metrics(&self) -> String;
}

/// What a provider's program or an app says it is, and the secret that shows it.
pub struct ClientProof {
    pub id: String,
    /// Empty of a public app.
    pub secret: String,
}

/// What an app asks a person for, as it stands in the address.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConsentAsked {
    pub client_id: String,
    pub redirect_uri: String,
    pub response_type: String,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub code_challenge: String,
    pub code_challenge_method: String,
}

/// Whether it may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentRequest {
    UnknownApp,
    /// None of the app's: nobody is sent there.
    UnknownAddress,
    /// What the app is told, by its word of RFC 6749, section 4.1.2.1.
    Wrong(&'static str),
    Good {
        /// Its name.
        app: String,
    },
}

/// What a person is shown who is asked for their leave.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentPage {
    pub email: String,
    /// What the app may do, after "it may".
    pub may: Vec<&'static str>,
    pub accounts: Vec<ConsentAccount>,
    /// Where the person is sent afterwards: the site.
    pub back: String,
    /// Binds the form to the session and to what was asked.
    pub form_token: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct ConsentAccount {
    pub id: String,
    pub provider: String,
    pub number: String,
    pub address: Option<String>,
}

/// What the person filled in.
pub struct ConsentGiven {
    pub approved: bool,
    /// Ids.
    pub accounts: Vec<String>,
    pub past: String,
    pub days: String,
    pub password: String,
    pub code: Option<String>,
    pub form_token: String,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// For the app, shown once.
    Code(String),
    Denied,
    /// What is lacking, by a word of the page's.
    Wrong(&'static str),
    /// The form was not made for this session and this question.
    Forged,
}

/// What becomes of a sign-in on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInAnswer {
    /// The session's token, for its cookie.
    Session(String),
    Refused {
        /// A word of the page's.
        why: &'static str,
        /// To wait.
        seconds: i64,
    },
}

/// What an app has in exchange for tokens.
#[derive(Clone, Debug)]
pub enum Traded {
    Code { code: String, redirect_uri: String, verifier: String },
    Refresh { token: String, scope: Option<String> },
}

/// No such program, or not its secret: which of them is told to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unproved;

/// What comes of asking for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    Unproved,
    /// A scope that there is not, or that the program has not.
    Scope,
    /// The code or the refresh token is none, used, or not for this.
    Invalid,
    Token {
        token: String,
        /// Of apps.
        refresh: Option<String>,
        seconds: i64,
        /// Words with spaces between.
        scope: String,
    },
}

/// What a token that still opens something is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    pub client_id: String,
    /// For whom an app acts.
    pub subject: Option<String>,
    /// Words with spaces between.
    pub scope: String,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A file for a person.
#[derive(Clone, Debug)]
pub struct Paper {
    /// Latin letters, digits, `-` and `.` only.
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// How a part is doing.
#[derive(Clone, Debug)]
pub struct Check {
    pub name: &'static str,
    /// Whether requests are unwelcome while it fails.
    pub needed: bool,
    /// The text of a failure is for the log.
    pub result: Result<(), String>,
    pub took: Duration,
}

/// Whose sessions may have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By its hash.
    Session(String),
    /// All of a person or of a provider's program, by its id.
    Holder(Uuid),
    /// News may have been missed.
    Any,
}

/// A letter's link with the password that was typed on its page.
pub struct UsedLink {
    pub token: String,
    /// Empty where the page asks for none.
    pub password: String,
    pub locale: Locale,
    pub address: IpAddr,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    Done,
    /// Another mailbox must confirm as well.
    Half,
    /// The token is unknown, used or expired.
    Expired,
    /// The password is not taken: why, for people. The link still works.
    Refused(String),
}

/// What comes of asking for an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportAnswer {
    /// Not there, or not for this person.
    Nothing,
    TooOften,
    Ready {
        /// Bytes.
        size: u64,
        asked_on: NaiveDate,
    },
}

/// What becomes of an acquirer's notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Stored,
    /// The acquirer is unknown or the body unreadable.
    Unreadable,
    /// Acquirers do not send from there.
    Stranger,
}

/// A call of the sandbox bank's API.
#[derive(Clone, Debug)]
pub struct SandboxCall {
    pub shop: String,
    pub key: String,
    pub method: &'static str,
    /// Behind `/sandbox/v3`, with the query.
    pub path: String,
    pub idempotence_key: Option<String>,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxReply {
    pub status: u16,
    /// `application/json` or, of a register, `text/csv`.
    pub kind: &'static str,
    pub body: String,
    /// The connection ends instead.
    pub reset: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxPage {
    pub id: String,
    /// Roubles as decimal text, `1956.85`.
    pub amount: String,
    pub description: String,
    /// `pending`, `waiting_for_capture`, `succeeded` or `canceled`.
    pub status: String,
    pub return_url: String,
    /// The QR code of СБП as an `<svg>` element, while the payment waits.
    pub qr_svg: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailboxMessage {
    pub id: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub sent_at: DateTime<Utc>,
}

/// The sign-in of the demonstration data, for the first page.
#[derive(Clone, Debug, Serialize)]
pub struct DemoCard {
    pub email: String,
    pub password: String,
    pub accounts: Vec<DemoAccount>,
}

#[derive(Clone, Debug, Serialize)]
pub struct DemoAccount {
    pub provider: String,
    pub number: String,
    pub pin: String,
}
