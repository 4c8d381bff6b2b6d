//! What has happened, in all worlds.

#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub intents: u64,
    pub succeeded: u64,
    pub canceled: u64,
    pub crashes: u64,
    /// Crashes after which another process began, over the same files.
    pub restarts: u64,
    pub lost_requests: u64,
    pub lost_answers: u64,
    pub late_requests: u64,
    pub doubled_requests: u64,
    pub forged: u64,
    pub searches: u64,
    pub refunded: u64,
    pub refunds: u64,
    pub refunds_by_bank: u64,
    /// That the bank had taken on.
    pub refunds_given_up: u64,
    /// Payments of several accounts at once that succeeded.
    pub together: u64,
    pub registers: u64,
    /// Refunds that a register of their own told the provider of.
    pub returns: u64,
    /// Payments that their payers gave up.
    pub cancels: u64,
    /// Rows that providers have posted.
    pub postings: u64,
    pub autopaid: u64,
    /// Payments by themselves that came to nothing.
    pub autopay_failures: u64,
    /// Months of autopays that ended so.
    pub autopays_given_up: u64,
    /// Months of autopays in which more was owed than may be taken.
    pub autopays_above: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.intents, other.intents),
            (&mut self.succeeded, other.succeeded),
            (&mut self.canceled, other.canceled),
            (&mut self.crashes, other.crashes),
            (&mut self.restarts, other.restarts),
            (&mut self.lost_requests, other.lost_requests),
            (&mut self.lost_answers, other.lost_answers),
            (&mut self.late_requests, other.late_requests),
            (&mut self.doubled_requests, other.doubled_requests),
            (&mut self.forged, other.forged),
            (&mut self.searches, other.searches),
            (&mut self.refunded, other.refunded),
            (&mut self.refunds, other.refunds),
            (&mut self.refunds_by_bank, other.refunds_by_bank),
            (&mut self.refunds_given_up, other.refunds_given_up),
            (&mut self.together, other.together),
            (&mut self.registers, other.registers),
            (&mut self.returns, other.returns),
            (&mut self.autopaid, other.autopaid),
            (&mut self.autopay_failures, other.autopay_failures),
            (&mut self.autopays_given_up, other.autopays_given_up),
            (&mut self.autopays_above, other.autopays_above),
            (&mut self.cancels, other.cancels),
            (&mut self.postings, other.postings),
        ];
        for (sum, more) in pairs {
            *sum += more;
        }
    }
}
