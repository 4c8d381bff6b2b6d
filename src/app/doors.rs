//! What the HTTP room asks for, answered by the slices.

use std::net::IpAddr;

use async_trait::async_trait;
use entity::enums::{ClientScope, Locale, PaymentStatus, SandboxStatus};
use entity::ids::PaymentId;

use super::{App, consents};
use crate::consent;
use crate::exports::download::Opened;
use crate::graphql::identity::password_message;
use crate::http::{
    Check, ClientProof, ConsentAnswer, ConsentAsked, ConsentGiven, ConsentPage, ConsentRequest, Doors, Ended,
    ExportAnswer, Grant, LinkOutcome, MailboxMessage, Paper, SandboxCall, SandboxPage, SandboxReply, SignInAnswer,
    Taken, TokenFacts, Traded, Unproved, UsedLink,
};
use crate::identity::email_change::Confirmed;
use crate::identity::error::{CancellationRefusal, ConfirmationRefusal, ReportRefusal, ResetRefusal};
use crate::integrators::api_client::error::TokenRefusal;
use crate::integrators::api_client::{self, token::Good};
use crate::integrators::uploads::Uploads;
use crate::kernel::{Actor, ApiClient, Bearer, ClientScopes, Failure, Fault, Person, type_id};
use crate::papers::{Table, Wanted};
use crate::payments::acquirer::sandbox::Asked;
use crate::payments::acquirer::sandbox::outcome::Choice;
use crate::payments::state::is_open;
use crate::platform::mail::Mailer;
use crate::platform::qr::svg;
use crate::platform::wakeups::Wake;

pub struct AppDoors(pub App);

#[async_trait]
impl Doors for AppDoors {
    async fn bearer(&self, token: &str) -> Result<Option<Bearer>, Fault> {
        if token.starts_with(api_client::TOKEN_PREFIX) {
            return Box::pin(self.client(token)).await;
        }
        if token.starts_with(consent::ACCESS_PREFIX) {
            return Box::pin(self.app(token)).await;
        }
        Ok(self.0.services.identity.find_bearer(token).await?.map(Bearer::Person))
    }

    async fn look(&self, token: &str) -> Result<Option<Bearer>, Fault> {
        if token.starts_with(api_client::TOKEN_PREFIX) {
            return Ok(self.0.services.api_clients.look(token).await?.map(Bearer::Client));
        }
        if token.starts_with(consent::ACCESS_PREFIX) {
            return self.app(token).await;
        }
        Ok(self.0.services.identity.look_for_bearer(token).await?.map(Bearer::Person))
    }

    async fn grant_token(&self, proof: &ClientProof, wanted: Option<&str>) -> Result<Grant, Fault> {
        let Some(id) = type_id::decode(&proof.id) else { return Ok(Grant::Unproved) };
        match self.0.services.api_clients.grant(id, &proof.secret, wanted).await {
            Ok(made) => Ok(Grant::Token {
                token: made.token,
                refresh: None,
                seconds: (made.expires_at - made.issued_at).num_seconds(),
                scope: spaced(made.scopes),
            }),
            Err(Failure::Refused(TokenRefusal::Unproved)) => Ok(Grant::Unproved),
            Err(Failure::Refused(TokenRefusal::Scope)) => Ok(Grant::Scope),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn consent_request(&self, asked: &ConsentAsked) -> Result<ConsentRequest, Fault> {
        consents::request(&self.0, asked).await
    }

    async fn consent_page(&self, person: &Person, asked: &ConsentAsked, locale: Locale) -> Result<ConsentPage, Fault> {
        consents::page(&self.0, person, asked, locale).await
    }

    async fn decide_consent(
        &self,
        actor: &Actor,
        asked: &ConsentAsked,
        given: ConsentGiven,
    ) -> Result<ConsentAnswer, Fault> {
        Box::pin(consents::decide(&self.0, actor, asked, given)).await
    }

    async fn sign_in(
        &self,
        actor: &Actor,
        email: &str,
        password: &str,
        code: Option<String>,
    ) -> Result<SignInAnswer, Fault> {
        Box::pin(consents::sign_in(&self.0, actor, email, password, code)).await
    }

    async fn trade(&self, proof: &ClientProof, traded: &Traded, address: IpAddr) -> Result<Grant, Fault> {
        Box::pin(consents::trade(&self.0, proof, traded, address)).await
    }

    async fn introspect(
        &self,
        proof: &ClientProof,
        token: &str,
        address: IpAddr,
    ) -> Result<Result<Option<TokenFacts>, Unproved>, Fault> {
        if let Some(claim) = consents::claim(proof, address) {
            return consents::introspect(&self.0, claim, token).await;
        }
        let clients = &self.0.services.api_clients;
        let Some(id) = type_id::decode(&proof.id) else { return Ok(Err(Unproved)) };
        if !clients.is_proved(id, &proof.secret).await? {
            return Ok(Err(Unproved));
        }
        let own = clients.find(token).await?.filter(|good| good.client.id == id);
        Ok(Ok(own.map(|Good { client, issued_at, expires_at }| TokenFacts {
            client_id: type_id::encode(client.id),
            subject: None,
            scope: spaced(client.scopes),
            issued_at,
            expires_at,
        })))
    }

    async fn revoke_token(
        &self,
        proof: &ClientProof,
        token: &str,
        address: IpAddr,
    ) -> Result<Result<(), Unproved>, Fault> {
        if let Some(claim) = consents::claim(proof, address) {
            return consents::revoke_token(&self.0, claim, token).await;
        }
        let clients = &self.0.services.api_clients;
        let Some(id) = type_id::decode(&proof.id) else { return Ok(Err(Unproved)) };
        if !clients.is_proved(id, &proof.secret).await? {
            return Ok(Err(Unproved));
        }
        clients.revoke_token(id, token).await?;
        Ok(Ok(()))
    }

    async fn hear_of_endings(&self, tell: &(dyn Fn(Ended) + Send + Sync)) {
        let mut listener = self.0.mechanisms.wakeups.listen();
        loop {
            let wake = listener.next().await;
            self.0.services.identity.sessions.hear_of_end(&wake);
            if !matches!(wake, Wake::Row(_)) {
                self.0.services.api_clients.look_anew();
            }
            match wake {
                Wake::SessionEnded(session) => tell(Ended::Session(session)),
                Wake::SessionsEnded(holder) => tell(Ended::Holder(holder)),
                Wake::Everything => tell(Ended::Any),
                Wake::Row(_) => {}
            }
        }
    }

    async fn confirm_email(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        match self.0.services.identity.confirm_email(link.address, &link.token, Some(link.password)).await {
            Ok(_) => Ok(LinkOutcome::Done),
            Err(Failure::Refused(ConfirmationRefusal::Password(refusal))) => {
                Ok(LinkOutcome::Refused(password_message(&refusal, link.locale)))
            }
            Err(Failure::Refused(_)) => Ok(LinkOutcome::Expired),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn reset_password(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        match self.0.services.identity.reset_password(link.address, &link.token, link.password).await {
            Ok(_) => Ok(LinkOutcome::Done),
            Err(Failure::Refused(ResetRefusal::Password(refusal))) => {
                Ok(LinkOutcome::Refused(password_message(&refusal, link.locale)))
            }
            Err(Failure::Refused(ResetRefusal::BadToken)) => Ok(LinkOutcome::Expired),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn confirm_email_change(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        match self.0.services.identity.confirm_email_change(link.address, None, &link.token).await {
            Ok(Confirmed::Whole(_)) => Ok(LinkOutcome::Done),
            Ok(Confirmed::Half(_)) => Ok(LinkOutcome::Half),
            Err(Failure::Refused(_)) => Ok(LinkOutcome::Expired),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn cancel_email_change(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        match self.0.services.identity.cancel_email_change(&link.token).await {
            Ok(()) => Ok(LinkOutcome::Done),
            Err(Failure::Refused(_)) => Ok(LinkOutcome::Expired),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn cancel_deletion(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        match self.0.services.identity.cancel_deletion_by_link(link.address, &link.token).await {
            Ok(()) => Ok(LinkOutcome::Done),
            Err(Failure::Refused(CancellationRefusal::BadToken)) => Ok(LinkOutcome::Expired),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn report_foreign_sign_in(&self, link: UsedLink) -> Result<LinkOutcome, Fault> {
        match self.0.services.identity.report_foreign_sign_in(link.address, &link.token).await {
            Ok(_) => Ok(LinkOutcome::Done),
            Err(Failure::Refused(ReportRefusal::BadToken)) => Ok(LinkOutcome::Expired),
            Err(Failure::Fault(fault)) => Err(fault),
        }
    }

    async fn open_export(&self, actor: &Actor, id: &str) -> Result<ExportAnswer, Fault> {
        let Some(person) = &actor.person else { return Ok(ExportAnswer::Nothing) };
        match self.0.services.exports.open(actor, person, type_id::decode(id)).await? {
            Opened::Nothing => Ok(ExportAnswer::Nothing),
            Opened::TooOften => Ok(ExportAnswer::TooOften),
            Opened::Archive(export) => {
                let size = u64::try_from(export.size.unwrap_or_default()).map_err(Fault::internal)?;
                Ok(ExportAnswer::Ready { size, asked_on: export.requested_at.date_naive() })
            }
        }
    }

    async fn export_piece(&self, id: &str, position: i32) -> Result<Option<Vec<u8>>, Fault> {
        let Some(id) = type_id::decode(id) else { return Ok(None) };
        self.0.services.exports.piece(id, position).await
    }

    async fn sandbox_payment(&self, id: &str) -> Result<Option<SandboxPage>, Fault> {
        self.0.sandbox.find(id).await?.map(|payment| self.page(payment)).transpose()
    }

    async fn decide_sandbox_payment(&self, id: &str, outcome: &str) -> Result<Option<SandboxPage>, Fault> {
        let Some(choice) = Choice::from_word(outcome) else { return self.sandbox_payment(id).await };
        self.0.sandbox.decide(id, choice).await?.map(|payment| self.page(payment)).transpose()
    }

    async fn returned_payment(&self, id: &str) -> Result<Option<&'static str>, Fault> {
        let (payments, id) = (&self.0.services.payments, type_id::decode::<PaymentId>(id));
        let Some(id) = id else { return Ok(None) };
        let Some(payment) = payments.payment_of_job(id).await? else { return Ok(None) };
        let payment = payments.look(payment).await;
        Ok(Some(match payment.status {
            status if is_open(status) => "open",
            PaymentStatus::Canceled => "canceled",
            _ => "paid",
        }))
    }

    async fn sandbox_call(&self, call: SandboxCall) -> Result<Option<SandboxReply>, Fault> {
        let SandboxCall { shop, key, method, path, idempotence_key, body } = call;
        if !self.0.sandbox.is_shop(&shop, &key) {
            return Ok(None);
        }
        if let Some(day) = path.strip_prefix("/registers/") {
            let register = self.0.sandbox.daily_register(&shop, day).await?;
            let (status, body) = register.map_or((404, String::new()), |register| (200, register));
            return Ok(Some(SandboxReply { status, kind: "text/csv; charset=utf-8", body, reset: false }));
        }
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let asked = Asked { method: method.to_owned(), path, idempotence_key, shop, body };
        let answer = self.0.sandbox.answer(&asked).await?;
        let body = answer.body.to_string();
        Ok(Some(SandboxReply { status: answer.status, kind: "application/json", body, reset: answer.reset }))
    }

    async fn take_notification(&self, acquirer: &str, from: IpAddr, body: &[u8]) -> Result<Taken, Fault> {
        let payments = &self.0.services.payments;
        if !payments.hears_from(acquirer, from) {
            return Ok(Taken::Stranger);
        }
        let stored = payments.take_notification(acquirer, body).await?;
        Ok(if stored { Taken::Stored } else { Taken::Unreadable })
    }

    async fn paper(&self, bearer: &Bearer, path: &str, locale: Locale) -> Result<Option<Paper>, Fault> {
        let person = match bearer {
            Bearer::Person(person) if person.scopes.is_none() => person,
            Bearer::Person(_) => return Ok(None),
            Bearer::Client(client) => return self.register(client, path).await,
        };
        let Some(wanted) = wanted(path) else { return Ok(None) };
        let made = self.0.papers.make(person, wanted, locale).await?;
        Ok(made.map(|made| Paper { name: made.name, content_type: made.content_type, bytes: made.bytes }))
    }

    fn uploads(&self) -> Option<&Uploads> {
        Some(self.0.worker.uploads.as_ref())
    }

    async fn mailbox(&self) -> Result<Option<Vec<MailboxMessage>>, Fault> {
        let Mailer::Folder(folder) = &self.0.mailer else { return Ok(None) };
        let shown = |kept: crate::platform::mail::Kept| MailboxMessage {
            id: kept.id,
            to: kept.to,
            subject: kept.subject,
            text: kept.text,
            html: Some(kept.html),
            sent_at: kept.sent_at,
        };
        Ok(Some(folder.list().await?.into_iter().map(shown).collect()))
    }

    async fn ready(&self) -> Vec<Check> {
        self.0.checks().await
    }

    async fn metrics(&self) -> String {
        self.0.figures().await
    }
}

/// A paper's address: its kind, the id, and what it is made as.
fn wanted(path: &str) -> Option<Wanted> {
    let (kind, rest) = path.split_once('/')?;
    match kind {
        "statements" => Some(Wanted::Statement(type_id::decode(rest.strip_suffix(".pdf")?)?)),
        "payments" => Some(Wanted::Receipt(type_id::decode(rest.strip_suffix(".pdf")?)?)),
        "accounts" => {
            let (id, table) = rest.split_once('/')?;
            let table = match table {
                "usage.csv" => Table::Usage,
                "bills.csv" => Table::Statements,
                "charges.csv" => Table::Charges,
                _ => return None,
            };
            Some(Wanted::Table(table, type_id::decode(id)?))
        }
        _ => None,
    }
}

/// As OAuth writes a list of scopes.
fn spaced(scopes: ClientScopes) -> String {
    scopes.words().replace(',', " ")
}

impl AppDoors {
    /// A file that told the program's provider of payments.
    async fn register(&self, client: &ApiClient, path: &str) -> Result<Option<Paper>, Fault> {
        let number = path.strip_prefix("registers/").and_then(|number| number.parse().ok());
        let Some(number) = number.filter(|_| client.scopes.iter().any(|scope| scope == ClientScope::Payments)) else {
            return Ok(None);
        };
        let found = self.0.services.payments.find_register(client.provider_id, number).await?;
        let content_type = "application/octet-stream";
        Ok(found.map(|register| Paper { name: register.file_name, content_type, bytes: register.content }))
    }

    async fn client(&self, token: &str) -> Result<Option<Bearer>, Fault> {
        Ok(self.0.services.api_clients.find(token).await?.map(|good| Bearer::Client(good.client)))
    }

    async fn app(&self, token: &str) -> Result<Option<Bearer>, Fault> {
        Ok(self.0.services.consents.find(token).await?.map(Bearer::Person))
    }

    fn page(&self, payment: entity::sandbox_payment::Model) -> Result<SandboxPage, Fault> {
        let waits = payment.status == SandboxStatus::Pending;
        let qr_svg = waits.then(|| svg(&self.0.sandbox.page_of(&payment))).transpose()?;
        Ok(SandboxPage {
            id: payment.id,
            amount: payment.amount.to_string(),
            description: payment.description,
            status: payment.status.word().to_owned(),
            return_url: payment.return_url,
            qr_svg,
        })
    }
}
