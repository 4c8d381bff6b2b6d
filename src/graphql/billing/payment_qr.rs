//! The code on a receipt, and whether somebody else's is genuine.

use async_graphql::{Context, Enum, Object, SimpleObject};

use super::super::accounts::{Money, PersonalAccount, Provider};
use super::super::context::Find;
use super::super::error::TopError;
use super::super::scalars::YearMonth;
use crate::billing::payee_check::check;
use crate::billing::payment_qr::{self, read};

/// The most that is looked at, in characters.
const LONGEST: usize = 2000;

/// The code that banks' apps read (GOST R 56042-2014).
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentQr {
    /// The text of the code, in UTF-8.
    pub text: String,
    /// The picture of the code.
    pub svg: String,
    /// The sum in it; null when nothing is owed: the payer chooses.
    pub amount: Option<Money>,
}

/// What a receipt's code is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "payment_qr::Verdict")]
pub enum PaymentQrVerdict {
    /// The money goes where the provider wants it.
    Genuine,
    /// The money goes where the provider wanted it once: ask for a new receipt.
    Outdated,
    /// It names a provider, and the money goes elsewhere: do not pay.
    Fake,
    /// It names nobody who bills here.
    UnknownPayee,
    /// It is no payment code.
    Unreadable,
}

/// A detail of a payee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "payment_qr::Detail")]
pub enum PayeeDetail {
    /// Taxpayer number (ИНН).
    Inn,
    /// Bank identifier (БИК).
    Bic,
    /// The account at the bank.
    Account,
    /// The bank's correspondent account.
    CorrespondentAccount,
}

/// What was found about a receipt's code.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentQrCheck {
    /// Whether to pay by it.
    pub verdict: PaymentQrVerdict,
    /// Whose receipt it is, or pretends to be.
    pub provider: Option<Provider>,
    /// Where it differs from what the provider wants today.
    pub differences: Vec<PayeeDetail>,
    /// The name of the payee in the code. Anybody can print any name.
    pub payee_name: Option<String>,
    /// The sum in the code.
    pub amount: Option<Money>,
    /// The month in the code.
    pub period: Option<YearMonth>,
    /// The account number in the code.
    pub account_number: Option<String>,
    /// The viewer's account with that number, if it is one of the viewer's.
    pub personal_account: Option<PersonalAccount>,
}

#[derive(Default)]
pub struct PaymentQrQuery;

#[Object]
impl PaymentQrQuery {
    /// Tells a provider's receipt from a fake one by where its code sends the money.
    async fn check_payment_qr(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The text that a camera reads from the code, at most 2000 characters.")] text: String,
    ) -> Result<PaymentQrCheck, TopError> {
        if text.chars().count() > LONGEST {
            return Err(TopError::BadInput(format!("At most {LONGEST} characters.")));
        }
        let services = ctx.services()?;
        let Some(found) = read(&text) else { return Ok(unreadable()) };
        let named = [&found.inn, &found.account, &found.name].map(Option::as_deref);
        let candidates = services.accounts.providers_named(named).await?;
        let checked = check(&found, candidates, services.clock.now().date_naive());
        let personal_account =
            own_account(ctx, checked.provider.as_ref().map(crate::accounts::Provider::id), &found).await?;
        Ok(PaymentQrCheck {
            verdict: checked.verdict.into(),
            provider: checked.provider.map(|provider| Provider { provider }),
            differences: checked.differences.into_iter().map(Into::into).collect(),
            payee_name: found.name,
            amount: found.sum.map(Into::into),
            period: found.period.map(YearMonth),
            account_number: found.number,
            personal_account,
        })
    }
}

fn unreadable() -> PaymentQrCheck {
    PaymentQrCheck {
        verdict: PaymentQrVerdict::Unreadable,
        provider: None,
        differences: Vec::new(),
        payee_name: None,
        amount: None,
        period: None,
        account_number: None,
        personal_account: None,
    }
}

/// Whether a stranger's number exists is told to nobody.
async fn own_account(
    ctx: &Context<'_>,
    provider: Option<entity::ids::ProviderId>,
    found: &payment_qr::Read,
) -> Result<Option<PersonalAccount>, TopError> {
    let (Some(person), Some(provider), Some(number)) = (&ctx.actor()?.person, provider, &found.number) else {
        return Ok(None);
    };
    if !person.confirmed {
        return Ok(None);
    }
    let own = ctx.services()?.accounts.own_account(person, provider, number).await?;
    Ok(own.map(PersonalAccount))
}
