use std::path::PathBuf;
use std::time::Duration;

use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct GraphqlConfig {
    pub limits: DocumentLimits,
    /// Most that one operation may cost, in points (see `graphql::document::price`).
    pub max_complexity: u64,
    /// Rows that a list without a page size is reckoned with.
    pub list_size: u64,
    pub default_page_size: usize,
    pub max_page_size: usize,
    /// Bytes of an answer's body.
    pub max_answer_bytes: usize,
    /// Whether clients may ask about the schema, and are told what they may have meant.
    pub introspection: bool,
    pub documents: DocumentsAccepted,
    /// A folder of `*.graphql` files, or a JSON object of texts by their SHA-256.
    pub trusted_documents: Option<PathBuf>,
    pub cache: DocumentCacheLimits,
    pub budget: BudgetLimits,
    /// After which a subscription looks for news by itself, should a wake-up have been lost.
    pub look_every: Duration,
}

/// What one document may be made of.
#[derive(Clone, Debug)]
pub struct DocumentLimits {
    pub max_document_bytes: usize,
    pub max_tokens: usize,
    pub max_depth: usize,
    /// Fields after every spread is replaced by its fragment.
    pub max_fields: usize,
    pub max_operations: usize,
    pub max_fragments: usize,
    pub max_spreads: usize,
    pub max_aliases: usize,
    pub max_root_fields: usize,
    /// On one place.
    pub max_directives: usize,
    pub max_directives_in_document: usize,
    pub max_arguments: usize,
    pub max_variables: usize,
    /// Values in the variables' JSON, lists and objects counted with what is in them.
    pub max_variable_values: usize,
    /// The same, of a provider's program.
    pub max_batch_values: usize,
    /// Lists and objects within each other, in variables.
    pub max_value_depth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentsAccepted {
    Open,
    TrustedOnly,
}

#[derive(Clone, Copy, Debug)]
pub struct DocumentCacheLimits {
    pub entries: usize,
    /// Estimated memory of what is kept, bytes.
    pub bytes: usize,
}

/// Points, tries or bytes, in one minute.
#[derive(Clone, Copy, Debug)]
pub struct BudgetLimits {
    pub person: u64,
    pub client: u64,
    pub address: u64,
    pub sign_in: u64,
    /// Bytes of documents that the server does not know and has to read, of one address.
    pub unknown_bytes: u64,
}

impl GraphqlConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let documents = reader.parsed("graphql.documents", "\"open\" or \"trusted-only\"", |text| match text {
            "open" => Some(DocumentsAccepted::Open),
            "trusted-only" => Some(DocumentsAccepted::TrustedOnly),
            _ => None,
        });
        let config = Self {
            limits: DocumentLimits::read(reader),
            max_complexity: reader.number("graphql.max_complexity", 100..=1_000_000),
            list_size: reader.number("graphql.list_size", 1..=100),
            default_page_size: reader.number("graphql.default_page_size", 1..=100),
            max_page_size: reader.number("graphql.max_page_size", 1..=1000),
            max_answer_bytes: reader.number("graphql.max_answer_bytes", 10_000..=100_000_000),
            introspection: reader.flag("graphql.introspection"),
            documents: documents.unwrap_or(DocumentsAccepted::Open),
            trusted_documents: reader.optional("graphql.trusted_documents").map(PathBuf::from),
            cache: DocumentCacheLimits {
                entries: reader.number("graphql.cache_entries", 1..=100_000),
                bytes: reader.number("graphql.cache_bytes", 100_000..=1_000_000_000),
            },
            budget: BudgetLimits {
                person: reader.number("graphql.budget_per_person", 100..=1_000_000_000),
                client: reader.number("graphql.budget_per_client", 100..=1_000_000_000),
                address: reader.number("graphql.budget_per_address", 100..=1_000_000_000),
                sign_in: reader.number("graphql.sign_ins_per_address", 1..=1_000_000),
                unknown_bytes: reader.number("graphql.unknown_bytes_per_address", 10_000..=1_000_000_000_000),
            },
            look_every: Duration::from_secs(reader.number("graphql.look_seconds", 1..=3600)),
        };
        if config.documents == DocumentsAccepted::TrustedOnly && config.trusted_documents.is_none() {
            reader.problem("graphql.trusted_documents", "is needed when graphql.documents is \"trusted-only\"");
        }
        config
    }
}

impl DocumentLimits {
    fn read(reader: &mut Reader) -> Self {
        Self {
            max_document_bytes: reader.number("graphql.max_document_bytes", 1000..=1_000_000),
            max_tokens: reader.number("graphql.max_tokens", 100..=20_000),
            max_depth: reader.number("graphql.max_depth", 3..=100),
            max_fields: reader.number("graphql.max_fields", 50..=50_000),
            max_operations: reader.number("graphql.max_operations", 1..=1000),
            max_fragments: reader.number("graphql.max_fragments", 1..=1000),
            max_spreads: reader.number("graphql.max_spreads", 1..=5000),
            max_aliases: reader.number("graphql.max_aliases", 1..=5000),
            max_root_fields: reader.number("graphql.max_root_fields", 1..=1000),
            max_directives: reader.number("graphql.max_directives", 1..=100),
            max_directives_in_document: reader.number("graphql.max_directives_in_document", 1..=5000),
            max_arguments: reader.number("graphql.max_arguments", 1..=5000),
            max_variables: reader.number("graphql.max_variables", 1..=1000),
            max_variable_values: reader.number("graphql.max_variable_values", 10..=100_000),
            max_batch_values: reader.number("graphql.max_batch_values", 10..=1_000_000),
            max_value_depth: reader.number("graphql.max_value_depth", 1..=100),
        }
    }
}
