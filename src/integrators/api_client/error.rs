//! Every way to refuse.

/// Why a client was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddRefusal {
    /// 1 to 100 characters, none of them a control character.
    Name,
    NoScopes,
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
}

/// Why no token was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// No such client, or not its secret.
    Unproved,
    /// A scope that there is not, or that the client has not.
    Scope,
}
