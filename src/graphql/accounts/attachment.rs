//! Attaching accounts and proving that they are one's own.

use async_graphql::{Context, ID, InputObject, Object, OneofObject, SimpleObject};
use entity::enums::Locale;

use super::super::context::Find;
use super::super::error::{ErrorCode, RetryLaterError, TopError, UserError, path};
use super::super::ids;
use super::super::scalars::Decimal;
use super::PersonalAccount;
use crate::accounts::AccountAccess;
use crate::accounts::attachment::AccessProof;
use crate::accounts::error::{AccessRefusal, AttachmentRefusal};
use crate::kernel::{Failure, Person};

/// Something that only the holder of the receipt knows: give one.
#[derive(Clone, Debug, OneofObject)]
pub enum AccessProofInput {
    /// The PIN printed on the receipt.
    Pin(String),
    /// What was accrued in the newest statement, roubles.
    LastChargeTotal(Decimal),
    /// What a meter of the account showed last.
    MeterReading(Decimal),
}

/// Which account to attach.
#[derive(Clone, Debug, InputObject)]
pub struct AttachPersonalAccountInput {
    /// Id of a `Provider`.
    pub provider_id: ID,
    /// The account's number, as on the receipt; spaces do not count.
    pub number: String,
    /// The viewer's own name for it, 60 characters at most.
    pub nickname: Option<String>,
    /// With a proof the access is FULL, without one LIMITED.
    pub proof: Option<AccessProofInput>,
}

/// What became of the attachment.
#[derive(Default, SimpleObject)]
pub struct AttachPersonalAccountPayload {
    /// The account, attached now.
    pub personal_account: Option<PersonalAccount>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// A proof for an attached account.
#[derive(Clone, Debug, InputObject)]
pub struct ProveAccountAccessInput {
    /// Id of an attached account.
    pub personal_account_id: ID,
    /// What shows that it is one's own.
    pub proof: AccessProofInput,
}

/// What became of the proof.
#[derive(Default, SimpleObject)]
pub struct ProveAccountAccessPayload {
    /// The account, with FULL access now.
    pub personal_account: Option<PersonalAccount>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Another name for an account.
#[derive(Clone, Debug, InputObject)]
pub struct RenamePersonalAccountInput {
    /// Id of an attached account.
    pub personal_account_id: ID,
    /// The viewer's own name for it, 60 characters at most; null or empty: none.
    pub nickname: Option<String>,
}

/// What became of the name.
#[derive(Default, SimpleObject)]
pub struct RenamePersonalAccountPayload {
    /// The account, by its new name.
    pub personal_account: Option<PersonalAccount>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which account to detach.
#[derive(Clone, Debug, InputObject)]
pub struct DetachPersonalAccountInput {
    /// Id of an attached account.
    pub personal_account_id: ID,
}

/// What became of the detachment.
#[derive(Default, SimpleObject)]
pub struct DetachPersonalAccountPayload {
    /// The id of the account that was detached.
    pub detached_id: Option<ID>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct AttachmentMutation;

#[Object]
impl AttachmentMutation {
    /// Attaches an account by its number: LIMITED access, or FULL with a proof.
    async fn attach_personal_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: AttachPersonalAccountInput,
    ) -> Result<AttachPersonalAccountPayload, TopError> {
        let actor = ctx.actor()?;
        let (locale, person) = (actor.locale, ctx.person()?);
        let refused = |error| Ok(AttachPersonalAccountPayload { personal_account: None, user_errors: vec![error] });
        let proof = match input.proof.map(proof).transpose() {
            Ok(proof) => proof,
            Err(NotANumber) => return refused(UserError::basic(ErrorCode::NumberMalformed, path(["proof"]), locale)),
        };
        let Some(provider_id) = ids::decode(&input.provider_id) else {
            return refused(UserError::basic(ErrorCode::ProviderNotFound, path(["providerId"]), locale));
        };
        let accounts = &ctx.services()?.accounts;
        match accounts.attach(person, actor, provider_id, &input.number, input.nickname, proof).await {
            Ok(access) => Ok(AttachPersonalAccountPayload {
                personal_account: Some(PersonalAccount(access)),
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(refusal)) => refused(attachment_error(refusal, locale)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Raises the access to an attached account from LIMITED to FULL.
    async fn prove_account_access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account and the proof.")] input: ProveAccountAccessInput,
    ) -> Result<ProveAccountAccessPayload, TopError> {
        let locale = ctx.actor()?.locale;
        let (accounts, person) = (&ctx.services()?.accounts, ctx.person()?);
        let refused = |error| Ok(ProveAccountAccessPayload { personal_account: None, user_errors: vec![error] });
        let Ok(proof) = proof(input.proof) else {
            return refused(UserError::basic(ErrorCode::NumberMalformed, path(["proof"]), locale));
        };
        let access = match attached(ctx, person, &input.personal_account_id).await? {
            Ok(access) => access,
            Err(error) => return refused(error),
        };
        match accounts.prove_access(ctx.actor()?, access, &proof).await {
            Ok(access) => Ok(ProveAccountAccessPayload {
                personal_account: Some(PersonalAccount(access)),
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(refusal)) => refused(attachment_error(refusal, locale)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Gives an attached account another name of the viewer's own. Others who see the account see it by theirs.
    async fn rename_personal_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account and its name.")] input: RenamePersonalAccountInput,
    ) -> Result<RenamePersonalAccountPayload, TopError> {
        let locale = ctx.actor()?.locale;
        let (accounts, person) = (&ctx.services()?.accounts, ctx.person()?);
        let refused = |error| Ok(RenamePersonalAccountPayload { personal_account: None, user_errors: vec![error] });
        let access = match attached(ctx, person, &input.personal_account_id).await? {
            Ok(access) => access,
            Err(error) => return refused(error),
        };
        match accounts.rename(access, input.nickname).await {
            Ok(access) => Ok(RenamePersonalAccountPayload {
                personal_account: Some(PersonalAccount(access)),
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(refusal)) => refused(attachment_error(refusal, locale)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Takes an account off the viewer's list; it can be attached again.
    async fn detach_personal_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: DetachPersonalAccountInput,
    ) -> Result<DetachPersonalAccountPayload, TopError> {
        let person = ctx.person()?;
        let detached = match ids::decode(&input.personal_account_id) {
            Some(id) => ctx.services()?.accounts.detach(person, ctx.actor()?, id).await?,
            None => false,
        };
        if detached {
            return Ok(DetachPersonalAccountPayload {
                detached_id: Some(input.personal_account_id),
                user_errors: Vec::new(),
            });
        }
        let error = UserError::basic(ErrorCode::AccountNotFound, path(["personalAccountId"]), ctx.actor()?.locale);
        Ok(DetachPersonalAccountPayload { detached_id: None, user_errors: vec![error] })
    }
}

/// The account of the viewer's that is named, or why there is none.
async fn attached(ctx: &Context<'_>, person: &Person, id: &ID) -> Result<Result<AccountAccess, UserError>, TopError> {
    let locale = ctx.actor()?.locale;
    let not_found = || UserError::basic(ErrorCode::AccountNotFound, path(["personalAccountId"]), locale);
    let Some(id) = ids::decode(id) else { return Ok(Err(not_found())) };
    match ctx.services()?.accounts.access(person, id).await {
        Ok(access) => Ok(Ok(access)),
        Err(Failure::Refused(AccessRefusal::NotFound)) => Ok(Err(not_found())),
        Err(Failure::Refused(AccessRefusal::NotConfirmed)) => {
            Ok(Err(UserError::basic(ErrorCode::EmailNotConfirmed, None, locale)))
        }
        Err(Failure::Fault(fault)) => Err(fault.into()),
    }
}

struct NotANumber;

fn proof(input: AccessProofInput) -> Result<AccessProof, NotANumber> {
    Ok(match input {
        AccessProofInput::Pin(pin) => AccessProof::Pin(pin),
        AccessProofInput::LastChargeTotal(Decimal(total)) => {
            AccessProof::LastChargeTotal(total.parse().map_err(|_| NotANumber)?)
        }
        AccessProofInput::MeterReading(Decimal(value)) => {
            AccessProof::MeterReading(value.parse().map_err(|_| NotANumber)?)
        }
    })
}

fn attachment_error(refusal: AttachmentRefusal, locale: Locale) -> UserError {
    let basic = |code, field| UserError::basic(code, field, locale);
    match refusal {
        AttachmentRefusal::NotConfirmed => basic(ErrorCode::EmailNotConfirmed, None),
        AttachmentRefusal::ProviderNotFound => basic(ErrorCode::ProviderNotFound, path(["providerId"])),
        AttachmentRefusal::NumberMalformed { hint: [ru, en] } => {
            let hint = if locale == Locale::Ru { ru } else { en };
            let message = format!("{} {hint}", ErrorCode::AccountNumberMalformed.message(locale));
            UserError::with_message(ErrorCode::AccountNumberMalformed, path(["number"]), message)
        }
        AttachmentRefusal::AccountNotFound => basic(ErrorCode::AccountNotFound, path(["number"])),
        AttachmentRefusal::AlreadyAttached => basic(ErrorCode::AlreadyAttached, path(["number"])),
        AttachmentRefusal::ProofRejected => basic(ErrorCode::ProofRejected, path(["proof"])),
        AttachmentRefusal::ProofNotOffered => basic(ErrorCode::ProofNotOffered, path(["proof"])),
        AttachmentRefusal::NicknameTooLong => basic(ErrorCode::NicknameTooLong, path(["nickname"])),
        AttachmentRefusal::TooManyTries => UserError::RetryLater(RetryLaterError {
            code: ErrorCode::TooManyTries,
            field: None,
            message: ErrorCode::TooManyTries.message(locale).to_owned(),
            retry_after_seconds: 3600,
        }),
    }
}
