use async_graphql::parser::parse_query;

use super::*;
use crate::graphql::definition;

fn needs(text: &str) -> Needs {
    let catalog = Catalog::read(&definition()).unwrap();
    let document = parse_query(text).unwrap();
    let (_, operation) = document.operations.iter().next().unwrap();
    let root = match operation.node.ty {
        async_graphql::parser::types::OperationType::Query => "Query",
        async_graphql::parser::types::OperationType::Mutation => "Mutation",
        async_graphql::parser::types::OperationType::Subscription => "Subscription",
    };
    Table::read().needs(&catalog, &document, &operation.node.selection_set.node, root)
}

fn lacking(text: &str, scopes: &str) -> Option<String> {
    needs(text).lacking(Scopes::of_words(scopes)).map(word)
}

fn client_lacks(text: &str, scopes: &str) -> Option<String> {
    needs(text).lacking_of_client(ClientScopes::of_words(scopes)).map(word)
}

fn word(lacking: Lacking) -> String {
    match lacking {
        Lacking::Session => "SESSION".to_owned(),
        Lacking::OneOf(set) => set.words(),
        Lacking::People => "people".to_owned(),
        Lacking::OneOfClient(set) => set.words(),
    }
}

/// No unknown cell: whoever adds a field decides who may ask it.
#[test]
fn every_field_of_the_schema_has_a_row() {
    let (catalog, table) = (Catalog::read(&definition()).unwrap(), Table::read());
    let missing: Vec<_> =
        catalog.output_fields().filter(|(parent, field)| table.find(parent, field).is_none()).collect();
    assert!(missing.is_empty(), "fields without a row in src/graphql/document/scopes.txt: {missing:?}");
}

#[test]
fn every_row_is_of_the_schema_and_names_scopes_that_there_are() {
    let (catalog, table) = (Catalog::read(&definition()).unwrap(), Table::read());
    let fields: Vec<_> = catalog.output_fields().collect();
    for (name, need) in &table.0 {
        let known = match name.split_once('.') {
            Some((parent, field)) => fields.contains(&(parent, field)),
            None => match name.strip_prefix('*') {
                Some(end) => fields.iter().any(|(parent, _)| parent.ends_with(end)),
                None => fields.iter().any(|(parent, _)| parent == name),
            },
        };
        assert!(known, "{name} is not in the schema");
        assert_ne!(need.0, Need::OneOf(Scopes::NONE), "{name}");
        assert_ne!(need.1, ClientNeed::OneOf(ClientScopes::NONE), "{name}");
    }
    for line in TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let cells: Vec<_> = line.split('#').next().unwrap().split_whitespace().skip(1).collect();
        assert!(matches!(cells.len(), 1 | 2), "{line}");
        assert!(
            matches!(cells[0], "-" | "SESSION") || cells[0].split('|').all(|word| Scope::from_word(word).is_some()),
            "{line}"
        );
        let of_client = cells.get(1).unwrap_or(&"-");
        assert!(*of_client == "-" || of_client.split('|').all(|word| ClientScope::from_word(word).is_some()), "{line}");
    }
}

#[test]
fn what_is_asked_for_below_counts_however_it_is_written() {
    for (text, scopes, expected) in [
        ("{ viewer { id } }", "PAY", None),
        ("{ viewer { email } }", "PAY", Some("PROFILE")),
        ("{ viewer { sessions { id } } }", "PROFILE", Some("SESSION")),
        ("{ viewer { personalAccounts { edges { node { number balance { owed { amount } } } } } } }", "BALANCE", None),
        ("{ viewer { ...u } } fragment u on User { balance { asOf } }", "READINGS", Some("BALANCE")),
        ("{ node(id: 1) { ... on Statement { closing { amount } } } }", "BALANCE", Some("STATEMENTS")),
        ("{ node(id: 1) { id ... { __typename } } }", "PAY", None),
        ("{ __schema { types { name } } }", "PAY", None),
        ("mutation { signOut { signedOut } }", "PROFILE,BALANCE,PAY", Some("SESSION")),
        ("mutation { submitMeterReadings(input: 1) { readings { id } userErrors { code } } }", "SUBMIT_READINGS", None),
        ("mutation { submitMeterReadings(input: 1) { userErrors { code } } }", "READINGS", Some("SUBMIT_READINGS")),
        ("mutation { startPayment(input: 1) { payment { confirmationUrl } } }", "PAY", None),
        ("subscription { balanceUpdated { cursor } }", "PAYMENTS", Some("BALANCE")),
        ("subscription { paymentUpdated(id: 1) { status } }", "BALANCE", Some("PAYMENTS,PAY")),
    ] {
        assert_eq!(lacking(text, scopes).as_deref(), expected, "{text} by {scopes}");
    }
}

#[test]
fn a_providers_program_asks_what_was_decided_for_it_and_nothing_else() {
    for (text, scopes, expected) in [
        ("{ apiClient { id name scopes provider { id name } } }", "PAYMENTS", None),
        ("{ viewer { id } }", "BALANCES,READINGS,PAYMENTS", Some("people")),
        ("{ node(id: 1) { id } }", "BALANCES", Some("people")),
        ("{ apiClient { id } viewer { id } }", "BALANCES", Some("people")),
        ("{ providers { edges { node { id } } } }", "PAYMENTS", None),
        ("{ __schema { types { name } } }", "PAYMENTS", None),
        ("mutation { signOut { signedOut } }", "BALANCES", Some("people")),
        ("{ apiClient { sentReadings { nodes { id values { value } } } } }", "READINGS", None),
        ("{ apiClient { sentReadings { nodes { id } } } }", "PAYMENTS,BALANCES", Some("READINGS")),
        ("{ apiClient { paymentMovements { pageInfo { endCursor } } } }", "READINGS", Some("PAYMENTS")),
        ("mutation { pingWebhook(input: 1) { messageId } }", "READINGS,PAYMENTS", Some("WEBHOOKS")),
        ("{ apiClient { clients { id secrets { id } } } }", "CLIENTS", None),
        ("{ apiClient { clients { id } } }", "WEBHOOKS,IMPORT", Some("CLIENTS")),
        ("mutation { registerApiClient(input: 1) { secret } }", "WEBHOOKS,IMPORT", Some("CLIENTS")),
        ("mutation { rotateApiClientSecret(input: 1) { secret } }", "WEBHOOKS,IMPORT", Some("CLIENTS")),
        ("mutation { revokeApiClient(input: 1) { client { id } } }", "WEBHOOKS,IMPORT", Some("CLIENTS")),
        ("mutation { revokeApiClientSecret(input: 1) { client { id } } }", "WEBHOOKS,IMPORT", Some("CLIENTS")),
        ("{ apiClient { personalAccounts { edges { node { id } } } } }", "CLIENTS", Some("BALANCES")),
        (
            "{ apiClient { cursor personalAccounts { edges { node { number balance { version } } } } } }",
            "BALANCES",
            None,
        ),
        ("{ apiClient { personalAccounts { edges { node { id } } } } }", "PAYMENTS", Some("BALANCES")),
        ("{ apiClient { personalAccounts { edges { node { holderName } } } } }", "BALANCES", Some("people")),
        ("subscription { balanceUpdated { cursor } }", "BALANCES", None),
        (
            "subscription { balanceUpdated { personalAccount { number } cause { amount { amount } } } }",
            "BALANCES",
            None,
        ),
        ("subscription { balanceUpdated { personalAccount { address } } }", "BALANCES", Some("people")),
        ("subscription { balanceUpdated { cause { payment { id } } } }", "BALANCES,PAYMENTS", Some("people")),
        (
            "subscription { balanceUpdated { ...e } } fragment e on BalanceEvent { cursor }",
            "READINGS",
            Some("BALANCES"),
        ),
        (
            "subscription { meterReadingUpdated { status reading { values { value } meter { name } } } }",
            "READINGS",
            None,
        ),
        ("subscription { meterReadingUpdated { reading { receipt } } }", "READINGS", Some("people")),
        ("subscription { paymentsUpdated { status payment { id amount { amount } } } }", "PAYMENTS", None),
        ("subscription { paymentsUpdated { payment { confirmationUrl } } }", "PAYMENTS", Some("people")),
        ("subscription { paymentUpdated(paymentId: 1) { id } }", "PAYMENTS", Some("people")),
    ] {
        assert_eq!(client_lacks(text, scopes).as_deref(), expected, "{text} by {scopes}");
    }
}

/// Decided by name: a root field that somebody adds is for people until it stands here.
#[test]
fn no_other_root_field_is_for_providers_programs() {
    let (catalog, table) = (Catalog::read(&definition()).unwrap(), Table::read());
    let roots = catalog.output_fields().filter(|(parent, _)| matches!(*parent, "Query" | "Mutation" | "Subscription"));
    let open = roots.filter(|(parent, field)| table.find(parent, field).unwrap().1 != ClientNeed::Never);
    let mut open: Vec<_> = open.map(|(parent, field)| format!("{parent}.{field}")).collect();
    open.sort();
    assert_eq!(open, CLIENTS_ROOTS);
}

const CLIENTS_ROOTS: [&str; 24] = [
    "Mutation.disableWebhook",
    "Mutation.enableWebhook",
    "Mutation.importMeterReadings",
    "Mutation.importMeters",
    "Mutation.importPersonalAccounts",
    "Mutation.importServices",
    "Mutation.importStatements",
    "Mutation.importTariffs",
    "Mutation.pingWebhook",
    "Mutation.redeliverWebhookMessages",
    "Mutation.registerApiClient",
    "Mutation.registerWebhook",
    "Mutation.reportPaymentPostings",
    "Mutation.reportReadingDecisions",
    "Mutation.revokeApiClient",
    "Mutation.revokeApiClientSecret",
    "Mutation.rotateApiClientSecret",
    "Mutation.rotateWebhookKey",
    "Mutation.undoImportBatch",
    "Query.apiClient",
    "Query.providers",
    "Subscription.balanceUpdated",
    "Subscription.meterReadingUpdated",
    "Subscription.paymentsUpdated",
];
