//! Every way in which identity says no.

use entity::ids::UserId;

use super::password::PasswordRefusal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationRefusal {
    /// The setting does not allow addresses of this domain: the same for every address of it.
    DomainNotAllowed,
    /// The captcha's answer is missing, wrong, used or too late.
    Captcha,
    Password(PasswordRefusal),
    /// Not every agreement in force was accepted.
    AgreementsNotAccepted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfirmationRefusal {
    /// Unknown, used or expired: which of them is nobody's business.
    BadToken,
    /// The address was registered more than once: the mailbox's owner must say which password holds.
    PasswordNeeded,
    Password(PasswordRefusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResendRefusal {
    AlreadyConfirmed(UserId),
    /// One letter a minute, five a day.
    TooSoon {
        seconds: i64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// The address is unknown or the password is wrong: the same answer, in the same time.
    BadCredentials,
    /// So many tries were wrong that a captcha is asked for, and none was given. The same for every address.
    CaptchaRequired,
    /// The captcha's answer is wrong, used or too late.
    CaptchaRejected,
    /// The password is right, and a second factor is set up: no code was given.
    TwoFactorRequired,
    /// The password is right, the code is none or was used.
    TwoFactorRejected,
    TooManyTries {
        seconds: i64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetRequestRefusal {
    Captcha,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetRefusal {
    /// Unknown, used, expired, or older than the password.
    BadToken,
    Password(PasswordRefusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessTokenRefusal {
    NotConfirmed,
    /// Empty, too long, or of characters that no screen shows.
    Name,
    NoScopes,
    /// Outside of the range.
    Days,
    /// As many as a person may have.
    TooMany,
    StepUp(StepUpRefusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionRefusal {
    NotConfirmed,
    StepUp(StepUpRefusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancellationRefusal {
    /// Unknown or expired, or the deletion was cancelled already.
    BadToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportRefusal {
    /// Unknown, used or expired.
    BadToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeRefusal {
    NotConfirmed,
    /// The current password was not shown.
    Proof(StepUpRefusal),
    Password(PasswordRefusal),
}

/// Why a proof that is asked again does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepUpRefusal {
    /// The current password is another, or was not given.
    WrongPassword,
    /// A second factor is set up, and no code was given.
    TwoFactorRequired,
    /// The code is none, or was used.
    TwoFactorRejected,
    TooManyTries {
        seconds: i64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwoFactorRefusal {
    NotConfirmed,
    Proof(StepUpRefusal),
    /// One is set up; it is ended before another is.
    AlreadyEnabled,
    NotEnabled,
    /// No secret was asked for, or too long ago.
    NotBegun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileRefusal {
    NotConfirmed,
    /// Empty, too long, or with control characters.
    NameMalformed,
    PhoneMalformed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptanceRefusal {
    NotConfirmed,
    Empty,
    /// The id at this place names no document in force.
    NotInForce {
        index: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailChangeRefusal {
    NotConfirmed,
    /// The setting does not allow addresses of this domain: the same for every address of it.
    DomainNotAllowed,
    /// It is the person's address already.
    Unchanged,
    Proof(StepUpRefusal),
    TooManyTries {
        seconds: i64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeLinkRefusal {
    /// Unknown, used, expired, cancelled, or older than the password.
    BadToken,
    /// Somebody else has the new address by now. Only told after its mailbox has confirmed.
    Taken,
}
