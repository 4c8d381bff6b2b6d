//! Which job is whose.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::enums::{Locale, SupportState};
use entity::ids::UserId;

use super::Worker;
use crate::accounts::event::{EndAccountShare, SendAccountAttached, SendAccountShared, Way};
use crate::billing::event::BalanceChanged;
use crate::consent::event::SendClientAccessGranted;
use crate::exports::event::{ArchiveData, DeleteExport, SendExportReady};
use crate::identity::email_change::{ChangeLetter, ChangeLetterKind};
use crate::identity::event::{
    CreateCabinet, DeleteEmailChange, DeleteUnconfirmed, EndSessions, EraseCabinet, RecordFailedSignIn, RemindOwner,
    SendAccessTokenCreated, SendAlreadyRegistered, SendConfirmation, SendDeletionCancelled, SendDeletionScheduled,
    SendEmailChangeLink, SendEmailChanged, SendNewDevice, SendPasswordChanged, SendPasswordReset, SendTwoFactorChanged,
};
use crate::integrators::webhooks::event::SendWebhookStopped;
use crate::kernel::{EmailAddress, Fault, Scopes, type_id};
use crate::metering::event::ReadingsMoved;
use crate::notifications::mail::{
    self, AccessTokenCreated, AccountAttached, AccountShared, AlreadyRegistered, AutopayAnnounced, AutopayFailed,
    ClientAccessGranted, Confirmation, DeletionCancelled, DeletionScheduled, EmailChangeNew, EmailChangeOld,
    EmailChangeTaken, EmailChanged, ExportReady, LetterKind, NewDevice, PasswordChanged, PasswordReset,
    PaymentSucceeded, SupportAnswer, SupportMessage, TwoFactorChanged, WebhookStopped,
};
use crate::payments::acquirer::sandbox;
use crate::payments::acquirer::sandbox::event::NotifyFromSandbox;
use crate::payments::autopay::AutopayNews;
use crate::payments::autopay::event::{RunAutopay, SendAutopayAnnounced, SendAutopayFailed};
use crate::payments::event::{
    CheckPayment, SaveRegister, SendPaymentSucceeded, SettlePayment, SettleRefund, WatchPayment,
};
use crate::platform::db::Tx;
use crate::platform::outbox::{Job, Leased};
use crate::platform::wakeups::Wake;
use crate::support::event::{SendSupportAnswer, SendSupportMessage};

/// What is tried until it is done, however often it takes the process with it.
const NEVER_PUT_ASIDE: [&str; 6] = [
    SettlePayment::KIND,
    SettleRefund::KIND,
    NotifyFromSandbox::KIND,
    WatchPayment::KIND,
    RunAutopay::KIND,
    SendAutopayAnnounced::KIND,
];

/// What becomes of a job that was carried out.
enum Done {
    Completed,
    AgainAt(DateTime<Utc>),
    /// Failed, and must not be put aside however often it fails.
    Failed(Fault),
}

/// Of what goes on until it has nothing left to do.
fn again(looked: Result<Option<DateTime<Utc>>, Fault>) -> Done {
    match looked {
        Ok(again) => again.map_or(Done::Completed, Done::AgainAt),
        Err(fault) => Done::Failed(fault),
    }
}

impl Worker {
    /// Does one leased job and records how it ended.
    pub async fn carry_out(&self, job: Leased) {
        let outbox = &self.mechanisms.outbox;
        // Attempts that were never recorded: each took the process with it. Pending payments are asked about for ever.
        if outbox.is_worn_out(&job) && !NEVER_PUT_ASIDE.contains(&job.kind.as_str()) {
            let cause = Fault::internal("the process ended in each attempt");
            if let Err(fault) = outbox.fail(&job, &cause).await {
                tracing::warn!(kind = job.kind, %fault, "a job was not put aside");
            }
            return;
        }
        let recorded = match self.dispatch(&job).await {
            Ok(Done::Completed) => outbox.complete(&job).await,
            Ok(Done::AgainAt(due_at)) => outbox.again_at(&job, due_at).await,
            Ok(Done::Failed(fault)) => outbox.retry(&job, &fault).await,
            Err(fault) => outbox.fail(&job, &fault).await,
        };
        if let Err(fault) = recorded {
            // The lease ends and the job is carried out again: jobs bear that.
            tracing::warn!(kind = job.kind, %fault, "a job's end was not recorded");
        }
    }

    /// It panicked.
    pub(super) async fn record_broken(&self, job: &Leased, cause: &Fault) -> Result<(), Fault> {
        let outbox = &self.mechanisms.outbox;
        if NEVER_PUT_ASIDE.contains(&job.kind.as_str()) {
            outbox.retry(job, cause).await
        } else {
            outbox.fail(job, cause).await
        }
    }

    async fn dispatch(&self, job: &Leased) -> Result<Done, Fault> {
        match job.kind.as_str() {
            CreateCabinet::KIND => self.identity.create_cabinet(&job.read()?).await?,
            RecordFailedSignIn::KIND => self.identity.record_failed_sign_in(job.read()?).await?,
            RemindOwner::KIND => self.identity.remind_owner(job.read()?).await?,
            SendConfirmation::KIND => self.send_confirmation(job).await?,
            SendAlreadyRegistered::KIND => self.send_already_registered(job).await?,
            SendPasswordReset::KIND => self.send_password_reset(job).await?,
            SendPasswordChanged::KIND => self.send_password_changed(job).await?,
            EndSessions::KIND => {
                let EndSessions { user_id, before, keep } = job.read()?;
                self.identity.sessions.end_before(user_id, before, keep.as_deref()).await?;
            }
            SendTwoFactorChanged::KIND => self.send_two_factor_changed(job).await?,
            SendAccessTokenCreated::KIND => self.send_access_token_created(job).await?,
            SendClientAccessGranted::KIND => self.send_client_access_granted(job).await?,
            SendNewDevice::KIND => self.send_new_device(job).await?,
            DeleteUnconfirmed::KIND => {
                self.identity.delete_unconfirmed(job.read::<DeleteUnconfirmed>()?.user_id).await?;
            }
            SendEmailChangeLink::KIND => {
                let SendEmailChangeLink { email_change_id, mailbox } = job.read()?;
                self.send_about_change(job, self.identity.email_change_letter(email_change_id, mailbox).await?).await?;
            }
            SendEmailChanged::KIND => {
                let SendEmailChanged { email_change_id, mailbox } = job.read()?;
                self.send_about_change(job, self.identity.email_changed_letter(email_change_id, mailbox).await?)
                    .await?;
            }
            DeleteEmailChange::KIND => {
                self.identity.delete_expired_email_change(job.read::<DeleteEmailChange>()?.email_change_id).await?;
            }
            EraseCabinet::KIND => self.erase_cabinet(job.read::<EraseCabinet>()?.user_id).await?,
            SendDeletionScheduled::KIND => self.send_deletion_scheduled(job).await?,
            SendDeletionCancelled::KIND => {
                let user_id = job.read::<SendDeletionCancelled>()?.user_id;
                self.send_to(job, user_id, None, DeletionCancelled).await?;
            }
            ArchiveData::KIND => self.exports.make(job, job.read::<ArchiveData>()?.data_export_id).await?,
            SendExportReady::KIND => self.send_export_ready(job).await?,
            DeleteExport::KIND => {
                let later = self.exports.delete_expired(job.read::<DeleteExport>()?.data_export_id).await?;
                return Ok(later.map_or(Done::Completed, Done::AgainAt));
            }
            BalanceChanged::KIND => {
                let changed: BalanceChanged = job.read()?;
                self.mechanisms.wakeups.wake(Wake::Row(changed.personal_account_id.0));
                self.webhooks.tell_of_balance(job.id, &changed).await?;
            }
            ReadingsMoved::KIND => self.webhooks.tell_of_readings(job.id, &job.read()?).await?,
            SendWebhookStopped::KIND => self.send_webhook_stopped(job).await?,
            SettlePayment::KIND => {
                return self.settle(job).await;
            }
            SettleRefund::KIND => {
                return self.settle_refund(job).await;
            }
            RunAutopay::KIND => {
                return Ok(again(self.payments.carry_autopay(job.read::<RunAutopay>()?.autopay_run_id).await));
            }
            // Nothing is paid before it has gone out.
            SendAutopayAnnounced::KIND => {
                return Ok(self.announce_autopay(job).await.map_or_else(Done::Failed, |()| Done::Completed));
            }
            SendAutopayFailed::KIND => self.send_autopay_failed(job).await?,
            SaveRegister::KIND => self.payments.save_register(job.read::<SaveRegister>()?.payment_register_id).await?,
            WatchPayment::KIND => {
                return Ok(again(self.payments.watch(job.read::<WatchPayment>()?.payment_id).await));
            }
            CheckPayment::KIND => {
                let CheckPayment { payment_id, named } = job.read()?;
                self.payments.check(payment_id, named.as_deref()).await?;
            }
            NotifyFromSandbox::KIND => {
                return self.notify_from_sandbox(job).await;
            }
            SendAccountShared::KIND => self.send_account_shared(job).await?,
            EndAccountShare::KIND => {
                self.accounts.end_expired_share(job.read::<EndAccountShare>()?.account_share_id).await?;
            }
            SendAccountAttached::KIND => self.send_account_attached(job).await?,
            SendSupportMessage::KIND => self.send_support_message(job).await?,
            SendSupportAnswer::KIND => self.send_support_answer(job).await?,
            SendPaymentSucceeded::KIND => self.send_payment_succeeded(job).await?,
            kind => return Err(Fault::internal(format!("nobody carries out jobs of the kind {kind}"))),
        }
        Ok(Done::Completed)
    }

    /// Money may have been taken: as long as the payment is pending, the acquirer is asked again.
    async fn settle(&self, job: &Leased) -> Result<Done, Fault> {
        let id = job.read::<SettlePayment>()?.payment_id;
        match self.payments.settle(id).await {
            Ok(payment) => Ok(self.payments.next_check(&payment).await?.map_or(Done::Completed, Done::AgainAt)),
            Err(fault) => match self.payments.payment_of_job(id).await? {
                Some(payment) if self.payments.next_check(&payment).await?.is_some() => Ok(Done::Failed(fault)),
                _ => Err(fault),
            },
        }
    }

    /// A shop outside is told again for a day, however often it does not listen.
    async fn notify_from_sandbox(&self, job: &Leased) -> Result<Done, Fault> {
        let Some((outside, body)) = self.sandbox.notification(&job.read()?).await? else { return Ok(Done::Completed) };
        if outside {
            return Ok(self.sandbox.tell(body).await.map_or_else(Done::Failed, |()| Done::Completed));
        }
        self.payments.take_notification(sandbox::NAME, &body).await?;
        Ok(Done::Completed)
    }

    async fn settle_refund(&self, job: &Leased) -> Result<Done, Fault> {
        let id = job.read::<SettleRefund>()?.refund_id;
        match self.payments.settle_refund(id).await {
            Ok(refund) => Ok(self.payments.next_refund_check(&refund).await?.map_or(Done::Completed, Done::AgainAt)),
            Err(fault) => {
                let refund = self.payments.find_refund(id).await?;
                let open = self.payments.next_refund_check(&refund).await?.is_some();
                if open { Ok(Done::Failed(fault)) } else { Err(fault) }
            }
        }
    }

    async fn send_confirmation(&self, job: &Leased) -> Result<(), Fault> {
        let user_id = job.read::<SendConfirmation>()?.user_id;
        let Some(link) = self.identity.confirmation_link(user_id).await? else { return Ok(()) };
        let letter = Confirmation { token: link.token, expires_at: link.expires_at };
        self.notifications.send(&job.id.0.to_string(), &link.user.email, link.user.locale, letter).await
    }

    async fn send_already_registered(&self, job: &Leased) -> Result<(), Fault> {
        let user_id = job.read::<SendAlreadyRegistered>()?.user_id;
        self.send_to(job, user_id, None, AlreadyRegistered).await
    }

    async fn send_password_reset(&self, job: &Leased) -> Result<(), Fault> {
        let Some(link) = self.identity.reset_link(job.read()?).await? else { return Ok(()) };
        let letter = PasswordReset { token: link.token, expires_at: link.expires_at };
        self.notifications.send(&job.id.0.to_string(), &link.user.email, link.user.locale, letter).await
    }

    async fn send_password_changed(&self, job: &Leased) -> Result<(), Fault> {
        let SendPasswordChanged { user_id, changed_at, address } = job.read()?;
        self.send_to(job, user_id, None, PasswordChanged { changed_at, address }).await
    }

    async fn send_access_token_created(&self, job: &Leased) -> Result<(), Fault> {
        let SendAccessTokenCreated { user_id, access_token_id, address } = job.read()?;
        // Revoked before it was told of: nothing to worry about.
        let Some(token) = self.identity.access_token(access_token_id).await? else { return Ok(()) };
        self.send_to(job, user_id, None, AccessTokenCreated::of(&token, address)).await
    }

    /// Also when it was revoked since: somebody had it.
    async fn send_client_access_granted(&self, job: &Leased) -> Result<(), Fault> {
        let SendClientAccessGranted { user_id, client_grant_id, address } = job.read()?;
        let Some(granted) = self.consents.grant_of_job(client_grant_id).await? else { return Ok(()) };
        let mut accounts: Vec<_> = self.accounts.numbers_of(&granted.accounts).await?.into_values().collect();
        accounts.sort();
        let letter = ClientAccessGranted {
            app: granted.app.name,
            scopes: Scopes::of_words(&granted.grant.scopes),
            accounts,
            data_from: granted.grant.data_from,
            granted_at: granted.grant.granted_at,
            expires_at: granted.grant.expires_at,
            address,
        };
        self.send_to(job, user_id, None, letter).await
    }

    async fn send_two_factor_changed(&self, job: &Leased) -> Result<(), Fault> {
        let SendTwoFactorChanged { user_id, act, changed_at, address } = job.read()?;
        self.send_to(job, user_id, None, TwoFactorChanged { act, changed_at, address }).await
    }

    async fn send_about_change(&self, job: &Leased, letter: Option<ChangeLetter>) -> Result<(), Fault> {
        let Some(ChangeLetter { to, locale, kind }) = letter else { return Ok(()) };
        let letter: LetterKind = match kind {
            ChangeLetterKind::Old { new_email, token, cancel_token, expires_at } => {
                EmailChangeOld { new_email, token, cancel_token, expires_at }.into()
            }
            ChangeLetterKind::New { token, expires_at } => EmailChangeNew { token, expires_at }.into(),
            ChangeLetterKind::Taken => EmailChangeTaken.into(),
            ChangeLetterKind::Changed { old_email, new_email, changed_at } => {
                EmailChanged { old_email, new_email, changed_at }.into()
            }
        };
        self.notifications.send(&job.id.0.to_string(), &to, locale, letter).await
    }

    async fn send_deletion_scheduled(&self, job: &Leased) -> Result<(), Fault> {
        let user_id = job.read::<SendDeletionScheduled>()?.user_id;
        let Some(link) = self.identity.deletion_link(user_id).await? else { return Ok(()) };
        let letter = DeletionScheduled { token: link.token, due_at: link.due_at };
        self.notifications.send(&job.id.0.to_string(), &link.user.email, link.user.locale, letter).await
    }

    /// Every slice deletes its own, in one transaction.
    async fn erase_cabinet(&self, user_id: UserId) -> Result<(), Fault> {
        let user = self.identity.find_user(user_id).await?;
        let email = user.as_ref().map(|user| user.email.as_str());
        let others = |tx: Tx| async move {
            Ok(BTreeMap::from([
                ("clientGrants", self.consents.delete_of_in(&tx, user_id).await?),
                ("attachments", self.accounts.detach_all_in(&tx, user_id, email).await?),
                ("exports", self.exports.delete_of_in(&tx, user_id).await?),
                ("savedMethods", self.payments.forget_methods_in(&tx, user_id).await?),
                ("supportRequests", self.support.delete_of_in(&tx, user_id).await?),
                ("receiptAddresses", self.payments.forget_receipt_addresses_in(&tx, user_id).await?),
            ]))
        };
        self.identity.erase_requested(user_id, others).await?;
        Ok(())
    }

    async fn send_export_ready(&self, job: &Leased) -> Result<(), Fault> {
        let id = job.read::<SendExportReady>()?.data_export_id;
        let Some(export) = self.exports.ready_export(id).await? else { return Ok(()) };
        let Some(expires_at) = export.expires_at else { return Ok(()) };
        self.send_to(job, export.user_id, None, ExportReady { id: type_id::encode(id), expires_at }).await
    }

    async fn send_new_device(&self, job: &Leased) -> Result<(), Fault> {
        let SendNewDevice { user_id, signed_in_at, address, device } = job.read()?;
        let Some(link) = self.identity.report_link(user_id).await? else { return Ok(()) };
        let letter = NewDevice { token: link.token, expires_at: link.expires_at, signed_in_at, address, device };
        self.notifications.send(&job.id.0.to_string(), &link.user.email, link.user.locale, letter).await
    }

    async fn send_account_attached(&self, job: &Leased) -> Result<(), Fault> {
        let SendAccountAttached { user_id, personal_account_id, way, attached_at } = job.read()?;
        let (number, provider) = self.accounts.name_of(personal_account_id).await?;
        let way = match way {
            Way::Number => mail::Way::Number,
            Way::Proof => mail::Way::Proof,
            Way::Share => mail::Way::Share,
        };
        self.send_to(job, user_id, None, AccountAttached { provider, number, way, attached_at }).await
    }

    /// Only to who has confirmed the address: nobody else is written to because somebody named them.
    async fn send_account_shared(&self, job: &Leased) -> Result<(), Fault> {
        let id = job.read::<SendAccountShared>()?.account_share_id;
        let Some(share) = self.accounts.share_of_job(id).await? else { return Ok(()) };
        let Some(user) = self.identity.find_confirmed(&EmailAddress::stored(share.email)).await? else { return Ok(()) };
        let Some(sharer) = self.identity.find_user(share.owner_id).await? else { return Ok(()) };
        let (number, provider) = self.accounts.name_of(share.personal_account_id).await?;
        let (sharer, may_pay, ends_at) = (sharer.email, share.may_pay, share.ends_at);
        let letter = AccountShared { sharer, provider, number, may_pay, ends_at };
        self.notifications.send(&job.id.0.to_string(), &user.email, user.locale, letter).await
    }

    /// To the provider's support service, or to the cabinet's own, in Russian: it is theirs to answer.
    async fn send_support_message(&self, job: &Leased) -> Result<(), Fault> {
        let SendSupportMessage { support_request_id, position } = job.read()?;
        let Some(facts) = self.support.facts(support_request_id, position).await? else { return Ok(()) };
        let Some(user) = self.identity.find_user(facts.request.user_id).await? else { return Ok(()) };
        let own = self.mechanisms.config.mail.support_address.clone();
        let to = facts.provider_address(self.mechanisms.clock.now()).map_or(own, str::to_owned);
        let letter = SupportMessage {
            request: type_id::encode(support_request_id),
            topic: facts.request.topic,
            position,
            text: facts.message.text,
            email: user.email,
            name: user.full_name,
            account: facts.account.map(|(number, provider)| (number, provider.row.name)),
            meter: facts.meter.map(|meter| (meter.name, meter.serial_number)),
            statement: facts.statement.map(|statement| (statement.period, statement.closing)),
            payment: facts.payment.map(|payment| (type_id::encode(payment.id), payment.status, payment.amount)),
        };
        self.notifications.send(&job.id.0.to_string(), &to, Locale::Ru, letter).await
    }

    async fn send_support_answer(&self, job: &Leased) -> Result<(), Fault> {
        let SendSupportAnswer { support_request_id, position } = job.read()?;
        let Some(facts) = self.support.facts(support_request_id, position).await? else { return Ok(()) };
        let letter = SupportAnswer {
            request: type_id::encode(support_request_id),
            text: facts.message.text,
            closed: facts.request.state == SupportState::Closed,
        };
        self.send_to(job, facts.request.user_id, None, letter).await
    }

    async fn announce_autopay(&self, job: &Leased) -> Result<(), Fault> {
        let id = job.read::<SendAutopayAnnounced>()?.autopay_run_id;
        let Some(news) = self.payments.autopay_announcement(id).await? else { return Ok(()) };
        let AutopayNews { user_id, provider, number, amount, commission, due_at, method } = news;
        let letter = AutopayAnnounced { provider, number, amount, commission, due_at, method };
        self.send_to(job, user_id, None, letter).await?;
        self.payments.mark_autopay_told(id, due_at).await
    }

    async fn send_autopay_failed(&self, job: &Leased) -> Result<(), Fault> {
        let SendAutopayFailed { autopay_run_id, reason, again } = job.read()?;
        let Some(news) = self.payments.autopay_news(autopay_run_id).await? else { return Ok(()) };
        let AutopayNews { user_id, provider, number, amount, due_at, .. } = news;
        let letter = AutopayFailed { provider, number, amount, reason, again_at: again.then_some(due_at) };
        self.send_to(job, user_id, None, letter).await
    }

    async fn send_payment_succeeded(&self, job: &Leased) -> Result<(), Fault> {
        let id = job.read::<SendPaymentSucceeded>()?.payment_id;
        let Some(payment) = self.payments.payment_of_job(id).await? else { return Ok(()) };
        let (number, provider) = self.payments.name_of(&payment).await?;
        let paid_at = payment.paid_at.unwrap_or(payment.created_at);
        let letter = PaymentSucceeded { provider, number, amount: payment.amount, paid_at };
        self.send_to(job, payment.user_id, payment.receipt_email.as_deref(), letter).await
    }

    /// To where the provider takes questions; to our own support where it has named no address.
    async fn send_webhook_stopped(&self, job: &Leased) -> Result<(), Fault> {
        let SendWebhookStopped { webhook_endpoint_id, stop, stopped_at } = job.read()?;
        let Some(endpoint) = self.webhooks.find(webhook_endpoint_id).await? else { return Ok(()) };
        let Some(provider) = self.accounts.find_provider(endpoint.provider_id).await? else { return Ok(()) };
        let terms = provider.terms_on(provider.day_of(stopped_at));
        let ours = &self.mechanisms.config.mail.support_address;
        let to = terms.support_email.as_ref().unwrap_or(ours).clone();
        let id = type_id::encode(endpoint.id);
        let letter = WebhookStopped { provider: provider.row.name, id, url: endpoint.url, stop, stopped_at };
        self.notifications.send(&job.id.0.to_string(), &to, Locale::Ru, letter).await
    }

    /// To a person's own address unless another is given; a deleted person gets no letter.
    async fn send_to(
        &self,
        job: &Leased,
        user_id: UserId,
        address: Option<&str>,
        letter: impl Into<LetterKind>,
    ) -> Result<(), Fault> {
        let Some(user) = self.identity.find_user(user_id).await? else { return Ok(()) };
        let to = address.unwrap_or(&user.email);
        self.notifications.send(&job.id.0.to_string(), to, user.locale, letter).await
    }
}
