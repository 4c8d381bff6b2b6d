//! Saved means of paying, and payments that are made by themselves.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::enums::Locale;

use super::accounts::{Money, PersonalAccount};
use super::context::Find;
use super::enums::AutopayTrigger;
use super::error::{AmountOutOfRangeError, ErrorCode, TopError, UserError, path};
use super::ids;
use super::scalars::{DateTime, Decimal};
use crate::kernel::Failure;
use crate::payments::autopay::{Autopay as Row, AutopayRefusal, SavedMethod as MethodRow, Wish};
use crate::platform::idempotency::KeyRefusal;

/// A card or an account that the viewer lets be charged again. Nothing of its number is kept but the end.
#[derive(Clone, Debug, SimpleObject)]
pub struct SavedMethod {
    /// TypeID with the prefix `method`.
    pub id: ID,
    /// As its acquirer calls it, such as `bank_card` or `sbp`.
    pub kind: String,
    /// Masked, such as `*4477`.
    pub title: String,
    /// When it was saved.
    pub saved_at: DateTime,
}

impl From<MethodRow> for SavedMethod {
    fn from(row: MethodRow) -> Self {
        Self { id: ids::encode(row.id), kind: row.kind, title: row.title, saved_at: DateTime(row.saved_at) }
    }
}

/// An account that is paid by itself.
#[derive(Clone, Debug)]
pub struct Autopay(pub Row);

/// An account that is paid by itself.
#[Object]
impl Autopay {
    /// TypeID with the prefix `autopay`.
    pub async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// The account; null when the viewer has detached it.
    async fn personal_account(&self, ctx: &Context<'_>) -> Result<Option<PersonalAccount>, TopError> {
        Ok(ctx.loaders()?.access.load(self.0.personal_account_id).await?.map(PersonalAccount))
    }

    /// Id of the saved method that is charged.
    async fn saved_method_id(&self) -> ID {
        ids::encode(self.0.saved_method_id)
    }

    /// When it acts.
    async fn acts_on(&self) -> AutopayTrigger {
        self.0.acts_on.into()
    }

    /// More is never taken at once, commission included: when more is owed, nothing is paid and a letter says so.
    async fn ceiling(&self) -> Money {
        self.0.ceiling.into()
    }

    /// When the viewer agreed to it.
    async fn consented_at(&self) -> DateTime {
        DateTime(self.0.consented_at)
    }

    /// Since when it rests; null: it acts.
    async fn paused_at(&self) -> Option<DateTime> {
        self.0.paused_at.map(DateTime)
    }

    /// The acquirer's reason when it was paused by itself, such as `card_expired`.
    async fn pause_reason(&self) -> Option<&str> {
        self.0.pause_reason.as_deref()
    }
}

/// What is to be paid by itself, and how.
#[derive(Clone, Debug, InputObject)]
pub struct SetAutopayInput {
    /// Id of an attached account.
    pub personal_account_id: ID,
    /// Id of one of `viewer.savedMethods`: start a payment with `saveMethod` to have one.
    pub saved_method_id: ID,
    /// When it acts.
    pub acts_on: AutopayTrigger,
    /// Roubles: more is never taken at once, commission included.
    pub ceiling: Decimal,
    /// Must be true: the viewer agrees that this is charged without them.
    pub consent: bool,
    /// The same key with the same input gives the same answer again.
    pub idempotency_key: String,
}

/// The autopay is set, or nothing was done.
#[derive(Default, SimpleObject)]
pub struct SetAutopayPayload {
    /// The autopay.
    pub autopay: Option<Autopay>,
    /// Whether the key was used before with the same input, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which autopay, and whether it rests.
#[derive(Clone, Debug, InputObject)]
pub struct PauseAutopayInput {
    /// Id of an autopay of the viewer's.
    pub id: ID,
    /// True: it rests; false: it goes on.
    #[graphql(default = true)]
    pub paused: bool,
}

/// The autopay rests or goes on, or nothing was done.
#[derive(Default, SimpleObject)]
pub struct PauseAutopayPayload {
    /// The autopay.
    pub autopay: Option<Autopay>,
    /// Whether it was so before, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which autopay.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveAutopayInput {
    /// Id of an autopay of the viewer's.
    pub id: ID,
}

/// The autopay is gone, or nothing was done.
#[derive(Default, SimpleObject)]
pub struct RemoveAutopayPayload {
    /// The account that was paid by it; null when the viewer has detached it.
    pub personal_account: Option<PersonalAccount>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which method.
#[derive(Clone, Debug, InputObject)]
pub struct RemoveSavedMethodInput {
    /// Id of a saved method of the viewer's.
    pub id: ID,
}

/// The method is forgotten with the autopays that charged it, or nothing was done.
#[derive(Default, SimpleObject)]
pub struct RemoveSavedMethodPayload {
    /// Those that are left.
    pub saved_methods: Option<Vec<SavedMethod>>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct AutopayMutation;

#[Object]
impl AutopayMutation {
    /// Has an account paid by itself, or changes how; a pause ends by it. A letter announces each payment before it is made.
    async fn set_autopay(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The autopay.")] input: SetAutopayInput,
    ) -> Result<SetAutopayPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        let refused = |user_errors| Ok(SetAutopayPayload { user_errors, ..Default::default() });
        let one = |code, field| vec![UserError::basic(code, path([field]), actor.locale)];
        let Some(personal_account_id) = ids::decode(&input.personal_account_id) else {
            return refused(one(ErrorCode::AccountNotFound, "personalAccountId"));
        };
        let Some(saved_method_id) = ids::decode(&input.saved_method_id) else {
            return refused(one(ErrorCode::SavedMethodNotFound, "savedMethodId"));
        };
        let Ok(ceiling) = input.ceiling.0.parse() else {
            return refused(one(ErrorCode::NumberMalformed, "ceiling"));
        };
        let (acts_on, consent) = (input.acts_on.into(), input.consent);
        let wish = Wish { personal_account_id, saved_method_id, acts_on, ceiling, consent };
        match ctx.services()?.payments.set_autopay(person, actor, wish, &input.idempotency_key).await {
            Ok((autopay, replayed)) => {
                Ok(SetAutopayPayload { autopay: Some(Autopay(autopay)), replayed, user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => refused(vec![error(&refusal, actor.locale)]),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Lets an autopay rest, or go on. Repeating it changes nothing.
    async fn pause_autopay(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The autopay.")] input: PauseAutopayInput,
    ) -> Result<PauseAutopayPayload, TopError> {
        let (actor, person, id) = (ctx.actor()?, ctx.person()?, ids::decode(&input.id));
        match ctx.services()?.payments.pause_autopay(person, actor, id, input.paused).await {
            Ok((autopay, replayed)) => {
                Ok(PauseAutopayPayload { autopay: Some(Autopay(autopay)), replayed, user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => {
                let user_errors = vec![error(&refusal, actor.locale)];
                Ok(PauseAutopayPayload { user_errors, ..Default::default() })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Takes an autopay back: nothing is paid by it any more.
    async fn remove_autopay(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The autopay.")] input: RemoveAutopayInput,
    ) -> Result<RemoveAutopayPayload, TopError> {
        let (actor, person, id) = (ctx.actor()?, ctx.person()?, ids::decode(&input.id));
        match ctx.services()?.payments.remove_autopay(person, actor, id).await {
            Ok(account) => {
                let personal_account = ctx.loaders()?.access.load(account).await?.map(PersonalAccount);
                Ok(RemoveAutopayPayload { personal_account, user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => {
                let user_errors = vec![error(&refusal, actor.locale)];
                Ok(RemoveAutopayPayload { user_errors, ..Default::default() })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Forgets a saved method, with the autopays that charge it.
    async fn remove_saved_method(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The method.")] input: RemoveSavedMethodInput,
    ) -> Result<RemoveSavedMethodPayload, TopError> {
        let (actor, person, id) = (ctx.actor()?, ctx.person()?, ids::decode(&input.id));
        let payments = &ctx.services()?.payments;
        match payments.remove_method(person, actor, id).await {
            Ok(()) => {
                let left = payments.saved_methods(person.user_id).await?.into_iter().map(SavedMethod::from).collect();
                Ok(RemoveSavedMethodPayload { saved_methods: Some(left), user_errors: Vec::new() })
            }
            Err(Failure::Refused(refusal)) => {
                let user_errors = vec![error(&refusal, actor.locale)];
                Ok(RemoveSavedMethodPayload { user_errors, ..Default::default() })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

fn error(refusal: &AutopayRefusal, locale: Locale) -> UserError {
    let one = |code, field: &'static str| UserError::basic(code, path([field]), locale);
    match refusal {
        AutopayRefusal::NotConfirmed => UserError::basic(ErrorCode::EmailNotConfirmed, None, locale),
        AutopayRefusal::NotShared => one(ErrorCode::NotShared, "personalAccountId"),
        AutopayRefusal::AccountNotFound => one(ErrorCode::AccountNotFound, "personalAccountId"),
        AutopayRefusal::MethodNotFound => one(ErrorCode::SavedMethodNotFound, "savedMethodId"),
        AutopayRefusal::NotFound => one(ErrorCode::AutopayNotFound, "id"),
        AutopayRefusal::NoConsent => one(ErrorCode::ConsentMissing, "consent"),
        AutopayRefusal::CeilingOutOfRange { least, most } => UserError::AmountOutOfRange(AmountOutOfRangeError {
            code: ErrorCode::AmountOutOfRange,
            field: path(["ceiling"]),
            message: ErrorCode::AmountOutOfRange.message(locale).to_owned(),
            least: (*least).into(),
            most: (*most).into(),
        }),
        AutopayRefusal::KeyMalformed => one(ErrorCode::IdempotencyKeyMalformed, "idempotencyKey"),
        AutopayRefusal::Key(KeyRefusal::Reused) => one(ErrorCode::IdempotencyKeyReused, "idempotencyKey"),
        AutopayRefusal::Key(KeyRefusal::Running) => one(ErrorCode::IdempotencyKeyRunning, "idempotencyKey"),
    }
}
