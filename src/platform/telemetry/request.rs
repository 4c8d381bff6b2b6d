//! The id of the request that is being served, wherever its work runs: in answers, log lines and errors.

use std::fmt;
use std::sync::Arc;

use futures_util::future::Either;
use tracing::{Instrument, Span};

use crate::kernel::Entropy;
use crate::platform::secret::hex;

const LONGEST: usize = 64;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// Up to 64 letters, digits, dots, dashes and underscores: safe in a header, a log line and a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// An id that somebody else made; none when it is not one.
    pub fn given(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        (!text.is_empty() && text.len() <= LONGEST && text.chars().all(plain)).then(|| Self(text.into()))
    }

    /// 32 hexadecimal digits; zeros when there is no randomness, because a request is served without it, too.
    pub fn new(entropy: &Entropy) -> Self {
        Self(hex(&entropy.bytes::<16>().unwrap_or_default()).into())
    }

    /// The id of a socket's nth operation.
    #[must_use]
    pub fn nth(&self, n: u64) -> Self {
        Self(format!("{self}.{n}").into())
    }

    /// None outside of a request: in the worker, at the start.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Does `work` as a part of this request.
    pub fn serve<T>(self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        CURRENT.scope(self, work)
    }

    /// The same for what does not wait.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What later work needs to belong to the request that is being served now.
#[derive(Debug)]
pub struct Bond {
    id: Option<RequestId>,
    span: Span,
}

impl Bond {
    pub fn of(id: RequestId, span: Span) -> Self {
        Self { id: Some(id), span }
    }

    /// For a part of the request.
    pub fn now() -> Self {
        Self { id: RequestId::current(), span: Span::current() }
    }

    /// For what outlives the request, such as the socket that it opens: the same id in the log, but no part of its trace.
    pub fn outliving() -> Self {
        Self { id: RequestId::current(), span: Span::none() }
    }

    /// For a socket's nth operation.
    pub fn operation(n: u64) -> Self {
        Self { id: RequestId::current().map(|id| id.nth(n)), span: Span::none() }
    }

    /// No async function: those store what they are given twice, and work is large.
    pub fn run<T>(self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        let work = work.instrument(self.span);
        match self.id {
            Some(id) => Either::Left(id.serve(work)),
            None => Either::Right(work),
        }
    }
}

/// Work for a task of its own that still belongs to the request.
pub fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    Bond::now().run(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken_from_others() {
        for text in ["a", "0af7651916cd43dd8448eb211c80319c", "Root-1-67.89_x", &"x".repeat(64)] {
            assert_eq!(RequestId::given(text).unwrap().as_str(), text);
        }
        for text in ["", "a b", "a\r\nx: y", "\u{1b}[31m", "ы", "a\"", "../x", &"x".repeat(65)] {
            assert_eq!(RequestId::given(text), None, "{text:?}");
        }
    }

    #[tokio::test]
    async fn a_task_of_its_own_keeps_the_id() {
        let id = RequestId::new(&Entropy::seeded(1));
        assert_eq!(id.as_str().len(), 32);
        let seen = id.clone().serve(async { tokio::spawn(carried(async { RequestId::current() })).await.unwrap() });
        assert_eq!(seen.await, Some(id.clone()));
        let seen = id.clone().serve(async { Bond::operation(3).run(async { RequestId::current() }).await }).await;
        assert_eq!(seen.unwrap().as_str(), format!("{id}.3"));
        assert_eq!(RequestId::current(), None);
    }
}
