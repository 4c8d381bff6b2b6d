//! What a person did and what was done to their cabinet, as they read it.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, SimpleObject};
use uuid::Uuid;

use crate::graphql::context::Find;
use crate::graphql::enums::AuditEventKind;
use crate::graphql::error::TopError;
use crate::graphql::ids;
use crate::graphql::page::{Window, connection};
use crate::graphql::scalars::DateTime;
use crate::identity::audit;

/// Something that the person did, or that was done to their cabinet. Events are never changed.
#[derive(Clone, Debug)]
pub struct AuditEvent(pub audit::AuditEvent);

/// Something that the person did, or that was done to their cabinet. Events are never changed.
#[Object]
impl AuditEvent {
    /// TypeID with the prefix `event`.
    async fn id(&self) -> ID {
        ids::encode(self.0.event.id)
    }

    /// 1 for the person's first event, one more for each that follows: no number is left out.
    async fn sequence(&self) -> i32 {
        i32::try_from(self.0.event.sequence).unwrap_or(i32::MAX)
    }

    /// What happened.
    async fn kind(&self) -> AuditEventKind {
        self.0.event.kind.into()
    }

    /// When.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.0.event.occurred_at)
    }

    /// Network address that it came from; null for what kabinet did by itself.
    async fn address(&self) -> Option<&str> {
        self.0.circumstances.address.as_deref()
    }

    /// What the device called itself (User-Agent); null when it did not.
    async fn device(&self) -> Option<&str> {
        self.0.circumstances.device.as_deref()
    }

    /// Id of the request, which support can find in the log; null for what kabinet did by itself.
    async fn request_id(&self) -> Option<&str> {
        self.0.circumstances.request_id.as_deref()
    }

    /// What it was about, by name.
    async fn details(&self) -> Vec<AuditDetail> {
        self.0.details().into_iter().map(|(name, value)| detail(name, value)).collect()
    }
}

/// One particular of an event.
#[derive(Clone, Debug, SimpleObject)]
pub struct AuditDetail {
    /// What it says: `account`, `session`, `payment`, `amount`, `readings` …
    pub name: String,
    /// A TypeID, a number or a word.
    pub value: String,
}

/// An id is kept under its prefix.
fn detail(name: String, value: String) -> AuditDetail {
    let value = Uuid::parse_str(&value).map_or(value, |uuid| ids::text(&name, uuid));
    AuditDetail { name, value }
}

pub async fn list(
    ctx: &Context<'_>,
    window: Window,
) -> Result<Connection<String, AuditEvent, EmptyFields, EmptyFields>, TopError> {
    let services = ctx.services()?;
    let page = window.page(&services.config.graphql)?;
    let slice = services.identity.audit.list(ctx.person()?, page).await?;
    connection(slice, audit::AuditEvent::list_key, AuditEvent)
}
