use std::net::IpAddr;

use async_graphql::parser::types::{OperationType, TypeKind, TypeSystemDefinition};
use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::graphql::schema;

fn config() -> GraphqlConfig {
    Config::load::<String>(None, std::iter::empty()).unwrap().graphql
}

fn documents() -> Documents {
    schema::documents(&config()).unwrap()
}

fn here() -> Bringer<'static> {
    Bringer { source: Source::of(IpAddr::from([127, 0, 0, 1])), size: Size::Usual, may_bring: &|_| Ok(()) }
}

fn asked(documents: &Documents, text: &str, variables: Value) -> Result<Prepared, Refusal> {
    documents.prepare(&Asked::Text(text.to_owned()), None, Variables::from_json(variables), here())
}

fn cost(documents: &Documents, text: &str, variables: Value) -> u64 {
    asked(documents, text, variables).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}")).cost
}

#[test]
fn a_price_is_fields_times_the_rows_they_stand_in() {
    let documents = documents();
    for (text, points) in [
        ("{ __typename }", 1),
        ("{ viewer { email } }", 2),
        ("{ providers(first: 3) { edges { node { id name } } } }", 1 + 3 * 4),
        ("{ providers { nodes { id } } }", 1 + 20 * 2),
        ("{ providers(last: 7) { nodes { id } } }", 1 + 7 * 2),
        // What a field refuses anyway costs no more than the largest page.
        ("{ providers(first: 2000000000) { nodes { id } } }", 1 + 100 * 2),
        ("{ agreements { id } }", 1 + 5),
        ("{ nodes(ids: [\"a\", \"b\"]) { id } }", 1 + 2),
        ("{ ...f ...f } fragment f on Query { viewer { email } }", 4),
        // A user has two fields here, a provider three.
        ("{ node(id: \"a\") { id ... on User { email } ... on Provider { name code } } }", 1 + 3),
        ("{ node(id: \"a\") { ... on Node { id } ... on User { email } } }", 1 + 2),
    ] {
        assert_eq!(cost(&documents, text, json!({})), points, "{text}");
    }
}

#[test]
fn a_known_document_is_priced_by_its_variables_each_time() {
    let documents = documents();
    let text = "query($n: Int = 4, $ids: [ID!] = []) { providers(first: $n) { nodes { id } } nodes(ids: $ids) { id } }";
    for (variables, points) in [
        (json!({}), 1 + 4 * 2 + 1),
        (json!({ "n": 10 }), 1 + 10 * 2 + 1),
        (json!({ "n": null }), 1 + 20 * 2 + 1),
        (json!({ "n": 1, "ids": ["a", "b", "c"] }), 1 + 2 + 1 + 3),
        (json!({ "ids": "a" }), 1 + 4 * 2 + 1 + 1),
    ] {
        assert_eq!(cost(&documents, text, variables.clone()), points, "{variables}");
    }
}

#[test]
fn what_costs_too_much_is_refused_known_or_not() {
    let documents = documents();
    let text = "query($n: Int!) { viewer { personalAccounts(first: $n) { nodes { statements(first: $n) { nodes { lines { service } } } } } } }";
    for _ in 0..3 {
        assert!(asked(&documents, text, json!({ "n": 2 })).is_ok());
        let refused = asked(&documents, text, json!({ "n": 100 }));
        assert!(matches!(refused, Err(Refusal::TooExpensive(TooExpensive::Price { .. }))), "{refused:?}");
    }
}

#[test]
fn variables_are_looked_at_each_time() {
    let documents = documents();
    let start = "mutation($input: StartPaymentInput!) { startPayment(input: $input) { payment { id } } }";
    let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let page = "query($n: Int, $t: String) { providers(first: $n, search: $t) { nodes { id } } }";
    let action = "query($a: CaptchaAction!) { captcha(action: $a) { challenge } }";
    for _ in 0..3 {
        for (text, variables, wrong) in [
            (ids, json!({ "ids": ["a", 7] }), ""),
            (ids, json!({ "ids": "a" }), ""),
            (ids, json!({}), "Variable \"$ids\" is required and has no value."),
            (ids, json!({ "ids": null }), "Variable \"$ids\" must be [ID!]!."),
            (ids, json!({ "ids": ["a", null] }), "Variable \"$ids\"[1] must be ID!."),
            (ids, json!({ "ids": ["a", 1.5] }), "Variable \"$ids\"[1] must be ID!."),
            (page, json!({ "n": null, "t": null }), ""),
            (page, json!({ "n": "1" }), "Variable \"$n\" must be Int."),
            (page, json!({ "n": 2_147_483_648_u64 }), "Variable \"$n\" must be Int."),
            (page, json!({ "n": [1] }), "Variable \"$n\" must be Int."),
            (page, json!({ "t": 7 }), "Variable \"$t\" must be String."),
            (action, json!({ "a": "REGISTER" }), ""),
            (action, json!({ "a": "DANCE" }), "Variable \"$a\" must be CaptchaAction!."),
            (start, json!({ "input": 7 }), "Variable \"$input\" must be StartPaymentInput!."),
            (start, json!({ "input": {} }), "Variable \"$input\"."),
            (start, json!({ "input": { "nothing": 1 } }), "Variable \"$input\".nothing must be left out"),
        ] {
            match asked(&documents, text, variables.clone()) {
                Ok(_) => assert_eq!(wrong, "", "{text} {variables}"),
                Err(Refusal::Wrong(message)) => {
                    assert!(!wrong.is_empty() && message.starts_with(wrong), "{variables}: {message}");
                }
                Err(other) => panic!("{text} {variables}: {other:?}"),
            }
        }
    }
}

#[test]
fn literals_are_looked_at_although_they_hold_variables() {
    let documents = documents();
    let attach = |proof: &str| {
        format!(
            "mutation($t: String!) {{ attachPersonalAccount(input: {{ providerId: \"p\", number: $t{proof} }}) {{ userErrors {{ code }} }} }}"
        )
    };
    let verdict = |text: &str| asked(&documents, text, json!({ "t": "1" })).map(|prepared| prepared.cost);
    assert!(verdict(&attach("")).is_ok());
    assert!(verdict(&attach(", proof: { pin: \"1\" }")).is_ok());
    for bad in [", proof: { pin: \"1\", meterReading: \"1\" }", ", proof: 7", ", nothing: 1"] {
        assert!(matches!(verdict(&attach(bad)), Err(Refusal::Invalid(_))), "{bad}");
    }
}

/// Mutations of which a document may have several: none tries a secret, sends a letter or moves money.
const HARMLESS: [&str; 22] = [
    "acceptAgreements",
    "detachPersonalAccount",
    "disableWebhook",
    "enableWebhook",
    "endAccountShare",
    "pauseAutopay",
    "previewMeterReadings",
    "redeliverWebhookMessages",
    "removeAutopay",
    "removeSavedMethod",
    "renamePersonalAccount",
    "revokeAccessToken",
    "revokeApiClient",
    "revokeApiClientSecret",
    "revokeClientAccess",
    "revokeAllSessions",
    "revokeOtherSessions",
    "revokeSession",
    "signOut",
    "submitMeterReadings",
    "updateProfile",
    "withdrawMeterReading",
];

#[test]
fn every_mutation_is_decided_about_whether_a_document_may_have_several_like_it() {
    let schema = async_graphql::parser::parse_schema(schema::definition()).unwrap();
    let mutations = schema.definitions.iter().find_map(|definition| match definition {
        TypeSystemDefinition::Type(found) if found.node.name.node == "Mutation" => match &found.node.kind {
            TypeKind::Object(object) => Some(&object.fields),
            _ => None,
        },
        _ => None,
    });
    let names: Vec<_> = mutations.unwrap().iter().map(|field| field.node.name.node.as_str()).collect();
    for name in &names {
        let lists = [plan::SENSITIVE.contains(name), HARMLESS.contains(name)];
        assert_eq!(lists.iter().filter(|stands| **stands).count(), 1, "SENSITIVE or HARMLESS: {name}");
    }
    for name in plan::SENSITIVE.iter().chain(&HARMLESS).chain(&plan::SIGN_INS) {
        assert!(names.contains(name), "there is no mutation {name}");
    }
    for name in plan::SIGN_INS {
        assert!(plan::SENSITIVE.contains(&name), "{name}");
    }
}

#[test]
fn one_sensitive_mutation_and_one_root_of_a_subscription() {
    let documents = documents();
    let sign_in = "signIn(input: { email: \"a@b.c\", password: \"x\" }) { token }";
    let one = asked(&documents, &format!("mutation {{ {sign_in} }}"), json!({})).unwrap();
    assert_eq!((one.sign_ins, one.kind), (1, OperationType::Mutation));
    for text in [
        format!("mutation {{ a: {sign_in} b: {sign_in} }}"),
        format!(
            "mutation {{ {sign_in} ...f }} fragment f on Mutation {{ resendConfirmation {{ userErrors {{ code }} }} }}"
        ),
    ] {
        let refused = asked(&documents, &text, json!({}));
        assert!(matches!(refused, Err(Refusal::TooExpensive(TooExpensive::Sensitive(_)))), "{refused:?}");
    }
    let fine = "mutation { signOut { userErrors { code } } resendConfirmation { userErrors { code } } }";
    assert!(asked(&documents, fine, json!({})).is_ok());
    let two = "subscription { a: balanceUpdated { cursor } b: balanceUpdated { cursor } }";
    assert!(matches!(asked(&documents, two, json!({})), Err(Refusal::Invalid(_))));
    let roots = |n: usize| (0..n).fold(String::from("{"), |text, i| text + &format!(" a{i}: __typename")) + "}";
    assert!(asked(&documents, &roots(20), json!({})).is_ok());
    let refused = asked(&documents, &roots(21), json!({}));
    assert!(matches!(refused, Err(Refusal::TooExpensive(TooExpensive::RootFields(20)))));
}

#[test]
fn introspection_is_counted_and_may_be_switched_off() {
    let open = documents();
    let of_type = "ofType { kind name ".repeat(7) + &"}".repeat(7);
    let whole = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} types {{ ...FullType }} directives {{ name args {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name description fields(includeDeprecated: true) {{ name description
           args {{ ...InputValue }} type {{ ...TypeRef }} isDeprecated deprecationReason }} inputFields {{ ...InputValue }}
           interfaces {{ ...TypeRef }} enumValues(includeDeprecated: true) {{ name description }} possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue }}
         fragment TypeRef on __Type {{ kind name {of_type} }}"
    );
    let price = cost(&open, &whole, json!({}));
    assert!((1000..config().max_complexity).contains(&price), "{price}");
    let bomb = "{ __schema { types { fields { type { fields { type { fields { type { fields { type { fields { name } } } } } } } } } } } }";
    assert!(matches!(asked(&open, bomb, json!({})), Err(Refusal::TooExpensive(TooExpensive::Price { .. }))));
    let closed = schema::documents(&GraphqlConfig { introspection: false, ..config() }).unwrap();
    for text in [&whole, "{ __type(name: \"User\") { name } }"] {
        assert!(matches!(asked(&closed, text, json!({})), Err(Refusal::Invalid(_))), "{text}");
    }
    assert!(asked(&closed, "{ __typename }", json!({})).is_ok());
    let hints =
        |documents: &Documents| format!("{:?}", asked(documents, "{ viewr { email } }", json!({})).unwrap_err());
    assert!(hints(&open).contains("Did you mean"), "{}", hints(&open));
    assert!(!hints(&closed).contains("Did you mean"));
}

#[test]
fn the_operation_is_chosen_by_its_name() {
    let documents = documents();
    let text = "query A { viewer { email } } query B { __typename }";
    let chosen = |name: Option<&str>| {
        let asked = Asked::Text(text.to_owned());
        documents.prepare(&asked, name.map(str::to_owned), Variables::default(), here()).map(|prepared| prepared.cost)
    };
    for _ in 0..3 {
        assert_eq!((chosen(Some("A")).unwrap(), chosen(Some("B")).unwrap()), (2, 1));
        assert!(matches!(chosen(None), Err(Refusal::Wrong(_))));
        assert!(matches!(chosen(Some("C")), Err(Refusal::Wrong(_))));
    }
}

#[test]
fn a_hash_stands_for_a_valid_document_only() {
    let documents = documents();
    let (good, bad) = ("{ viewer { email } }", "{ viewr { email } }");
    let ask = |asked: Asked| documents.prepare(&asked, None, Variables::default(), here());
    assert!(matches!(ask(Asked::Known(hash_of(good))), Err(Refusal::NotFound)));
    assert!(matches!(ask(Asked::Learn(good.to_owned(), hash_of(bad))), Err(Refusal::Wrong(_))));
    assert!(matches!(ask(Asked::Learn(bad.to_owned(), hash_of(bad))), Err(Refusal::Invalid(_))));
    assert!(matches!(ask(Asked::Known(hash_of(bad))), Err(Refusal::NotFound)));
    assert!(ask(Asked::Learn(good.to_owned(), hash_of(good))).is_ok());
    for _ in 0..3 {
        assert_eq!(ask(Asked::Known(hash_of(good))).unwrap().cost, 2);
    }
}

#[test]
fn trusted_documents_are_known_from_the_start_and_may_be_the_only_ones() {
    let dir = tempfile::tempdir().unwrap();
    let text = "query Mine { viewer { email } }";
    std::fs::write(dir.path().join("mine.graphql"), text).unwrap();
    let trusting = |documents| GraphqlConfig { documents, trusted_documents: Some(dir.path().to_owned()), ..config() };
    let id = format!("sha256:{}", crate::platform::secret::hex(&hash_of(text)));
    for accepted in [DocumentsAccepted::Open, DocumentsAccepted::TrustedOnly] {
        let documents = schema::documents(&trusting(accepted)).unwrap();
        let ask =
            |asked: Asked| documents.prepare(&asked, None, Variables::default(), here()).map(|prepared| prepared.cost);
        assert_eq!(ask(Asked::Id(id.clone())).unwrap(), 2);
        assert_eq!(ask(Asked::Text(text.to_owned())).unwrap(), 2);
        for unknown in ["sha256:0", "mine", &id.replace("sha256:", "md5:")] {
            assert!(matches!(ask(Asked::Id(unknown.to_owned())), Err(Refusal::UnknownId)), "{unknown}");
        }
        let other = ask(Asked::Text("{ __typename }".to_owned()));
        assert_eq!(matches!(other, Err(Refusal::NotTrusted)), accepted == DocumentsAccepted::TrustedOnly);
        let learnt = ask(Asked::Learn("{ __typename }".to_owned(), hash_of("{ __typename }")));
        assert_eq!(matches!(learnt, Err(Refusal::NotTrusted)), accepted == DocumentsAccepted::TrustedOnly);
    }
    std::fs::write(dir.path().join("wrong.graphql"), "{ nothing }").unwrap();
    assert!(schema::documents(&trusting(DocumentsAccepted::Open)).is_err());
}

struct Counting;

#[Object]
impl Counting {
    async fn hello(&self) -> i32 {
        7
    }
}

/// Strict validation of what is known would cost more than all the rest: it must happen once.
#[tokio::test]
async fn a_known_document_is_validated_once_and_executed_from_its_plan() {
    let schema = || Schema::build(Counting, EmptyMutation, EmptySubscription);
    let documents = Documents::new(schema, &config()).unwrap();
    let text = "query($yes: Boolean!) { ...f } fragment f on Counting { hello @include(if: $yes) other: hello }";
    let plan = documents.find(&Asked::Text(text.to_owned()), here()).unwrap();
    let fast = schema().validation_mode(async_graphql::ValidationMode::Fast).finish();
    for yes in [true, false, true] {
        let prepared = asked(&documents, text, json!({ "yes": yes })).unwrap();
        let again = documents.find(&Asked::Text(text.to_owned()), here()).unwrap();
        assert!(Arc::ptr_eq(&plan, &again));
        let data = fast.execute(prepared.request).await.into_result().unwrap().data.into_json().unwrap();
        assert_eq!(data, if yes { json!({ "hello": 7, "other": 7 }) } else { json!({ "other": 7 }) });
    }
}

#[test]
fn only_what_is_new_is_paid_for_whether_it_is_refused_or_not() {
    let documents = documents();
    let paid = std::cell::Cell::new(0);
    let may_bring = |bytes| {
        paid.set(paid.get() + bytes);
        if paid.get() > 40 { Err(7) } else { Ok(()) }
    };
    let bringer = Bringer { source: here().source, size: Size::Usual, may_bring: &may_bring };
    let ask = |text: &str| documents.prepare(&Asked::Text(text.to_owned()), None, Variables::default(), bringer);
    for (text, sum) in [("{ __typename }", 14), ("{ __typename }", 14), ("{ nothing }", 25), ("{ nothing }", 36)] {
        let _ = ask(text);
        assert_eq!(paid.get(), sum, "{text}");
    }
    assert!(matches!(ask("{ viewer { id } }"), Err(Refusal::Exhausted { retry_after: 7 })));
    assert!(ask("{ __typename }").is_ok(), "what is known is not new");
}
