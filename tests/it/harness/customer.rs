//! A person with a client.

use kabinet::platform::secret::fingerprint;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::agreements;
use super::socket::Socket;

pub const PASSWORD: &str = "correct horse 42";

#[derive(Clone)]
pub struct Customer {
    pub url: String,
    pub token: Option<String>,
    /// Accept-Language.
    pub language: &'static str,
    /// User-Agent; none when it is empty.
    pub device: &'static str,
    client: reqwest::Client,
}

impl Customer {
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), token: None, language: "en", device: "", client: reqwest::Client::new() }
    }

    /// Status and body of a GraphQL request.
    pub async fn post(&self, query: &str, variables: Value) -> (StatusCode, Value) {
        let mut request = self
            .client
            .post(format!("{}/graphql", self.url))
            .header("accept", "application/graphql-response+json")
            .header("accept-language", self.language)
            .json(&json!({ "query": query, "variables": variables }));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !self.device.is_empty() {
            request = request.header("user-agent", self.device);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap())
    }

    /// The data of a request without errors.
    pub async fn ask(&self, query: &str, variables: Value) -> Value {
        let (status, mut body) = self.post(query, variables).await;
        assert!(body.get("errors").is_none(), "{status} {body}");
        body["data"].take()
    }

    /// Status, head and body of a file below the server's address, whatever host its address names.
    pub async fn download(&self, url: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let path = url.find("/downloads/").map_or(url, |from| &url[from..]);
        let mut request = self.client.get(format!("{}{path}", self.url)).header("accept-language", self.language);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        (status, headers, response.bytes().await.unwrap().to_vec())
    }

    /// The payload of a mutation `name(input:)`, with `fields` asked of it besides its errors.
    pub async fn mutate(&self, name: &str, fields: &str, input: Value) -> Value {
        let type_name = format!("{}{}Input!", name[..1].to_uppercase(), &name[1..]);
        let errors = "userErrors { __typename code field message }";
        let query = format!("mutation($input: {type_name}) {{ {name}(input: $input) {{ {fields} {errors} }} }}");
        self.ask(&query, json!({ "input": input })).await[name].take()
    }

    pub async fn solve_captcha(&self) -> String {
        self.solve_captcha_for("REGISTER").await
    }

    pub async fn solve_captcha_for(&self, action: &str) -> String {
        let query = format!("{{ captcha(action: {action}) {{ challenge difficulty }} }}");
        let captcha = self.ask(&query, json!({})).await["captcha"].take();
        let challenge = captcha["challenge"].as_str().unwrap();
        let bits = captcha["difficulty"].as_u64().unwrap();
        assert_eq!(bits, 4, "the tests' difficulty is one hexadecimal digit");
        let number =
            (0..100_000).find(|number| fingerprint(&format!("{challenge}:{number}")).starts_with('0')).unwrap();
        format!("{challenge}:{number}")
    }

    pub async fn register(&self, email: &str) -> Value {
        let captcha = self.solve_captcha().await;
        let input = json!({ "email": email, "password": PASSWORD, "captcha": captcha, "acceptedAgreements": agreements(), "locale": "EN" });
        let payload = self.mutate("register", "email confirmationExpiresAt", input).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        payload
    }

    pub async fn confirm(&self, token: &str) -> Value {
        self.mutate("confirmEmail", "user { email emailConfirmedAt }", json!({ "token": token })).await
    }

    /// Signs in with the tests' password and keeps the token.
    pub async fn sign_in(&mut self, email: &str) {
        assert!(self.try_to_sign_in(email, PASSWORD).await);
    }

    /// True when the password opened a session, whose token is kept.
    pub async fn try_to_sign_in(&mut self, email: &str, password: &str) -> bool {
        let input = json!({ "email": email, "password": password });
        let payload = self.mutate("signIn", "token viewer { email }", input).await;
        let token = payload["token"].as_str().map(str::to_owned);
        match payload["userErrors"][0]["code"].as_str() {
            None => self.token = Some(token.unwrap()),
            Some("TOO_MANY_TRIES" | "BAD_CREDENTIALS") => assert_eq!(token, None),
            Some(code) => panic!("{code}"),
        }
        payload["userErrors"] == json!([])
    }

    pub async fn is_signed_in(&self) -> bool {
        self.ask("{ viewer { email } }", json!({})).await["viewer"] != Value::Null
    }

    pub async fn provider_id(&self, code: &str) -> String {
        let data = self.ask("{ providers(first: 100) { edges { node { id code } } } }", json!({})).await;
        let edges = data["providers"]["edges"].as_array().unwrap().clone();
        let edge = edges.iter().find(|edge| edge["node"]["code"] == code).expect("the provider is there");
        edge["node"]["id"].as_str().unwrap().to_owned()
    }

    /// Attaches an account; with a PIN the access is FULL. Returns its id.
    pub async fn attach(&self, provider: &str, number: &str, pin: Option<&str>) -> String {
        let provider_id = self.provider_id(provider).await;
        let proof = pin.map(|pin| json!({ "pin": pin }));
        let input = json!({ "providerId": provider_id, "number": number, "proof": proof });
        let payload = self.mutate("attachPersonalAccount", "personalAccount { id }", input).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        payload["personalAccount"]["id"].as_str().unwrap().to_owned()
    }

    /// What is owed, signed: above zero is debt.
    pub async fn balance(&self, account: &str) -> String {
        let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { balance { owed { amount } credit { amount } } } } }";
        let balance = self.ask(query, json!({ "id": account })).await["node"]["balance"].take();
        let credit = balance["credit"]["amount"].as_str().unwrap().to_owned();
        if credit == "0.00" { balance["owed"]["amount"].as_str().unwrap().to_owned() } else { format!("-{credit}") }
    }

    /// Uses one link so many times at once; which of the uses were the one. A loaded server may turn some away with
    /// UNAVAILABLE, and then keeps the link: so one more use follows when none went through.
    pub async fn use_at_once(&self, mutation: &str, inputs: Vec<Value>) -> Vec<usize> {
        let type_name = format!("{}{}Input!", mutation[..1].to_uppercase(), &mutation[1..]);
        let query = format!(
            "mutation($input: {type_name}) {{ {mutation}(input: $input) {{ user {{ id }} userErrors {{ code }} }} }}"
        );
        let send = |input: &Value| self.post(&query, json!({ "input": input }));
        let went_through = |body: &Value| {
            let payload = &body["data"][mutation];
            let code = body["errors"][0]["extensions"]["code"].as_str().or(payload["userErrors"][0]["code"].as_str());
            assert!(matches!(code, None | Some("TOKEN_INVALID" | "UNAVAILABLE")), "{body}");
            assert_eq!(code.is_none(), payload["user"].is_object(), "{body}");
            code.is_none()
        };
        let bodies = futures_util::future::join_all(inputs.iter().map(send)).await;
        let mut done: Vec<_> = (0..bodies.len()).filter(|index| went_through(&bodies[*index].1)).collect();
        if done.is_empty() && went_through(&send(&inputs[0]).await.1) {
            done.push(0);
        }
        done
    }

    /// A WebSocket with this person's token.
    pub async fn socket(&self) -> Socket {
        Socket::open(&self.url, self.token.as_deref()).await
    }
}
