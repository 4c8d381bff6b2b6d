//! The codes of `userErrors`.

use async_graphql::Enum;

/// Why a mutation did nothing. Codes are only ever added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ErrorCode {
    /// The e-mail address is not one.
    EmailMalformed,
    /// Cabinets here have addresses of certain domains only, and this is none of them.
    EmailDomainNotAllowed,
    /// It is the person's address already.
    EmailUnchanged,
    /// The new address belongs to another cabinet by now: the change is over.
    EmailTaken,
    /// The captcha's answer is missing, wrong, used or too late: ask for a new challenge.
    CaptchaRejected,
    /// There were wrong passwords: send the answer to `captcha(action: SIGN_IN)` along.
    CaptchaRequired,
    /// The password is shorter than the policy allows.
    PasswordTooShort,
    /// The password is longer than the policy allows.
    PasswordTooLong,
    /// The password has characters that the policy does not allow.
    PasswordCharacters,
    /// The password is one of those that are tried first, or mostly the service's own name.
    PasswordTooCommon,
    /// The password contains the login.
    PasswordContainsLogin,
    /// Not every agreement in force was accepted.
    AgreementsNotAccepted,
    /// The id names no document in force: ask for `viewer.pendingAgreements` again.
    AgreementNotInForce,
    /// The link is unknown, used or expired.
    TokenInvalid,
    /// The address was registered more than once: say which password holds.
    PasswordNeeded,
    /// The current password is another.
    WrongPassword,
    /// The address is confirmed already.
    AlreadyConfirmed,
    /// Done a moment ago: see `retryAfterSeconds`.
    TooSoon,
    /// The address or the password is wrong.
    BadCredentials,
    /// There is no such session, or it is none of this person's.
    SessionNotFound,
    /// Was given while sessions in cookies were not offered; it is given no more.
    TransportNotOffered,
    /// The e-mail address must be confirmed first.
    EmailNotConfirmed,
    /// The name is empty, longer than 200 characters, or has control characters.
    NameMalformed,
    /// The phone number is none.
    PhoneMalformed,
    /// There is no such provider.
    ProviderNotFound,
    /// The number does not look like one of the provider's.
    AccountNumberMalformed,
    /// The account does not exist, is not to be attached, or is none of this person's.
    AccountNotFound,
    /// The account is attached already.
    AlreadyAttached,
    /// The proof does not fit.
    ProofRejected,
    /// The provider does not take this kind of proof.
    ProofNotOffered,
    /// Too many tries: see `retryAfterSeconds`.
    TooManyTries,
    /// The account is another person's, who has not given leave to do this.
    NotShared,
    /// The account is shared with this address already: end that first.
    AlreadyShared,
    /// The date has passed.
    DatePassed,
    /// The text is empty, too long, or has control characters.
    TextMalformed,
    /// There is no such statement, or it is none of this person's.
    StatementNotFound,
    /// There is no such payment, or another person made it.
    PaymentNotFound,
    /// There is no such question, or another person asked it.
    SupportRequestNotFound,
    /// The question has as many messages as one may have: a new one goes on.
    SupportThreadFull,
    /// There is no such share, or it is none of this person's.
    ShareNotFound,
    /// The nickname is longer than 60 characters.
    NicknameTooLong,
    /// The number has more digits than are kept, or is none.
    NumberMalformed,
    /// The list is empty.
    Empty,
    /// The list is longer than is taken at once.
    TooMany,
    /// There is no such meter, or it is none of this person's.
    MeterNotFound,
    /// The meter was removed.
    MeterRemoved,
    /// The meter stands in the list twice.
    MeterRepeated,
    /// The date is in the future.
    FutureDate,
    /// The date is before the last reading's.
    BeforeLastReading,
    /// The values are not exactly those of the meter's registers.
    RegistersDiffer,
    /// A meter shows no negative numbers.
    NegativeReading,
    /// More digits before the point than the meter has.
    TooManyDigits,
    /// More digits after the point than the meter has.
    TooManyFractionDigits,
    /// Less than the last reading.
    BelowPrevious,
    /// Less than the last reading, but plausible past the counter's end: confirm it.
    RolloverProposed,
    /// Far more than usual: confirm it.
    UnusuallyHigh,
    /// The provider takes readings on other days of the month only.
    OutsideWindow,
    /// The provider takes no readings of a meter whose verification has expired.
    VerificationExpired,
    /// Nothing was used since the last reading: confirm it.
    ZeroConsumption,
    /// There is no such reading, or the viewer did not send it.
    ReadingNotFound,
    /// The provider has the reading already, or the reading window in which it came has ended.
    WithdrawalTooLate,
    /// There is no debt to pay.
    NothingOwed,
    /// The viewer has no such saved method.
    SavedMethodNotFound,
    /// The viewer has no such autopay.
    AutopayNotFound,
    /// Nothing is charged without the viewer's consent.
    ConsentMissing,
    /// The payment has ended, or the acquirer does not give it up any more.
    PaymentNotCancelable,
    /// Nobody knows yet whether the acquirer has the payment.
    PaymentUnknown,
    /// The money of this payment has not come.
    PaymentNotPaid,
    /// The receipt went out five times within a day.
    ReceiptSentTooOften,
    /// The provider has not said all that the acquirer must be told of it.
    ProviderNotPayable,
    /// The account is another provider's than the first, or was named before; or its provider is paid for one account at a time; or
    /// there are more than ten.
    AccountsNotPayableTogether,
    /// The sum is not one that can be paid.
    AmountOutOfRange,
    /// Give exactly one: the current debt, or a sum.
    AmountMissing,
    /// Not an absolute http or https address.
    ReturnUrlMalformed,
    /// The idempotency key is empty or longer than 255 bytes.
    IdempotencyKeyMalformed,
    /// The idempotency key was used with another input.
    IdempotencyKeyReused,
    /// The first call with this idempotency key is still running: repeat it in a few seconds.
    IdempotencyKeyRunning,
    /// A second factor is set up: give a code of it too.
    TwoFactorRequired,
    /// The code of the second factor is wrong, too old or used.
    TwoFactorRejected,
    /// A second factor is set up already: disable it first.
    TwoFactorAlreadyEnabled,
    /// No second factor is set up.
    TwoFactorNotEnabled,
    /// No second factor was begun, or too long ago: begin anew.
    TwoFactorNotBegun,
    /// An archive of the person's data is being made: wait for it.
    ExportRunning,
    /// As many archives as a day allows: see `retryAfterSeconds`.
    TooManyExports,
    /// A token's name has 1 to 100 characters.
    AccessTokenNameMalformed,
    /// A token is for something: name a scope.
    AccessTokenScopesMissing,
    /// A token is good for 1 to 366 days.
    AccessTokenLifetimeOutOfRange,
    /// As many tokens as a person may have: revoke one.
    TooManyAccessTokens,
    /// The token does not exist, or is not the viewer's.
    AccessTokenNotFound,
    /// There is no such leave of the viewer's for an app, or it has ended.
    ClientAccessNotFound,
    /// A value of the row is none, or does not go with its others.
    RowMalformed,
    /// An earlier row of the batch has the same key.
    RowRepeated,
    /// The figures of the statement or its lines do not add up.
    StatementDoesNotAddUp,
    /// The statement of this month is stored with other figures, and this one was not issued later.
    StatementDiffers,
    /// A later month's statement is stored already.
    StatementTooOld,
    /// The opening is not the closing of the month before.
    StatementBreaksChain,
    /// The account's ledger does not stand where the statements put it.
    LedgerDiffers,
    /// The statement of a later month stands on this one: that one is taken back first.
    StatementHasLater,
    /// A later issue has taken the statement's place, or the issue whose place it took was not kept.
    StatementCorrected,
    /// The provider has no such batch, or it is forgotten and nothing of it stands.
    ImportBatchNotFound,
    /// Only statements are taken back: other rows are mended by sending them as they should be.
    ImportBatchNotUndoable,
    /// The reading went another way and stays where it is.
    DecisionImpossible,
    /// Another sum was paid.
    PostingAmountDiffers,
    /// The provider has no such address, or no such message.
    WebhookNotFound,
    /// Messages go to public addresses that begin with https, without a user and without a fragment.
    WebhookUrlUnfit,
    /// As many addresses as a provider may have: disable those that nobody needs, and use them again.
    TooManyWebhooks,
    /// Nothing is sent to the address: enable it first.
    WebhookDisabled,
    /// So many keys sign at once that one must expire first: rotate with a shorter overlap.
    TooManyWebhookKeys,
    /// Keys that are replaced sign for 0 to 168 hours.
    WebhookOverlapOutOfRange,
    /// The provider has no such program, or it is revoked.
    ApiClientNotFound,
    /// The program has no such secret, or it has ended.
    ApiClientSecretNotFound,
    /// A program's name has 1 to 100 characters, none of them a control character.
    ApiClientNameMalformed,
    /// A program is for something: name a scope.
    ApiClientScopesMissing,
    /// The scope CLIENTS is given by an operator only.
    ApiClientScopeReserved,
    /// As many programs as a provider may have: revoke those that nobody needs.
    TooManyApiClients,
    /// Two secrets are good already: wait for the older one's end, or revoke one.
    TooManyApiClientSecrets,
    /// A secret that is replaced stays good for 0 to 720 hours.
    ApiClientOverlapOutOfRange,
    /// The secret of another program with the scope CLIENTS is rotated by itself, or by an operator.
    ApiClientIsAdministrator,
}
