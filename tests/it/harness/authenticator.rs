//! A telephone with an authenticator app.

use kabinet::kernel::Clock;
use serde_json::json;
use totp_rs::{Builder, Secret, Totp};

use super::{Customer, PASSWORD, TestApp};

pub struct Authenticator {
    totp: Totp,
    clock: Clock,
}

impl Authenticator {
    pub fn new(secret: &str, clock: &Clock) -> Self {
        let secret = Secret::try_from_base32(secret).unwrap();
        Self { totp: Builder::new().with_secret(secret).build().unwrap(), clock: clock.clone() }
    }

    /// What it shows now.
    pub fn code(&self) -> String {
        self.totp.generate(self.clock.now().timestamp().unsigned_abs()).to_string()
    }

    /// A code that it shows neither now nor half a minute before or after.
    pub fn wrong_code(&self) -> String {
        let now = self.clock.now().timestamp().unsigned_abs();
        let shown = [now - 30, now, now + 30].map(|at| self.totp.generate(at).to_string());
        (0..4).map(|number| format!("00000{number}")).find(|code| !shown.contains(code)).unwrap()
    }
}

impl TestApp {
    /// A person who has set up a second factor, signed in; half a minute later, so that the app shows an unused code.
    pub async fn two_factor_customer(&self, email: &str) -> (Customer, Authenticator, Vec<String>) {
        let customer = self.confirmed_customer(email).await;
        let input = json!({ "stepUp": { "password": PASSWORD } });
        let begun = customer.mutate("beginTwoFactor", "secret", input).await;
        let phone = Authenticator::new(begun["secret"].as_str().unwrap(), &self.clock);
        let input = json!({ "code": phone.code() });
        let confirmed = customer.mutate("confirmTwoFactor", "recoveryCodes", input).await;
        let codes = serde_json::from_value(confirmed["recoveryCodes"].clone()).unwrap();
        self.drain().await;
        assert_eq!(self.take_letters(email).len(), 1);
        self.advance(chrono::TimeDelta::seconds(30));
        (customer, phone, codes)
    }
}
