//! What is left to be done after a transaction.

use std::net::IpAddr;

use entity::ids::{ClientGrantId, UserId};
use serde::{Deserialize, Serialize};

use crate::platform::outbox::Job;

/// Tell a person that an app was let into their cabinet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SendClientAccessGranted {
    pub user_id: UserId,
    pub client_grant_id: ClientGrantId,
    /// Network address that it was granted from.
    pub address: IpAddr,
}

impl Job for SendClientAccessGranted {
    const KIND: &'static str = "send_client_access_granted";
}
