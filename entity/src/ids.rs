//! One id type per table, so that an id of another table does not compile.
//!
//! Inside a UUIDv7 (RFC 9562), outside a TypeID: `account_01h2xcejqtf2nbrexx3vqjhp41`.

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An id that says which table it belongs to.
pub trait TypedId: Copy + Eq + std::hash::Hash {
    /// The part before the underscore of its TypeID.
    const PREFIX: &'static str;

    fn from_uuid(uuid: Uuid) -> Self;

    fn uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($name:ident = $prefix:literal),+ $(,)?) => {$(
        #[doc = concat!("TypeID prefix `", $prefix, "`.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, DeriveValueType, Serialize, Deserialize)]
        pub struct $name(pub Uuid);

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;

            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

ids! {
    AccountServiceId = "service",
    AccountShareId = "share",
    AcquirerNotificationId = "notification",
    AccessTokenId = "token",
    AgreementAcceptanceId = "acceptance",
    ApiClientEventId = "clientevent",
    ApiClientId = "client",
    ApiClientSecretId = "secret",
    AppId = "app",
    AttachmentId = "attachment",
    AuditEventId = "event",
    AutopayId = "autopay",
    AutopayRunId = "autopayrun",
    ClientCallId = "call",
    ClientGrantId = "grant",
    DataExportId = "export",
    EmailChangeId = "emailchange",
    ErasureId = "erasure",
    ImportBatchId = "batch",
    ImportFileId = "import",
    DifferenceId = "difference",
    IncidentId = "incident",
    JournalTransactionId = "transaction",
    LedgerEntryId = "entry",
    MeterId = "meter",
    MeterReadingId = "reading",
    OutboxJobId = "job",
    PaymentId = "payment",
    PaymentRegisterId = "register",
    PersonalAccountId = "account",
    ProviderId = "provider",
    RefundId = "refund",
    ServiceChangeId = "change",
    SessionId = "session",
    SavedMethodId = "method",
    StatementId = "statement",
    SupportRequestId = "request",
    TariffId = "tariff",
    UploadId = "upload",
    UserId = "user",
    WebhookAttemptId = "attempt",
    WebhookEndpointId = "webhook",
    WebhookKeyId = "webhookkey",
    WebhookMessageId = "msg",
}
