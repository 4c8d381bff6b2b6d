use chrono::TimeDelta;

use super::reader::Reader;
use crate::kernel::mail_domain;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordPolicyName {
    Modern,
    Seed,
}

#[derive(Clone, Debug)]
pub struct IdentityConfig {
    pub password_policy: PasswordPolicyName,
    /// In punycode; empty: any.
    pub allowed_mail_domains: Vec<String>,
    pub confirmation: TimeDelta,
    pub discretion: TimeDelta,
    pub deletion_grace: TimeDelta,
    pub session_idle: TimeDelta,
    pub session_absolute: TimeDelta,
    pub remembered_idle: TimeDelta,
    pub remembered_absolute: TimeDelta,
    pub sign_in_free_tries: u32,
    pub sign_in_free_tries_per_address: u32,
    pub argon2_memory_kib: u32,
    pub argon2_passes: u32,
    pub argon2_lanes: u32,
    /// 0: as many as there are processors.
    pub hashing_at_once: usize,
    pub hashing_queue: usize,
}

impl IdentityConfig {
    /// Whether cabinets may have addresses of this domain, given in punycode.
    pub fn allows_mail_domain(&self, domain: &str) -> bool {
        self.allowed_mail_domains.is_empty() || self.allowed_mail_domains.iter().any(|allowed| allowed == domain)
    }

    pub(super) fn read(reader: &mut Reader) -> Self {
        let policy = reader.parsed("identity.password_policy", "\"modern\" or \"seed\"", |text| match text {
            "modern" => Some(PasswordPolicyName::Modern),
            "seed" => Some(PasswordPolicyName::Seed),
            _ => None,
        });
        Self {
            password_policy: policy.unwrap_or(PasswordPolicyName::Modern),
            allowed_mail_domains: mail_domains(reader),
            confirmation: TimeDelta::days(reader.number("identity.confirmation_days", 1..=365)),
            discretion: TimeDelta::seconds(reader.number("identity.discretion_seconds", 0..=60)),
            deletion_grace: TimeDelta::days(reader.number("identity.deletion_grace_days", 1..=30)),
            session_idle: TimeDelta::minutes(reader.number("identity.session_idle_minutes", 1..=525_600)),
            session_absolute: TimeDelta::days(reader.number("identity.session_absolute_days", 1..=365)),
            remembered_idle: TimeDelta::days(reader.number("identity.remembered_idle_days", 1..=365)),
            remembered_absolute: TimeDelta::days(reader.number("identity.remembered_absolute_days", 1..=730)),
            sign_in_free_tries: reader.number("identity.sign_in_free_tries", 1..=1000),
            sign_in_free_tries_per_address: reader.number("identity.sign_in_free_tries_per_address", 1..=1_000_000),
            argon2_memory_kib: reader.number("identity.argon2_memory_kib", 8..=4_194_304),
            argon2_passes: reader.number("identity.argon2_passes", 1..=100),
            argon2_lanes: reader.number("identity.argon2_lanes", 1..=64),
            hashing_at_once: reader.number("identity.hashing_at_once", 0..=1024),
            hashing_queue: reader.number("identity.hashing_queue", 1..=100_000),
        }
    }
}

fn mail_domains(reader: &mut Reader) -> Vec<String> {
    const KEY: &str = "identity.allowed_mail_domains";
    let mut domains = Vec::new();
    for text in reader.list(KEY) {
        match mail_domain(&text) {
            Some(domain) => domains.push(domain),
            None => reader.problem(KEY, &format!("must be domains between commas: \"{text}\" is none")),
        }
    }
    domains
}
