use chrono::NaiveDate;
use entity::enums::ServiceChangeKind;

use super::{Row, register_row};

register_row! {
    /// A dated change of what is supplied (история изменений по услугам).
    ServiceChangeRow: ServiceChanges {
        account: String,
        service_code: String,
        changed_on: NaiveDate,
        kind: ServiceChangeKind,
        before: Option<String>,
        after: Option<String>,
        description: String,
    }
}

impl Row for ServiceChangeRow {
    type Key = (String, NaiveDate, String, &'static str);
    const ORDER: &'static str = "account, changed_on, service_code, kind";

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.changed_on, self.service_code.clone(), self.kind.word())
    }
}
