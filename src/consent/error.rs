//! Every way to refuse.

use crate::identity::error::StepUpRefusal;

/// Why an app was not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddRefusal {
    /// 1 to 100 characters, none of them a control character.
    Name,
    NoScopes,
    /// None, more than ten, or one that is neither https nor http of a loopback address.
    RedirectUri,
}

/// Why an operator's wish about an app was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppRefusal {
    /// No such app, or it is revoked.
    NotFound,
    /// A public app has no secret.
    Public,
}

/// Why a person is not asked for their leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskRefusal {
    /// No such app, or it is revoked. There is nowhere to send the person back to.
    Client,
    /// None of the app's. There is nowhere to send the person back to.
    RedirectUri,
    /// Not `code`.
    ResponseType,
    /// A scope that there is not, or that the app may not ask for.
    Scope,
    /// No challenge by S256 (RFC 7636).
    Challenge,
}

/// Why leave was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalRefusal {
    NotConfirmed,
    /// None was chosen, or one that is not the person's.
    Accounts,
    /// As many as there may be.
    TooMany,
    StepUp(StepUpRefusal),
}

/// Why no token was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// No such app, or not its secret.
    Unproved,
    /// No such code or refresh token of the app, used, expired or revoked, or not with what it was given for.
    Invalid,
    /// More than was granted, or a scope that there is not.
    Scope,
}
