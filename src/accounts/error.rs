//! Every way in which accounts say no.

/// Why an account is not shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharingRefusal {
    NotConfirmed,
    AccountNotFound,
    /// Only who has FULL access of their own may share.
    NotOwn,
    EmailMalformed,
    /// With oneself.
    OwnAddress,
    AlreadyShared,
    /// As many as one account may have.
    TooMany,
    /// The end has passed already.
    Ended,
    /// A letter goes with each: so many an hour and no more.
    TooOften,
    /// No such share, or none of this person's.
    ShareNotFound,
    /// Whoever takes it has the account already.
    AlreadyAttached,
}

/// Why a person gets no access at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRefusal {
    /// The person's e-mail address is not confirmed yet.
    NotConfirmed,
    /// There is no such account, or it is none of this person's business.
    NotFound,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachmentRefusal {
    NotConfirmed,
    ProviderNotFound,
    /// The number does not look like one of this provider's.
    NumberMalformed {
        hint: [String; 2],
    },
    /// No such account, or it is not to be attached: the same answer.
    AccountNotFound,
    AlreadyAttached,
    /// The proof does not fit the account.
    ProofRejected,
    /// The provider does not take this kind of proof.
    ProofNotOffered,
    /// Too many tries; some are free again within the hour.
    TooManyTries,
    NicknameTooLong,
}
