//! Jobs that identity leaves to be done after its transactions.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use entity::enums::AgreementKind;
use entity::ids::{AccessTokenId, EmailChangeId, UserId};
use serde::{Deserialize, Serialize};

use super::applicant::Applicant;
use super::audit::Origin;
use super::email_change::Mailbox;
use crate::platform::outbox::Job;

/// Tell a person that a token for a script was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAccessTokenCreated {
    pub user_id: UserId,
    pub access_token_id: AccessTokenId,
    /// Network address that it was made from.
    pub address: IpAddr,
}

impl Job for SendAccessTokenCreated {
    const KIND: &'static str = "send_access_token_created";
}

/// Make the cabinet of a registration, or write to who has the address. Content instead of ids: until this is done the
/// registration stands nowhere else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateCabinet {
    pub applicant: Applicant,
    /// Texts and their versions.
    pub accepted: Vec<(AgreementKind, String)>,
    /// Network address that they were accepted from.
    pub address: IpAddr,
    pub origin: Origin,
}

impl Job for CreateCabinet {
    const KIND: &'static str = "create_cabinet";
}

/// A wrong password for an address, known or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordFailedSignIn {
    pub user_id: Option<UserId>,
    pub origin: Origin,
}

impl Job for RecordFailedSignIn {
    const KIND: &'static str = "record_failed_sign_in";
}

/// Write to whoever has the address what one more registration would.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemindOwner {
    pub email: String,
    /// Whether a confirmed owner is written to once more today.
    pub granted: bool,
    /// What the limits of letters count from.
    pub asked_at: DateTime<Utc>,
}

impl Job for RemindOwner {
    const KIND: &'static str = "remind_owner";
}

/// Make a link that confirms the address, and mail it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendConfirmation {
    pub user_id: UserId,
}

/// Tell a confirmed person that somebody registered with their address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendAlreadyRegistered {
    pub user_id: UserId,
}

/// Delete a cabinet that was not confirmed in time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeleteUnconfirmed {
    pub user_id: UserId,
}

/// End the sessions of a person that began before the moment, but one: what was not ended at once because the process or
/// the key store was away.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndSessions {
    pub user_id: UserId,
    pub before: DateTime<Utc>,
    /// Hash of the token of the session that goes on.
    pub keep: Option<String>,
}

/// Make a link that sets the password, and mail it. Nobody: the address is unknown, and asking took as much work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendPasswordReset {
    pub user_id: Option<UserId>,
    pub asked_at: DateTime<Utc>,
}

/// Tell a person that their password is another now.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendPasswordChanged {
    pub user_id: UserId,
    pub changed_at: DateTime<Utc>,
    /// Network address that it was changed from.
    pub address: IpAddr,
}

/// What was done to a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TwoFactorAct {
    Enabled,
    Disabled,
    RecoveryCodesReplaced,
}

/// Tell a person what was done to their second factor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendTwoFactorChanged {
    pub user_id: UserId,
    pub act: TwoFactorAct,
    pub changed_at: DateTime<Utc>,
    /// Network address that it was done from.
    pub address: IpAddr,
}

impl Job for SendTwoFactorChanged {
    const KIND: &'static str = "send_two_factor_changed";
}

/// Make a link that decides about a change of the address, and mail it to one of the two mailboxes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendEmailChangeLink {
    pub email_change_id: EmailChangeId,
    pub mailbox: Mailbox,
}

/// Tell a mailbox that the address of the cabinet was changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendEmailChanged {
    pub email_change_id: EmailChangeId,
    pub mailbox: Mailbox,
}

/// Delete a change of the address that was not confirmed in time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeleteEmailChange {
    pub email_change_id: EmailChangeId,
}

impl Job for SendEmailChangeLink {
    const KIND: &'static str = "send_email_change_link";
}

impl Job for SendEmailChanged {
    const KIND: &'static str = "send_email_changed";
}

impl Job for DeleteEmailChange {
    const KIND: &'static str = "delete_email_change";
}

/// Tell a person when their cabinet will be deleted, with a link that cancels it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendDeletionScheduled {
    pub user_id: UserId,
}

/// Tell a person that their cabinet stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendDeletionCancelled {
    pub user_id: UserId,
}

/// Delete a cabinet whose person asked for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EraseCabinet {
    pub user_id: UserId,
}

impl Job for SendDeletionScheduled {
    const KIND: &'static str = "send_deletion_scheduled";
}

impl Job for SendDeletionCancelled {
    const KIND: &'static str = "send_deletion_cancelled";
}

impl Job for EraseCabinet {
    const KIND: &'static str = "erase_cabinet";
}

/// Tell a person that somebody signed in from a place that is new, with a link that says "it was not me".
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendNewDevice {
    pub user_id: UserId,
    pub signed_in_at: DateTime<Utc>,
    /// Network address that the sign-in came from.
    pub address: IpAddr,
    /// What the client called itself.
    pub device: String,
}

impl Job for SendNewDevice {
    const KIND: &'static str = "send_new_device";
}

impl Job for EndSessions {
    const KIND: &'static str = "end_sessions";
}

impl Job for SendPasswordReset {
    const KIND: &'static str = "send_password_reset";
}

impl Job for SendPasswordChanged {
    const KIND: &'static str = "send_password_changed";
}

impl Job for SendConfirmation {
    const KIND: &'static str = "send_confirmation";
}

impl Job for SendAlreadyRegistered {
    const KIND: &'static str = "send_already_registered";
}

impl Job for DeleteUnconfirmed {
    const KIND: &'static str = "delete_unconfirmed";
}
