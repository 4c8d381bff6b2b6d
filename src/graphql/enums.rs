//! Words of the public schema that are words of the database too; the compiler keeps the two lists the same.

use async_graphql::Enum;

/// The language of letters and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::Locale")]
pub enum Locale {
    /// Russian.
    Ru,
    /// English.
    En,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::AgreementKind")]
pub enum AgreementKind {
    /// Rules of the cabinet.
    UserAgreement,
    /// Consent to the processing of personal data, a document of its own by law.
    PersonalDataConsent,
}

/// What happened to a person's cabinet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::AuditEventKind")]
pub enum AuditEventKind {
    /// The cabinet was made.
    Registered,
    /// The address was confirmed.
    EmailConfirmed,
    /// A session began.
    SignedIn,
    /// Somebody gave a wrong password, or a wrong code after the right one. At most ten an hour are written down.
    SignInFailed,
    /// The session that asked was ended.
    SignedOut,
    /// One session was ended from another.
    SessionRevoked,
    /// Several sessions were ended at once.
    SessionsRevoked,
    /// A sign-in was said to be somebody else's: every session was ended and the password made void.
    ForeignSignInReported,
    /// A new password, by who knew the old one.
    PasswordChanged,
    /// A new password, by a letter's link.
    PasswordReset,
    /// The address is another.
    EmailChanged,
    /// Name, phone or language are others.
    ProfileChanged,
    /// A code is asked for besides the password.
    SecondFactorEnabled,
    /// No code is asked for any more.
    SecondFactorDisabled,
    /// The codes for who has lost the second factor are others.
    RecoveryCodesReplaced,
    /// A personal account was attached.
    AccountAttached,
    /// A personal account was shared with another person.
    AccountShared,
    /// A personal account that another person shares was taken.
    AccountShareTaken,
    /// A personal account is not shared any more.
    AccountShareEnded,
    /// The support service was asked.
    SupportRequested,
    /// The access to an account was raised by a proof.
    AccountProved,
    /// An account was taken off the list.
    AccountDetached,
    /// Meter readings were sent.
    ReadingsSubmitted,
    /// A reading was taken back.
    ReadingWithdrawn,
    /// An archive of the person's data was asked for.
    DataExportRequested,
    /// The archive was fetched.
    DataExportDownloaded,
    /// A payment was started.
    PaymentStarted,
    /// A payment was given up by its payer.
    PaymentCanceled,
    /// An autopay was set or changed.
    AutopaySet,
    /// An autopay was paused, or let go on.
    AutopayPaused,
    /// An autopay was taken back.
    AutopayRemoved,
    /// A saved means of paying was forgotten.
    MethodRemoved,
    /// The deletion of the cabinet was asked for.
    DeletionRequested,
    /// The cabinet stays after all.
    DeletionCancelled,
    /// A token for a script was made.
    AccessTokenCreated,
    /// A token for a script was revoked.
    AccessTokenRevoked,
    /// An app was let act for the person.
    ClientAccessGranted,
    /// What an app was let do was taken back: by the person, by the app, or because a secret of it was used twice.
    ClientAccessRevoked,
    /// The cabinet was deleted.
    Erased,
}

/// How much of an account a person may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::AccessLevel", name = "AccountAccess")]
pub enum AccessLevel {
    /// By the number alone: pay, send readings, see the sum owed.
    Limited,
    /// After a proof: everything.
    Full,
}

/// What shows that an account is one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::AccessProofKind")]
pub enum AccessProofKind {
    /// The PIN printed on the receipt.
    Pin,
    /// What was accrued in the newest statement.
    LastChargeTotal,
    /// What a meter showed last.
    MeterReading,
}

/// What becomes of a reading outside the reading window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::LateReadings")]
pub enum LateReadings {
    /// It is taken, and enters the next bill.
    NextBill,
    /// It is refused.
    Refused,
}

/// What becomes of a reading that equals the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ZeroConsumption")]
pub enum ZeroConsumption {
    /// It is taken with a warning.
    Taken,
    /// It needs a confirmation.
    Confirm,
}

/// What becomes of a reading of a meter whose verification has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ExpiredVerification")]
pub enum ExpiredVerification {
    /// It is taken with a warning, and the bill is reckoned without it.
    NotCounted,
    /// It is taken like any other.
    Counted,
    /// It is refused.
    Refused,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::Unit")]
pub enum Unit {
    /// Cubic metre.
    CubicMetre,
    /// Kilowatt-hour.
    KilowattHour,
    /// Gigacalorie.
    Gigacalorie,
    /// Month.
    Month,
    /// Square metre.
    SquareMetre,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ServiceChangeKind")]
pub enum ServiceChangeKind {
    /// The price.
    Tariff,
    /// The norm of consumption.
    Norm,
    /// The number of residents.
    Residents,
    /// A meter was installed, replaced or removed.
    Meter,
    /// The contract.
    Contract,
}

/// A register of a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::Register")]
pub enum Register {
    /// The only one.
    Single,
    /// By day.
    Day,
    /// By night.
    Night,
    /// At peak hours.
    Peak,
}

/// Who gave a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ReadingSource")]
pub enum ReadingSource {
    /// The person, in the cabinet.
    Cabinet,
    /// The person, along with a payment.
    Payment,
    /// The provider's register.
    Provider,
    /// An inspector of the provider.
    Inspector,
}

/// How far a reading has come. Sent is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ReadingStatus")]
pub enum ReadingStatus {
    /// Stored here.
    Submitted,
    /// Handed to the provider.
    Delivered,
    /// Taken by the provider.
    Accepted,
    /// Refused by the provider.
    Rejected,
    /// Counted in a statement.
    Billed,
    /// Taken back by the person.
    Withdrawn,
}

/// What is remarkable about a reading that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ReadingWarning")]
pub enum ReadingWarning {
    /// The counter went past its end, as the person confirmed.
    RolloverProposed,
    /// Far more than usual, as the person confirmed.
    UnusuallyHigh,
    /// Nothing was used.
    ZeroConsumption,
    /// Given outside the provider's window: it may count for the next month.
    OutsideWindow,
    /// The meter's verification has expired: the provider will not count the reading.
    VerificationExpired,
    /// A seal was found broken: it may not be counted.
    SealBroken,
}

/// What a charge is reckoned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ChargeBasis")]
pub enum ChargeBasis {
    /// Readings of a meter.
    Meter,
    /// The average of earlier months, for want of readings.
    Average,
    /// The norm, for want of a meter or after three months of average.
    Norm,
}

/// Why a balance changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::LedgerEntryKind")]
pub enum LedgerEntryKind {
    /// What was owed when the account came here.
    Opening,
    /// A month's charge.
    Charge,
    /// A payment.
    Payment,
    /// A payment given back.
    Refund,
    /// A recalculation.
    Adjustment,
    /// A penalty for late payment.
    Penalty,
    /// An earlier entry taken back: the provider has corrected its statement.
    Reversal,
}

/// What a question to the support service is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::SupportTopic")]
pub enum SupportTopic {
    /// What is charged, and why.
    Bill,
    /// Meters and readings.
    Reading,
    /// Payments.
    Payment,
    /// Signing in, attaching accounts.
    Access,
    /// All else.
    Other,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::SupportState")]
pub enum SupportState {
    /// The support service's.
    Open,
    /// The person's.
    Answered,
    /// Nobody's: it is settled. A further message opens it again.
    Closed,
}

/// How far a refund has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// The money is given back and stands in the ledger.
    Succeeded,
    /// Nothing was given back.
    Canceled,
}

impl From<entity::enums::RefundStatus> for RefundStatus {
    fn from(status: entity::enums::RefundStatus) -> Self {
        use entity::enums::RefundStatus as Kept;
        match status {
            Kept::Created | Kept::Unknown | Kept::Pending => Self::Pending,
            Kept::Succeeded => Self::Succeeded,
            Kept::Canceled => Self::Canceled,
        }
    }
}

/// When an autopay acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::AutopayTrigger")]
pub enum AutopayTrigger {
    /// On the last day to pay without a penalty.
    DueDate,
    /// As soon as a statement has come and its letter has had time to be read.
    NewStatement,
}

/// Who makes the fiscal receipt (54-FZ).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ReceiptMode")]
pub enum ReceiptMode {
    /// The provider, or nobody.
    None,
    /// The acquirer, with the payment; it is sent to the payment's receipt address.
    WithPayment,
}

/// How the payer means to pay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::PaymentMethod")]
pub enum PaymentMethod {
    /// To be chosen on the acquirer's page.
    #[default]
    Any,
    /// By card, on the acquirer's page.
    Card,
    /// Through СБП, on the acquirer's page.
    Sbp,
    /// By a QR code of СБП, which the client shows.
    SbpQr,
}

/// How far a payment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaymentStatus {
    /// Waiting for the payer or the bank.
    Pending,
    /// The bank's answer was lost, and the bank is being asked: do not pay again meanwhile.
    Unknown,
    /// The money has come and stands in the ledger.
    Succeeded,
    /// Nothing was paid.
    Canceled,
    /// Everything was given back.
    Refunded,
    /// A part was given back.
    PartiallyRefunded,
}

impl PaymentStatus {
    /// The states in the database that show so.
    pub fn kept(self) -> &'static [entity::enums::PaymentStatus] {
        use entity::enums::PaymentStatus as Kept;
        match self {
            Self::Pending => &[Kept::Created, Kept::Pending, Kept::WaitingForCapture],
            Self::Unknown => &[Kept::Unknown],
            Self::Succeeded => &[Kept::Succeeded],
            Self::Canceled => &[Kept::Canceled],
            Self::PartiallyRefunded => &[Kept::PartiallyRefunded],
            Self::Refunded => &[Kept::Refunded],
        }
    }
}

impl From<entity::enums::PaymentStatus> for PaymentStatus {
    fn from(status: entity::enums::PaymentStatus) -> Self {
        use entity::enums::PaymentStatus as Kept;
        match status {
            Kept::Created | Kept::Pending | Kept::WaitingForCapture => Self::Pending,
            Kept::Unknown => Self::Unknown,
            Kept::Succeeded => Self::Succeeded,
            Kept::Canceled => Self::Canceled,
            Kept::PartiallyRefunded => Self::PartiallyRefunded,
            Kept::Refunded => Self::Refunded,
        }
    }
}
