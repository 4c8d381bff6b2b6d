//! Rows, id types, exact numbers and column words. One flat file per table; no behaviour, no I/O.

pub mod enums;
pub mod exact;
pub mod ids;

pub mod account_service;
pub mod acquirer_notification;
pub mod agreement_acceptance;
pub mod attachment;
pub mod audit_circumstance;
pub mod audit_event;
pub mod email_change;
pub mod email_change_link;
pub mod cabinet_deletion;
pub mod data_export;
pub mod data_export_chunk;
pub mod erasure;
pub mod idempotency_key;
pub mod import_file;
pub mod key_value;
pub mod ledger_entry;
pub mod meter;
pub mod meter_reading;
pub mod outbox_job;
pub mod payment;
pub mod personal_account;
pub mod provider;
pub mod provider_terms;
pub mod recovery_code;
pub mod reading_status_change;
pub mod sandbox_payment;
pub mod service_change;
pub mod statement;
pub mod statement_line;
pub mod tariff;
pub mod two_factor;
pub mod user;
