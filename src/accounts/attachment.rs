//! Attaches accounts: by number alone with LIMITED access, by number and a proof with FULL access.

use entity::enums::{AccessLevel, AccessProofKind, AuditEventKind};
use entity::exact::{Money, Quantity};
use entity::ids::{PersonalAccountId, ProviderId, UserId};
use entity::{attachment, personal_account};
use subtle::ConstantTimeEq;

use super::access::AccountAccess;
use super::error::AttachmentRefusal;
use super::event::{SendAccountAttached, Way};
use super::model::plain_number;
use super::provider::{Terms, fits_pattern};
use super::{Accounts, store};
use crate::identity::audit::{Act, Origin};
use crate::kernel::{Failure, Fault, Person};
use crate::platform::db::{Tx, is_duplicate};
use crate::platform::keyvalue::Pressed;

/// Something that only the one who holds the receipt or stands before the meter knows.
#[derive(Clone, Debug)]
pub enum AccessProof {
    Pin(String),
    /// Accrued in the newest statement.
    LastChargeTotal(Money),
    /// What a meter showed last.
    MeterReading(Quantity),
}

impl AccessProof {
    const fn kind(&self) -> AccessProofKind {
        match self {
            Self::Pin(_) => AccessProofKind::Pin,
            Self::LastChargeTotal(_) => AccessProofKind::LastChargeTotal,
            Self::MeterReading(_) => AccessProofKind::MeterReading,
        }
    }
}

const LONGEST_NICKNAME: usize = 60;

type Result<T> = std::result::Result<T, Failure<AttachmentRefusal>>;

fn refuse<T>(refusal: AttachmentRefusal) -> Result<T> {
    Err(Failure::Refused(refusal))
}

/// None: the account goes by its number.
fn plain_nickname(nickname: Option<String>) -> Result<Option<String>> {
    let nickname = nickname.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let too_long = nickname.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NICKNAME);
    if too_long { refuse(AttachmentRefusal::NicknameTooLong) } else { Ok(nickname) }
}

impl Accounts {
    /// Tells those who have FULL access already.
    pub async fn attach(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        provider_id: ProviderId,
        number: &str,
        nickname: Option<String>,
        proof: Option<AccessProof>,
    ) -> Result<AccountAccess> {
        let origin = origin.into();
        let source = origin.source();
        self.press_source(source.as_deref()).await?;
        let attached = self.attach_from(person, origin, provider_id, number, nickname, proof).await;
        self.release_source(source.as_deref(), &attached).await?;
        attached
    }

    async fn attach_from(
        &self,
        person: &Person,
        origin: Origin,
        provider_id: ProviderId,
        number: &str,
        nickname: Option<String>,
        proof: Option<AccessProof>,
    ) -> Result<AccountAccess> {
        if !person.confirmed {
            return refuse(AttachmentRefusal::NotConfirmed);
        }
        let nickname = plain_nickname(nickname)?;
        let Some(provider) = self.find_provider(provider_id).await? else {
            return refuse(AttachmentRefusal::ProviderNotFound);
        };
        let terms = provider.terms_on(self.today_at(&provider));
        let number = plain_number(number);
        if !fits_pattern(terms, &number) {
            let hint = [terms.account_number_hint_ru.clone(), terms.account_number_hint_en.clone()];
            return refuse(AttachmentRefusal::NumberMalformed { hint });
        }
        if !self.tries_of_person.take(&person.user_id.0.to_string()).await? {
            return refuse(AttachmentRefusal::TooManyTries);
        }
        let Some(account) = store::find_attachable(self.db.read(), provider.id(), &number).await? else {
            return refuse(AttachmentRefusal::AccountNotFound);
        };
        let access = match &proof {
            Some(proof) => {
                self.check_proof(person.user_id, terms, &account, proof).await.map(|()| AccessLevel::Full)?
            }
            None => AccessLevel::Limited,
        };
        self.insert_attachment(person, origin, account, nickname, access).await
    }

    /// Raises LIMITED access to FULL.
    pub async fn prove_access(
        &self,
        origin: impl Into<Origin>,
        access: AccountAccess,
        proof: &AccessProof,
    ) -> Result<AccountAccess> {
        if access.is_full() && access.share().is_none() {
            return Ok(access);
        }
        let origin = origin.into();
        let source = origin.source();
        self.press_source(source.as_deref()).await?;
        let proved = self.prove_from(origin, access, proof).await;
        self.release_source(source.as_deref(), &proved).await?;
        proved
    }

    async fn prove_from(&self, origin: Origin, access: AccountAccess, proof: &AccessProof) -> Result<AccountAccess> {
        // Bills and readings are what a share shows: they prove nothing. The PIN stands on the paper alone.
        if access.share().is_some() && proof.kind() != AccessProofKind::Pin {
            return refuse(AttachmentRefusal::ProofNotOffered);
        }
        if !self.tries_of_person.take(&access.user_id().0.to_string()).await? {
            return refuse(AttachmentRefusal::TooManyTries);
        }
        let provider = self
            .find_provider(access.provider_id())
            .await?
            .ok_or_else(|| Fault::internal("an account without a provider"))?;
        let terms = provider.terms_on(self.today_at(&provider));
        let account = store::find_account(self.db.read(), access.id())
            .await?
            .ok_or_else(|| Fault::internal("an access without an account"))?;
        self.check_proof(access.user_id(), terms, &account, proof).await?;
        let now = self.clock.now();
        let (access, origin) = (&access, &origin);
        let raised = self.db.transaction(|tx| async move {
            store::raise_access_in(&tx, access.user_id(), access.id(), now).await?;
            // Their own now: nobody can take it back.
            let taken = store::list_shares_for_in(&tx, access.user_id(), None, Some(access.id())).await?;
            store::delete_shares_in(&tx, &taken).await?;
            let proved = Act::new(AuditEventKind::AccountProved).about(access.id());
            self.audit.append_in(&tx, access.user_id(), origin.clone(), proved).await?;
            self.tell_holders_in(&tx, access.id(), access.user_id(), Way::Proof).await?;
            store::get_attachment_in(&tx, access.user_id(), access.id()).await.map_err(Failure::from)
        });
        let raised = raised.await?;
        self.wake([access.user_id()]);
        Ok(Self::shown(account, raised))
    }

    /// Counts a guess before it is made. A network that has guessed much must wait, the same whatever it guesses at.
    async fn press_source(&self, source: Option<&str>) -> Result<()> {
        let Some(source) = source else { return Ok(()) };
        match self.by_source.press(source).await? {
            Pressed::Early(_) => refuse(AttachmentRefusal::TooManyTries),
            Pressed::Taken { .. } => Ok(()),
        }
    }

    /// Only what might be a guess counts.
    async fn release_source<T>(&self, source: Option<&str>, tried: &Result<T>) -> Result<()> {
        let guessed = matches!(
            tried,
            Err(Failure::Refused(AttachmentRefusal::AccountNotFound | AttachmentRefusal::ProofRejected))
        );
        match source {
            Some(source) if !guessed => Ok(self.by_source.give_back(source).await?),
            _ => Ok(()),
        }
    }

    /// Gives the account another name of the person's own, or none. Others who see it see it by theirs.
    pub async fn rename(&self, access: AccountAccess, nickname: Option<String>) -> Result<AccountAccess> {
        let nickname = &plain_nickname(nickname)?;
        let (user_id, id) = (access.user_id(), access.id());
        let renamed = self.db.transaction(|tx| async move {
            store::rename_attachment_in(&tx, user_id, id, nickname.clone()).await?;
            store::get_attachment_in(&tx, user_id, id).await.map_err(Failure::from)
        });
        let renamed = renamed.await?;
        Ok(access.renamed(renamed))
    }

    /// Takes an account off the person's list; false when it was not on it.
    pub async fn detach(
        &self,
        person: &Person,
        origin: impl Into<Origin>,
        id: PersonalAccountId,
    ) -> std::result::Result<bool, Fault> {
        let (user_id, origin) = (person.user_id, &origin.into());
        let deleted = self.db.transaction(|tx| async move {
            let deleted = store::delete_attachment_in(&tx, user_id, id).await?;
            let mut shared_with = Vec::new();
            if deleted {
                // Neither what the person gave of it nor what was given to them outlives it.
                let mut shares = store::list_shares_of_owner_in(&tx, user_id, Some(id)).await?;
                shares.extend(store::list_shares_for_in(&tx, user_id, None, Some(id)).await?);
                shared_with = store::list_takers_in(&tx, &shares).await?;
                store::delete_shares_in(&tx, &shares).await?;
                let detached = Act::new(AuditEventKind::AccountDetached).about(id);
                self.audit.append_in(&tx, user_id, origin.clone(), detached).await?;
            }
            Ok::<_, Failure<std::convert::Infallible>>((deleted, shared_with))
        });
        let (deleted, shared_with) = deleted.await?;
        self.wake(shared_with.into_iter().chain(deleted.then_some(user_id)));
        Ok(deleted)
    }

    /// Takes every account off the list of a person who is erased; how many there were. What they share, and what is
    /// shared with them, ends.
    pub async fn detach_all_in(
        &self,
        tx: &Tx,
        user_id: UserId,
        email: Option<&str>,
    ) -> std::result::Result<u64, Fault> {
        let detached = store::delete_attachments_in(tx, user_id).await?;
        let mut shares = store::list_shares_of_owner_in(tx, user_id, None).await?;
        shares.extend(store::list_shares_for_in(tx, user_id, email, None).await?);
        store::delete_shares_in(tx, &shares).await?;
        Ok(detached)
    }

    async fn check_proof(
        &self,
        person: UserId,
        terms: &Terms,
        account: &personal_account::Model,
        proof: &AccessProof,
    ) -> Result<()> {
        if !AccessProofKind::list(&terms.access_proofs).contains(&proof.kind()) {
            return refuse(AttachmentRefusal::ProofNotOffered);
        }
        // Strangers who guess must not keep the owner out: everybody's first try of an hour is looked at.
        let first = self.first_tries.take(&format!("{}:{}", account.id.0, person.0)).await?;
        if !self.tries_of_account.take(&account.id.0.to_string()).await? && !first {
            return refuse(AttachmentRefusal::TooManyTries);
        }
        let fits = match proof {
            AccessProof::Pin(typed) => {
                account.pin.as_ref().is_some_and(|pin| bool::from(pin.as_bytes().ct_eq(typed.trim().as_bytes())))
            }
            AccessProof::LastChargeTotal(total) => {
                store::last_charge_total(self.db.read(), account.id).await? == Some(*total)
            }
            AccessProof::MeterReading(value) => store::has_last_reading(self.db.read(), account.id, *value).await?,
        };
        if fits { Ok(()) } else { refuse(AttachmentRefusal::ProofRejected) }
    }

    async fn insert_attachment(
        &self,
        person: &Person,
        origin: Origin,
        account: personal_account::Model,
        nickname: Option<String>,
        access: AccessLevel,
    ) -> Result<AccountAccess> {
        let now = self.clock.now();
        let id = self.entropy.id(&self.clock)?;
        let (account_id, nickname, origin) = (account.id, &nickname, &origin);
        let inserted = self.db.transaction(|tx: Tx| async move {
            // Read under the lock: the version at which this person's events begin.
            let account = store::lock_account_in(&tx, account_id).await?;
            let row = attachment::Model {
                id,
                user_id: person.user_id,
                personal_account_id: account.id,
                access,
                nickname: nickname.clone(),
                attached_at: now,
                proved_at: (access == AccessLevel::Full).then_some(now),
                attached_version: account.version,
                share_id: None,
                may_pay: true,
                ends_at: None,
            };
            match store::insert_attachment_in(&tx, row.clone()).await {
                Ok(()) => {}
                Err(error) if is_duplicate(&error) => return refuse(AttachmentRefusal::AlreadyAttached),
                Err(error) => return Err(error.into()),
            }
            let attached = Act::new(AuditEventKind::AccountAttached).about(account.id).with("access", &access.word());
            self.audit.append_in(&tx, person.user_id, origin.clone(), attached).await?;
            let way = if access == AccessLevel::Full { Way::Proof } else { Way::Number };
            self.tell_holders_in(&tx, account.id, person.user_id, way).await?;
            Ok(Self::shown(account, row))
        });
        let inserted = inserted.await?;
        self.wake([person.user_id]);
        Ok(inserted)
    }

    /// Everybody else with FULL access of their own gets a letter.
    pub(super) async fn tell_holders_in(
        &self,
        tx: &Tx,
        account: PersonalAccountId,
        newcomer: UserId,
        way: Way,
    ) -> std::result::Result<(), Fault> {
        for user_id in store::list_full_in(tx, account, newcomer).await? {
            let attached_at = self.clock.now();
            let told = SendAccountAttached { user_id, personal_account_id: account, way, attached_at };
            self.outbox.enqueue_in(tx, &told).await?;
        }
        Ok(())
    }
}
