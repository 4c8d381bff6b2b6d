//! What the support service needs to know of a request, gathered when its letter is written.

use entity::ids::SupportRequestId;
use entity::{meter, payment, statement, support_message, support_request};

use super::{Support, store};
use crate::accounts::Provider;
use crate::kernel::Fault;

/// A message with all that it is about.
#[derive(Clone, Debug)]
pub struct Facts {
    pub request: support_request::Model,
    pub message: support_message::Model,
    /// Number and provider of the account.
    pub account: Option<(String, Provider)>,
    pub meter: Option<meter::Model>,
    pub statement: Option<statement::Model>,
    pub payment: Option<payment::Model>,
}

impl Facts {
    /// Where it is mailed: the provider's own address, if it has one today.
    pub fn provider_address(&self, today: chrono::DateTime<chrono::Utc>) -> Option<&str> {
        let (_, provider) = self.account.as_ref()?;
        provider.terms_on(provider.day_of(today)).support_email.as_deref()
    }
}

impl Support {
    /// None of what is gone.
    pub async fn facts(&self, id: SupportRequestId, position: i32) -> Result<Option<Facts>, Fault> {
        let Some(request) = store::find_request(self.db.read(), id).await? else { return Ok(None) };
        let messages = store::list_messages(self.db.read(), &[id]).await?;
        let Some(message) = messages.into_iter().find(|message| message.position == position) else { return Ok(None) };
        let account = match request.personal_account_id {
            Some(account) => Some(self.subjects.accounts.number_and_provider(account).await?),
            None => None,
        };
        let meter = match request.meter_id {
            Some(meter) => self.subjects.metering.find_meters(&[meter]).await?.into_iter().next(),
            None => None,
        };
        let statement = match request.statement_id {
            Some(statement) => self.subjects.billing.find_statements_by_id(&[statement]).await?.into_iter().next(),
            None => None,
        };
        let payment = match request.payment_id {
            Some(payment) => self.subjects.payments.payment_of_job(payment).await?,
            None => None,
        };
        Ok(Some(Facts { request, message, account, meter, statement, payment }))
    }
}
