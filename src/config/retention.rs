use super::reader::Reader;

/// Years for which the law asks to keep what stays of a deleted cabinet.
#[derive(Clone, Debug)]
pub struct RetentionConfig {
    /// Papers of payments, after the year in which they were made.
    pub payment_years: u32,
    /// The record of an erasure, after it.
    pub erasure_years: u32,
}

impl RetentionConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self {
            payment_years: reader.number("retention.payment_years", 5..=100),
            erasure_years: reader.number("retention.erasure_years", 3..=100),
        }
    }
}
