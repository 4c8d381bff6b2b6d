//! From an envelope to a request that may be executed, and how clients read why it may not.

use std::net::IpAddr;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, ServerError};
use poem::http::StatusCode;

use super::door::{Door, Price, source};
use super::envelope::Envelope;
use super::outcome::{
    BAD_INPUT, FORBIDDEN, NOT_FOUND, Outcome, PERSISTED_QUERY_NOT_FOUND, QUERY_TOO_EXPENSIVE, code, coded, rate_limited,
};
use crate::graphql::document::{self, Bringer, Refusal, Size};

#[derive(Debug)]
pub struct Prepared {
    pub request: Request,
    pub kind: OperationType,
    /// To be charged when it is known who asks.
    pub price: Price,
}

/// A request error (GraphQL, September 2025, section 7.1.6): nothing was executed.
#[derive(Debug)]
pub struct Refused {
    /// 400 for a document that does not parse, 422 for one that must not be executed, 429 for one too many.
    pub status: StatusCode,
    pub errors: Vec<ServerError>,
}

impl Refused {
    pub fn is_unknown_hash(&self) -> bool {
        self.errors.first().and_then(code) == Some(PERSISTED_QUERY_NOT_FOUND)
    }

    pub fn outcome(self) -> Outcome {
        self.errors.into()
    }
}

pub fn prepare(door: &Door, envelope: Envelope, address: IpAddr, size: Size) -> Result<Prepared, Refused> {
    let Envelope { asked, operation_name, variables } = envelope;
    let source = source(address);
    let bringer = Bringer { source, size, may_bring: &|bytes| door.bring(source, bytes) };
    let prepared = door.documents.prepare(&asked, operation_name, variables, bringer).map_err(refused)?;
    let document::Prepared { request, kind, cost, sign_ins, needs, roots } = prepared;
    Ok(Prepared { request, kind, price: Price { points: cost, sign_ins, needs, roots } })
}

fn refused(refusal: Refusal) -> Refused {
    let unprocessable = |message: &str, code: &str| Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        errors: vec![coded(ServerError::new(message, None), code)],
    };
    match refusal {
        Refusal::Unparsable(error) => {
            Refused { status: StatusCode::BAD_REQUEST, errors: vec![coded(error, BAD_INPUT)] }
        }
        Refusal::TooExpensive(cause) => unprocessable(&cause.to_string(), QUERY_TOO_EXPENSIVE),
        Refusal::Invalid(errors) => Refused { status: StatusCode::UNPROCESSABLE_ENTITY, errors },
        Refusal::Wrong(message) => unprocessable(&message, BAD_INPUT),
        // Apollo's clients know the message and the code by heart, and send the text then.
        Refusal::NotFound => unprocessable("PersistedQueryNotFound", PERSISTED_QUERY_NOT_FOUND),
        Refusal::UnknownId => unprocessable("There is no document of this id.", NOT_FOUND),
        Refusal::Exhausted { retry_after } => {
            Refused { status: StatusCode::TOO_MANY_REQUESTS, errors: vec![rate_limited(retry_after)] }
        }
        Refusal::NotTrusted => Refused {
            status: StatusCode::FORBIDDEN,
            errors: vec![coded(
                ServerError::new("Only documents that this server trusts are executed.", None),
                FORBIDDEN,
            )],
        },
    }
}
