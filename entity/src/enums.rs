//! Values of the text columns that hold one word of a closed list. The words are those of the public schema.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
        #[sea_orm(rs_type = "String", db_type = "Text")]
        pub enum $name {
            $(#[sea_orm(string_value = $word)] #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the database, in registers and in the public schema.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }

            /// Reads a comma-separated column; words it does not know are left out.
            pub fn list(words: &str) -> Vec<Self> {
                words.split(',').filter_map(Self::from_word).collect()
            }
        }
    )+};
}

words! {
    Locale { Ru = "RU", En = "EN" }
    AgreementKind { UserAgreement = "USER_AGREEMENT", PersonalDataConsent = "PERSONAL_DATA_CONSENT" }
    AuditEventKind {
        Registered = "REGISTERED", EmailConfirmed = "EMAIL_CONFIRMED", SignedIn = "SIGNED_IN", SignInFailed = "SIGN_IN_FAILED",
        SignedOut = "SIGNED_OUT", SessionRevoked = "SESSION_REVOKED", SessionsRevoked = "SESSIONS_REVOKED", ForeignSignInReported = "FOREIGN_SIGN_IN_REPORTED",
        PasswordChanged = "PASSWORD_CHANGED", PasswordReset = "PASSWORD_RESET", EmailChanged = "EMAIL_CHANGED",
        ProfileChanged = "PROFILE_CHANGED", SecondFactorEnabled = "SECOND_FACTOR_ENABLED",
        SecondFactorDisabled = "SECOND_FACTOR_DISABLED", RecoveryCodesReplaced = "RECOVERY_CODES_REPLACED",
        AccountAttached = "ACCOUNT_ATTACHED",
        AccountProved = "ACCOUNT_PROVED", AccountDetached = "ACCOUNT_DETACHED", AccountShared = "ACCOUNT_SHARED", AccountShareTaken = "ACCOUNT_SHARE_TAKEN", AccountShareEnded = "ACCOUNT_SHARE_ENDED", SupportRequested = "SUPPORT_REQUESTED", ReadingsSubmitted = "READINGS_SUBMITTED",
        ReadingWithdrawn = "READING_WITHDRAWN", PaymentCanceled = "PAYMENT_CANCELED",
        AutopaySet = "AUTOPAY_SET", AutopayPaused = "AUTOPAY_PAUSED", AutopayRemoved = "AUTOPAY_REMOVED", MethodRemoved = "METHOD_REMOVED", DataExportRequested = "DATA_EXPORT_REQUESTED", DataExportDownloaded = "DATA_EXPORT_DOWNLOADED",
        PaymentStarted = "PAYMENT_STARTED", DeletionRequested = "DELETION_REQUESTED",
        DeletionCancelled = "DELETION_CANCELLED", AccessTokenCreated = "ACCESS_TOKEN_CREATED", AccessTokenRevoked = "ACCESS_TOKEN_REVOKED", Erased = "ERASED",
        ClientAccessGranted = "CLIENT_ACCESS_GRANTED", ClientAccessRevoked = "CLIENT_ACCESS_REVOKED",
    }
    /// What a token may be used for.
    Scope {
        Profile = "PROFILE", Balance = "BALANCE", Statements = "STATEMENTS", Readings = "READINGS",
        SubmitReadings = "SUBMIT_READINGS", Payments = "PAYMENTS", Pay = "PAY",
    }
    /// What the token of a provider's own program may be used for.
    ClientScope {
        Balances = "BALANCES", Readings = "READINGS", Payments = "PAYMENTS", Import = "IMPORT", Decisions = "DECISIONS",
        Postings = "POSTINGS", Webhooks = "WEBHOOKS", Clients = "CLIENTS",
    }
    /// What a change of the feed is about.
    ChangeKind { Balance = "BALANCE", Reading = "READING", Payment = "PAYMENT" }
    /// What was done to a provider's own program.
    ApiClientEventKind {
        Added = "ADDED", SecretRotated = "SECRET_ROTATED", SecretRevoked = "SECRET_REVOKED", Revoked = "REVOKED",
    }
    /// What an app that acts for a person shows.
    GrantTokenKind { Code = "CODE", Access = "ACCESS", Refresh = "REFRESH" }
    EmailChangeLinkPurpose { ConfirmByOld = "CONFIRM_BY_OLD", ConfirmByNew = "CONFIRM_BY_NEW", Cancel = "CANCEL" }
    ErasureReason { Unconfirmed = "UNCONFIRMED", Requested = "REQUESTED" }
    AccessLevel { Limited = "LIMITED", Full = "FULL" }
    AccessProofKind { Pin = "PIN", LastChargeTotal = "LAST_CHARGE_TOTAL", MeterReading = "METER_READING" }
    /// What becomes of a reading that comes outside the window.
    LateReadings { NextBill = "NEXT_BILL", Refused = "REFUSED" }
    /// What becomes of a reading that equals the one before.
    ZeroConsumption { Taken = "TAKEN", Confirm = "CONFIRM" }
    /// What becomes of a reading of a meter whose verification has expired.
    ExpiredVerification { NotCounted = "NOT_COUNTED", Counted = "COUNTED", Refused = "REFUSED" }
    Unit { CubicMetre = "CUBIC_METRE", KilowattHour = "KILOWATT_HOUR", Gigacalorie = "GIGACALORIE", Month = "MONTH", SquareMetre = "SQUARE_METRE" }
    ServiceChangeKind { Tariff = "TARIFF", Norm = "NORM", Residents = "RESIDENTS", Meter = "METER", Contract = "CONTRACT" }
    Register { Single = "SINGLE", Day = "DAY", Night = "NIGHT", Peak = "PEAK" }
    /// Who gave a reading. Estimates are charges, never readings.
    ReadingSource { Cabinet = "CABINET", Payment = "PAYMENT", Provider = "PROVIDER", Inspector = "INSPECTOR" }
    ReadingStatus {
        Submitted = "SUBMITTED", Delivered = "DELIVERED", Accepted = "ACCEPTED", Rejected = "REJECTED",
        Billed = "BILLED", Withdrawn = "WITHDRAWN",
    }
    ReadingWarning {
        RolloverProposed = "ROLLOVER_PROPOSED", UnusuallyHigh = "UNUSUALLY_HIGH", ZeroConsumption = "ZERO_CONSUMPTION",
        OutsideWindow = "OUTSIDE_WINDOW", VerificationExpired = "VERIFICATION_EXPIRED", SealBroken = "SEAL_BROKEN",
    }
    ChargeBasis { Meter = "METER", Average = "AVERAGE", Norm = "NORM" }
    LedgerEntryKind {
        Opening = "OPENING", Charge = "CHARGE", Payment = "PAYMENT", Refund = "REFUND", Adjustment = "ADJUSTMENT", Penalty = "PENALTY",
        Reversal = "REVERSAL",
    }
    /// Which leads to which: `payments/state.rs`, and the triggers of step 30.
    PaymentStatus {
        Created = "CREATED", Unknown = "UNKNOWN", Pending = "PENDING", WaitingForCapture = "WAITING_FOR_CAPTURE",
        Succeeded = "SUCCEEDED", Canceled = "CANCELED", PartiallyRefunded = "PARTIALLY_REFUNDED", Refunded = "REFUNDED",
    }
    /// How the payer means to pay; `ANY`: chosen at the acquirer.
    PaymentMethod { Any = "ANY", Card = "CARD", Sbp = "SBP", SbpQr = "SBP_QR" }
    /// Who makes the receipt of 54-ФЗ: nobody of ours, or the acquirer with the payment.
    ReceiptMode { None = "NONE", WithPayment = "WITH_PAYMENT" }
    /// How far the acquirer is with a receipt of 54-ФЗ.
    ReceiptStatus { Pending = "PENDING", Succeeded = "SUCCEEDED", Canceled = "CANCELED" }
    /// Whose money a posting of the journal is; what each sum means: `payments/journal.rs`.
    Book {
        Account = "ACCOUNT", Clearing = "CLEARING", Acquirer = "ACQUIRER", Provider = "PROVIDER", Commission = "COMMISSION",
    }
    RefundStatus {
        Created = "CREATED", Unknown = "UNKNOWN", Pending = "PENDING", Succeeded = "SUCCEEDED", Canceled = "CANCELED",
    }
    JournalKind { Payment = "PAYMENT", Refund = "REFUND", Commission = "COMMISSION", Payout = "PAYOUT" }
    /// What people must look at.
    IncidentKind {
        LateSuccess = "LATE_SUCCESS", LateCancel = "LATE_CANCEL", AmountDiffers = "AMOUNT_DIFFERS", Foreign = "FOREIGN",
        Missing = "MISSING", Stuck = "STUCK", ReceiptMissing = "RECEIPT_MISSING", NotSent = "NOT_SENT", NotPosted = "NOT_POSTED",
        RefundCanceled = "REFUND_CANCELED", RefundPaidOut = "REFUND_PAID_OUT",
    }
    /// When an autopay acts.
    AutopayTrigger { DueDate = "DUE_DATE", NewStatement = "NEW_STATEMENT" }
    AutopayRunState { Announced = "ANNOUNCED", Paying = "PAYING", Paid = "PAID", Failed = "FAILED", Skipped = "SKIPPED" }
    /// In what we and an acquirer differ: money that we do not know of, money that it does not know of, another sum; the same
    /// of refunds.
    DifferenceKind {
        MissingHere = "MISSING_HERE", MissingThere = "MISSING_THERE", Amount = "AMOUNT",
        RefundMissingHere = "REFUND_MISSING_HERE", RefundMissingThere = "REFUND_MISSING_THERE",
    }
    SupportTopic { Bill = "BILL", Reading = "READING", Payment = "PAYMENT", Access = "ACCESS", Other = "OTHER" }
    /// Whose turn it is.
    SupportState { Open = "OPEN", Answered = "ANSWERED", Closed = "CLOSED" }
    /// What a provider's server can be told of. A ping is asked for, and passes every filter.
    WebhookEvent {
        BalanceChanged = "BALANCE_CHANGED", ReadingStatusChanged = "READING_STATUS_CHANGED",
        PaymentStatusChanged = "PAYMENT_STATUS_CHANGED", Ping = "PING",
    }
    /// What a provider's program is given: a reading that somebody sent, money that came or went back.
    OutboundKind { Reading = "READING", Movement = "MOVEMENT" }
    /// How far an export has come that a provider's program sends by HTTP.
    UploadState {
        Receiving = "RECEIVING", Waiting = "WAITING", Running = "RUNNING", Done = "DONE", Refused = "REFUSED", Failed = "FAILED",
    }
    WebhookState { Active = "ACTIVE", Disabled = "DISABLED" }
    /// Why nothing is sent to an address: its owner wanted so, it answered that it is gone, it took nothing for too long, or
    /// none of its keys can be opened.
    WebhookStop { Owner = "OWNER", Gone = "GONE", Exhausted = "EXHAUSTED", Key = "KEY" }
    /// By what messages are signed.
    WebhookKeyKind { Hmac = "HMAC", Ed25519 = "ED25519" }
    WebhookMessageState { Pending = "PENDING", Delivered = "DELIVERED", Dropped = "DROPPED" }
    SandboxStatus { Pending = "pending", WaitingForCapture = "waiting_for_capture", Succeeded = "succeeded", Canceled = "canceled" }
}
