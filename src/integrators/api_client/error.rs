//! Every way to refuse.

/// Why a client was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddRefusal {
    /// 1 to 100 characters, none of them a control character.
    Name,
    NoScopes,
    /// The provider has [`super::registration::MOST`] that are not revoked.
    TooMany,
}

/// Why a client was not registered by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterRefusal {
    Add(AddRefusal),
    /// The scope CLIENTS is an operator's to give.
    ScopeReserved,
    /// The key is empty or longer than 255 bytes.
    KeyMalformed,
    /// The key was used for another client before.
    KeyReused,
    /// The token of the program that asks has ended meanwhile.
    Ended,
}

/// Why no secret was made or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRefusal {
    /// No such client, or it is revoked.
    NotFound,
    /// No such secret of that client, or it has ended.
    SecretNotFound,
    /// Two secrets are good already: the older one must end first.
    TwoSecrets,
    /// The overlap is below zero or above [`super::registration::LONGEST_OVERLAP`].
    Overlap,
    /// A program is given no secret of another one that has the scope CLIENTS.
    Administrator,
    /// The token of the program that asks has ended meanwhile.
    Ended,
}

/// Why no token was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// No such client, or not its secret.
    Unproved,
    /// A scope that there is not, or that the client has not.
    Scope,
}
