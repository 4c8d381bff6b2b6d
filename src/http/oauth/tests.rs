use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::http::testing::{Server, client};

async fn post(server: &Server, path: &str, form: &str) -> Response {
    let request = client().post(server.url(path)).header("content-type", "application/x-www-form-urlencoded");
    request.body(form.to_owned()).send().await.unwrap()
}

async fn told(response: Response) -> (StatusCode, Value) {
    assert_eq!(response.headers()["cache-control"], "no-store");
    (response.status(), response.json().await.unwrap())
}

const PROOF: &str = "client_id=client_1&client_secret=a+secret";

#[tokio::test]
async fn a_token_is_told_as_the_standard_has_it() {
    let server = Server::start().await;
    let (status, token) =
        told(post(&server, "/oauth/token", &format!("grant_type=client_credentials&{PROOF}")).await).await;
    assert_eq!(status, StatusCode::OK);
    let expected =
        json!({ "access_token": "ctok_1", "token_type": "Bearer", "expires_in": 60, "scope": "BALANCES READINGS" });
    assert_eq!(token, expected);
    let basic = client().post(server.url("/oauth/token")).basic_auth("client_1", Some("a%20secret"));
    let basic = basic.header("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
    let answer = basic.body("grant_type=client_credentials&scope=READINGS").send().await.unwrap();
    assert_eq!(told(answer).await.1["scope"], "READINGS");
}

#[tokio::test]
async fn what_is_wrong_is_told_as_the_standard_has_it() {
    let server = Server::start().await;
    for (form, status, error) in [
        (String::new(), 400, "invalid_request"),
        (PROOF.to_owned(), 400, "invalid_request"),
        (format!("grant_type=password&{PROOF}"), 400, "unsupported_grant_type"),
        ("grant_type=client_credentials".to_owned(), 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=client_1&client_secret=x".to_owned(), 401, "invalid_client"),
        (format!("grant_type=client_credentials&scope=NONE&{PROOF}"), 400, "invalid_scope"),
        (format!("grant_type=client_credentials&{PROOF}&{PROOF}"), 400, "invalid_request"),
    ] {
        let response = post(&server, "/oauth/token", &form).await;
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401, "{form}");
        let (found, told) = told(response).await;
        assert_eq!((found.as_u16(), told["error"].as_str()), (status, Some(error)), "{form}");
    }
    let json = client().post(server.url("/oauth/token")).json(&json!({ "grant_type": "client_credentials" }));
    assert_eq!(told(json.send().await.unwrap()).await.1["error"], "invalid_request");
    let wrong = client().get(server.url("/oauth/token")).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::METHOD_NOT_ALLOWED);
    *server.seen.down.lock().unwrap() = true;
    let away = post(&server, "/oauth/token", &format!("grant_type=client_credentials&{PROOF}")).await;
    assert_eq!(away.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn an_app_trades_a_code_and_a_refresh_token() {
    let server = Server::start().await;
    let code = "grant_type=authorization_code&code=a+code&redirect_uri=x%3Ay&code_verifier=v";
    for form in [code, "grant_type=refresh_token&refresh_token=gref_1"] {
        let (status, tokens) = told(post(&server, "/oauth/token", &format!("{form}&client_id=app_1")).await).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        let expected = json!({ "access_token": "gtok_1", "token_type": "Bearer", "expires_in": 60, "scope": "BALANCE",
            "refresh_token": "gref_2" });
        assert_eq!(tokens, expected);
        let nobody = told(post(&server, "/oauth/token", &format!("{form}&client_id=app_2")).await).await;
        assert_eq!((nobody.0, &nobody.1["error"]), (StatusCode::UNAUTHORIZED, &json!("invalid_client")));
        let unnamed = told(post(&server, "/oauth/token", form).await).await;
        assert_eq!(unnamed.1["error"], "invalid_client");
    }
    for (form, error) in [
        (code.replace("a+code", "another"), "invalid_grant"),
        (code.replace("&code_verifier=v", ""), "invalid_request"),
        ("grant_type=refresh_token".to_owned(), "invalid_request"),
        ("grant_type=refresh_token&refresh_token=gref_0".to_owned(), "invalid_grant"),
    ] {
        let answer = told(post(&server, "/oauth/token", &format!("{form}&client_id=app_1")).await).await;
        assert_eq!((answer.0, &answer.1["error"]), (StatusCode::BAD_REQUEST, &json!(error)), "{form}");
    }
}

#[tokio::test]
async fn a_token_is_looked_into_and_ended_by_its_own_client_only() {
    let server = Server::start().await;
    let ask = async |path, form: String| post(&server, path, &form).await;
    let (_, facts) = told(ask("/oauth/introspect", format!("token=ctok_1&{PROOF}")).await).await;
    let expected = json!({ "active": true, "client_id": "client_1", "scope": "BALANCES", "token_type": "Bearer",
        "iat": 1_800_000_000, "exp": 1_800_000_060 });
    assert_eq!(facts, expected);
    let (_, facts) = told(ask("/oauth/introspect", format!("token=another&{PROOF}")).await).await;
    assert_eq!(facts, json!({ "active": false }));
    let (status, _) = told(ask("/oauth/introspect", "token=ctok_1&client_id=a&client_secret=b".to_owned()).await).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, told) = told(ask("/oauth/introspect", PROOF.to_owned()).await).await;
    assert_eq!((status, &told["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")));
    let ended = ask("/oauth/revoke", format!("token=ctok_1&token_type_hint=access_token&{PROOF}")).await;
    assert_eq!(ended.status(), StatusCode::OK);
    assert_eq!(*server.seen.confirmations.lock().unwrap(), ["ctok_1"]);
    let stranger = ask("/oauth/revoke", "token=ctok_1&client_id=a&client_secret=b".to_owned()).await;
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn everything_is_found_from_one_address() {
    let server = Server::with(
        |config| config.http.public_url = "https://cabinet.example/".to_owned(),
        crate::http::live::Pace::default(),
    )
    .await;
    let response = client().get(server.url("/.well-known/oauth-authorization-server")).send().await.unwrap();
    let metadata: Value = response.json().await.unwrap();
    assert_eq!(metadata["issuer"], "https://cabinet.example");
    assert_eq!(metadata["token_endpoint"], "https://cabinet.example/oauth/token");
    assert_eq!(metadata["authorization_endpoint"], "https://cabinet.example/oauth/authorize");
    let grants = ["client_credentials", "authorization_code", "refresh_token"];
    assert_eq!(metadata["grant_types_supported"], json!(grants));
    let people = ["PROFILE", "BALANCE", "STATEMENTS", "READINGS", "SUBMIT_READINGS", "PAYMENTS", "PAY"];
    let programs = ["BALANCES", "IMPORT", "DECISIONS", "POSTINGS", "WEBHOOKS", "CLIENTS"];
    assert_eq!(metadata["scopes_supported"], json!([&people[..], &programs[..]].concat()));
}

#[tokio::test]
async fn an_address_asks_for_so_many_tokens_a_minute() {
    let server = Server::with(|config| config.graphql.budget.sign_in = 2, crate::http::live::Pace::default()).await;
    let form = format!("grant_type=client_credentials&{PROOF}");
    for expected in [200, 200, 429] {
        let response = post(&server, "/oauth/token", &form).await;
        assert_eq!(response.headers().contains_key("retry-after"), expected == 429);
        assert_eq!(response.status().as_u16(), expected);
    }
}
