//! async-graphql's full validation, without an execution behind it.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{
    ObjectType, Request, Response, Schema, SchemaBuilder, ServerError, SubscriptionType, ValidationResult,
};
use futures_util::FutureExt;

/// A schema that stops where it would begin to execute.
pub struct Validator(Box<dyn Fn(Request) -> Option<Response> + Send + Sync>);

impl Validator {
    pub fn new<Q, M, S>(builder: SchemaBuilder<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let schema: Schema<Q, M, S> = builder.extension(StopBeforeExecution).finish();
        // Nothing before the execution waits for anything: one poll brings it to its end.
        Self(Box::new(move |request| schema.execute(request).now_or_never()))
    }

    /// Every rule of GraphQL, September 2025, section 5, that async-graphql knows. Variables' values play no part.
    pub fn check(&self, document: ExecutableDocument) -> Result<(), Vec<ServerError>> {
        let mut request = Request::new("");
        request.set_parsed_query(document);
        let response = (self.0)(request);
        let errors = response.map(|response| response.errors).unwrap_or_default();
        if errors.iter().any(|error| error.source::<Passed>().is_some()) { Ok(()) } else { Err(errors) }
    }
}

/// Travels as an error's source: the document is valid.
struct Passed;

struct StopBeforeExecution;

impl ExtensionFactory for StopBeforeExecution {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for StopBeforeExecution {
    async fn validation(
        &self,
        context: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        next.run(context).await?;
        let mut passed = ServerError::new("valid", None);
        passed.source = Some(Arc::new(Passed));
        Err(vec![passed])
    }
}
