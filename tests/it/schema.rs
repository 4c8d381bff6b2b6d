//! The exported schema is the code's, says what everything is, and keeps the names that clients are written against.

use kabinet::graphql::definition;

fn exported() -> String {
    definition()
}

#[test]
fn the_page_of_scopes_is_current() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scopes.md");
    let page = std::fs::read_to_string(file).unwrap_or_default();
    let written = kabinet::graphql::scopes_page().unwrap();
    assert!(page == written, "docs/scopes.md is out of date: run `make scopes`");
    let rows: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() > 500 && rows.iter().all(|row| !row.contains("| ? |")), "no cell is undecided");
    assert!(rows.iter().any(|row| row.starts_with("| `Subscription.balanceUpdated` |")));
}

#[test]
fn the_exported_schema_is_up_to_date() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == exported(),
        "schema.graphql is not what the code says: run `make schema` (cargo run -- schema > schema.graphql)"
    );
}

/// A definition or a part of one, with the line it stands on.
struct Part {
    line: usize,
    text: String,
    described: bool,
}

/// Every type, field, argument, enum value and input field: the SDL has one a line, its description above it.
fn parts(sdl: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut inside = false;
    let mut described = false;
    for (number, line) in sdl.lines().enumerate() {
        let text = line.trim();
        if text.starts_with("\"\"\"") {
            let one_line = text.len() > 3 && text.ends_with("\"\"\"");
            inside = !(inside || one_line);
            described = true;
        } else if !inside {
            let ends = text.is_empty() || text.starts_with('}') || text.starts_with(')');
            if !ends {
                parts.push(Part { line: number + 1, text: text.to_owned(), described });
            }
            described = false;
        }
    }
    parts
}

#[test]
fn everything_in_the_schema_has_a_description() {
    let sdl = exported();
    let (schema, _) = sdl.split_once("\nschema {").expect("the roots stand at the end");
    let own = |part: &Part| !part.text.starts_with("directive @");
    let parts: Vec<_> = parts(schema).into_iter().filter(own).collect();
    assert!(parts.len() > 300, "the parts are found");
    let silent = parts.iter().filter(|part| !part.described);
    let silent: Vec<_> = silent.map(|part| format!("{}: {}", part.line, part.text)).collect();
    assert!(silent.is_empty(), "without a description:\n  {}", silent.join("\n  "));
}

/// `type X implements Node` → its fields as `name: Type` or `name(argument: Type, …): Type`, without descriptions.
fn shape(sdl: &str, head: &str) -> String {
    let mut inside = false;
    let mut code = String::new();
    for line in sdl.lines().map(str::trim) {
        if line.starts_with("\"\"\"") {
            let one_line = line.len() > 3 && line.ends_with("\"\"\"");
            inside = !(inside || one_line);
        } else if !inside {
            code += line;
            code.push('\n');
        }
    }
    let start = code.find(&format!("\n{head} ")).unwrap_or_else(|| panic!("no {head}"));
    let (_, body) = code[start..].split_once("{\n").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    body.replace(['\n', '\t'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

const ERRORS: &str = "userErrors: [UserError!]!";

/// Heads and parts of them: what clients of the core journey name.
const CORE_JOURNEY: &[(&str, &[&str])] = &[
    (
        "type Query",
        &[
            "viewer: User",
            "node( id: ID! ): Node",
            "nodes( ids: [ID!]! ): [Node]!",
            "passwordPolicy: PasswordPolicy!",
            "captcha( action: CaptchaAction! = REGISTER ): Captcha!",
            "agreements: [Agreement!]!",
        ],
    ),
    (
        "type Mutation",
        &[
            "register( input: RegisterInput! ): RegisterPayload!",
            "confirmEmail( input: ConfirmEmailInput! ): ConfirmEmailPayload!",
            "resendConfirmation: ResendConfirmationPayload!",
            "signIn( input: SignInInput! ): SignInPayload!",
            "signOut: SignOutPayload!",
            "attachPersonalAccount( input: AttachPersonalAccountInput! ): AttachPersonalAccountPayload!",
            "proveAccountAccess( input: ProveAccountAccessInput! )",
            "submitMeterReadings( input: SubmitMeterReadingsInput! ): SubmitMeterReadingsPayload!",
            "startPayment( input: StartPaymentInput! ): StartPaymentPayload!",
        ],
    ),
    (
        "type Subscription",
        &[
            "balanceUpdated( after: String, personalAccountIds: [ID!] ): BalanceEvent!",
            "paymentUpdated( paymentId: ID! ): Payment!",
        ],
    ),
    (
        "input RegisterInput",
        &[
            "email: EmailAddress!",
            "password: String!",
            "captcha: String",
            "acceptedAgreements: [ID!]!",
            "locale: Locale",
        ],
    ),
    ("type RegisterPayload", &["email: EmailAddress", "confirmationExpiresAt: DateTime", ERRORS]),
    ("input ConfirmEmailInput", &["token: String!"]),
    ("type ConfirmEmailPayload", &["user: User", ERRORS]),
    ("input SignInInput", &["email: EmailAddress!", "password: String!"]),
    ("type SignInPayload", &["token: String", "viewer: User", ERRORS]),
    (
        "type User",
        &[
            "id: ID!",
            "email: EmailAddress!",
            "emailConfirmedAt: DateTime",
            "confirmationExpiresAt: DateTime",
            "balance: Balance!",
            "PersonalAccountConnection!",
        ],
    ),
    (
        "type Provider",
        &[
            "id: ID!",
            "code: String!",
            "name: String!",
            "accountNumberHint: String!",
            "accountNumberPattern: String!",
            "accountNumberSample: String!",
            "accessProofs: [AccessProofKind!]!",
        ],
    ),
    ("enum AccountAccess", &["LIMITED", "FULL"]),
    ("enum AccessProofKind", &["PIN", "LAST_CHARGE_TOTAL", "METER_READING"]),
    ("input AccessProofInput", &["pin: String", "lastChargeTotal: Decimal", "meterReading: Decimal"]),
    (
        "input AttachPersonalAccountInput",
        &["providerId: ID!", "number: String!", "nickname: String", "proof: AccessProofInput"],
    ),
    ("type AttachPersonalAccountPayload", &["personalAccount: PersonalAccount", ERRORS]),
    ("type Balance", &["owed: Money!", "credit: Money!", "asOf: DateTime!", "version: Int!"]),
    ("type Money", &["amount: Decimal!", "currencyCode: CurrencyCode!"]),
    (
        "type PersonalAccount",
        &[
            "id: ID!",
            "number: String!",
            "provider: Provider!",
            "access: AccountAccess!",
            "balance: Balance!",
            "statement( period: YearMonth ): Statement",
            "meterCount: Int!",
            "services: [AccountService!]!",
        ],
    ),
    (
        "type Statement",
        &[
            "period: YearMonth!",
            "dueOn: Date!",
            "opening: Money!",
            "accrued: Money!",
            "recalculated: Money!",
            "penalty: Money!",
            "paid: Money!",
            "closing: Money!",
            "lines: [StatementLine!]!",
        ],
    ),
    ("type LedgerEntry", &["version: Int!", "kind: LedgerEntryKind!", "amount: Money!", "balanceAfter: Balance!"]),
    (
        "type Meter",
        &[
            "serialNumber: String!",
            "unit: Unit!",
            "integerDigits: Int!",
            "fractionDigits: Int!",
            "lastReading: MeterReading",
        ],
    ),
    (
        "type MeterReading",
        &[
            "meter: Meter!",
            "values: [RegisterValue!]!",
            "takenOn: Date!",
            "submittedAt: DateTime!",
            "source: ReadingSource!",
            "status: ReadingStatus!",
            "warnings: [ReadingWarning!]!",
        ],
    ),
    ("input RegisterValueInput", &["register: Register! = SINGLE", "value: Decimal!"]),
    (
        "input MeterReadingInput",
        &["meterId: ID!", "values: [RegisterValueInput!]!", "takenOn: Date", "confirmWarnings: Boolean! = false"],
    ),
    ("input SubmitMeterReadingsInput", &["readings: [MeterReadingInput!]!", "idempotencyKey: String"]),
    ("type SubmitMeterReadingsPayload", &["readings: [MeterReading!]", ERRORS]),
    ("input PaymentAmountInput", &["currentDebt: Boolean", "custom: Decimal"]),
    (
        "input StartPaymentInput",
        &[
            "personalAccountId: ID!",
            "amount: PaymentAmountInput!",
            "readings: [MeterReadingInput!]",
            "returnUrl: String",
            "receiptEmail: EmailAddress",
            "idempotencyKey: String!",
        ],
    ),
    ("type StartPaymentPayload", &["payment: Payment", ERRORS]),
    (
        "type Payment",
        &[
            "amount: Money!",
            "status: PaymentStatus!",
            "confirmationUrl: String",
            "createdAt: DateTime!",
            "paidAt: DateTime",
            "failure: PaymentFailure",
        ],
    ),
    ("enum PaymentStatus", &["PENDING", "SUCCEEDED", "CANCELED", "REFUNDED", "PARTIALLY_REFUNDED"]),
    (
        "type BalanceEvent",
        &[
            "cursor: String!",
            "occurredAt: DateTime!",
            "personalAccount: PersonalAccount!",
            "previous: Balance!",
            "balance: Balance!",
            "cause: LedgerEntry!",
        ],
    ),
    ("interface UserError", &["code: ErrorCode!", "field: [String!]", "message: String!"]),
    ("interface Node", &["id: ID!"]),
];

#[test]
fn the_core_journey_keeps_its_names_and_shapes() {
    let sdl = format!("\n{}", exported());
    let mut lacking = Vec::new();
    for (head, parts) in CORE_JOURNEY {
        let shape = shape(&sdl, head).replace(", )", " )");
        lacking.extend(
            parts.iter().filter(|part| !shape.contains(**part)).map(|part| format!("{head}: {part}\n    in {shape}")),
        );
    }
    assert!(lacking.is_empty(), "missing:\n  {}", lacking.join("\n  "));
}
