//! The schema, put together.

use std::sync::OnceLock;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Data, Executor, MergedObject, Request, Response, Schema, ValidationMode};
use futures_util::stream::BoxStream;

use super::accounts::{AttachmentMutation, PersonalAccount, Provider, ProviderQuery, ServiceChange, SharingMutation};
use super::api_client::ApiClientQuery;
use super::autopay::AutopayMutation;
use super::billing::{LedgerEntry, PaymentQrQuery, Statement};
use super::clients::ClientMutation;
use super::consent::{ClientCall, ConsentMutation};
use super::context::{Arrivals, Services};
use super::document::Documents;
use super::document::catalog::Catalog;
use super::document::matrix::matrix;
use super::exports::ExportMutation;
use super::hints::HintQuery;
use super::identity::{
    AccessTokenMutation, AgreementMutation, AuditEvent, DeletionMutation, DeletionQuery, EmailChangeMutation,
    ForeignSignInMutation, PasswordMutation, ProfileMutation, RegistrationMutation, SessionMutation, SignInMutation,
    TwoFactorMutation, ViewerQuery, WordsQuery,
};
use super::inbound::InboundMutation;
use super::loaders::Loaders;
use super::metering::{MeterReading, PreviewMutation, ReadingMutation, ReceiptQuery, WithdrawalMutation};
use super::node::{Node, NodeQuery};
use super::once;
use super::outbound::{PaymentMovement, PaymentRegister, SentReading};
use super::payments::{CancellationMutation, CheckoutMutation, Payment, ReceiptMutation};
use super::subscription::Subscriptions;
use super::support::{SupportMutation, SupportRequest};
use super::webhooks::WebhookMutation;
use crate::config::GraphqlConfig;
use crate::kernel::Fault;

/// Questions. Everything that belongs to a person is reached from `viewer`.
#[derive(Default, MergedObject)]
pub struct Query(
    ViewerQuery,
    WordsQuery,
    ProviderQuery,
    NodeQuery,
    ReceiptQuery,
    DeletionQuery,
    PaymentQrQuery,
    HintQuery,
    ApiClientQuery,
);

/// Acts. Each has one input and a payload with `userErrors`, which is empty when the act was done.
#[derive(Default, MergedObject)]
pub struct Mutation(
    IdentityMutation,
    AttachmentMutation,
    SharingMutation,
    MeteringMutation,
    PayingMutation,
    SupportMutation,
    ProgramMutation,
);

/// Merged apart: async-graphql walks merged objects one inside the other.
#[derive(Default, MergedObject)]
pub struct IdentityMutation(
    RegistrationMutation,
    SignInMutation,
    SessionMutation,
    PasswordMutation,
    ProfileMutation,
    AgreementMutation,
    EmailChangeMutation,
    TwoFactorMutation,
    DeletionMutation,
    ForeignSignInMutation,
    ExportMutation,
    AccessTokenMutation,
    ConsentMutation,
);

/// What providers' programs do.
#[derive(Default, MergedObject)]
pub struct ProgramMutation(InboundMutation, WebhookMutation, ClientMutation);

/// All that a person does with readings.
#[derive(Default, MergedObject)]
pub struct MeteringMutation(PreviewMutation, ReadingMutation, WithdrawalMutation);

/// Paying, by hand and by itself.
#[derive(Default, MergedObject)]
pub struct PayingMutation(CheckoutMutation, CancellationMutation, ReceiptMutation, AutopayMutation);

/// The schema with the slices behind it, as the outer layers execute it.
#[derive(Clone)]
pub struct Graphql {
    schema: Schema<Query, Mutation, Subscriptions>,
}

/// async-graphql describes every page type's fields and leaves the type itself without a word.
type Pages<T> = Connection<String, T, EmptyFields, EmptyFields>;

fn builder() -> async_graphql::SchemaBuilder<Query, Mutation, Subscriptions> {
    Schema::build(Query::default(), Mutation::default(), Subscriptions)
        .register_output_type::<Node>()
        .override_output_type_description::<Pages<PersonalAccount>>("A page of personal accounts.")
        .override_output_type_description::<Pages<Provider>>("A page of providers.")
        .override_output_type_description::<Pages<Statement>>("A page of statements.")
        .override_output_type_description::<Pages<LedgerEntry>>("A page of ledger entries.")
        .override_output_type_description::<Pages<ServiceChange>>("A page of changes of services.")
        .override_output_type_description::<Pages<MeterReading>>("A page of readings.")
        .override_output_type_description::<Pages<AuditEvent>>("A page of events.")
        .override_output_type_description::<Pages<ClientCall>>("A page of what an app asked.")
        .override_output_type_description::<Pages<Payment>>("A page of payments.")
        .override_output_type_description::<Pages<SupportRequest>>("A page of questions to the support service.")
        .override_output_type_description::<Pages<SentReading>>("A page of readings that people sent to a provider.")
        .override_output_type_description::<Pages<PaymentMovement>>("A page of money that came or went back.")
        .override_output_type_description::<Pages<PaymentRegister>>("A page of registers of payments.")
}

/// Without an answer to questions about the schema, when it is configured so; no suggestion gives a name away either.
fn configured(config: &GraphqlConfig) -> async_graphql::SchemaBuilder<Query, Mutation, Subscriptions> {
    if config.introspection { builder() } else { builder().disable_introspection().disable_suggestions() }
}

/// The documents that this schema takes.
pub fn documents(config: &GraphqlConfig) -> Result<Documents, Fault> {
    Documents::new(|| configured(config), config)
}

/// The schema in its definition language: what `schema.graphql` holds.
pub fn definition() -> String {
    let options = async_graphql::SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    builder().finish().sdl_with_options(options)
}

/// `docs/scopes.md`.
///
/// # Errors
/// The schema's definition cannot be read back.
pub fn scopes_page() -> Result<String, Fault> {
    let catalog = Catalog::read(&definition()).map_err(|cause| Fault::internal(cause.to_string()))?;
    Ok(matrix(&catalog))
}

impl Graphql {
    pub fn new(services: Services) -> Self {
        // What comes here has passed `Documents`, which validates in full.
        let builder = configured(&services.config.graphql).validation_mode(ValidationMode::Fast);
        let schema = builder.data(services).finish();
        Self { schema }
    }
}

/// Loaders of the request's own: what one person may see is never another's answer. Made when the first is asked for.
fn with_loaders(request: Request) -> Request {
    request.data(OnceLock::<Loaders>::new()).data(Arrivals::default())
}

impl Executor for Graphql {
    async fn execute(&self, mut request: Request) -> Response {
        if let Some(refused) = once::refusal(&mut request) {
            return Response::from_errors(vec![refused]);
        }
        self.schema.execute(with_loaders(request)).await
    }

    fn execute_stream(
        &self,
        request: Request,
        session_data: Option<std::sync::Arc<Data>>,
    ) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.schema, with_loaders(request), session_data)
    }
}
