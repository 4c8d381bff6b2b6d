use minijinja::{Value, context};

use super::reader::Reader;

/// The support service has answered.
#[derive(Clone, Debug)]
pub struct SupportAnswer {
    pub request: String,
    pub text: String,
    pub closed: bool,
}

impl SupportAnswer {
    pub(super) fn sample() -> Self {
        Self {
            request: "request_01h2xcejqtf2nbrexx3vqjhp41".to_owned(),
            text: "В мае показаний не было, и начислено по среднему. Мы пересчитаем в июне.".to_owned(),
            closed: false,
        }
    }

    pub(super) fn values(&self, _: &Reader) -> Value {
        context! { request => self.request.as_str(), answer => self.text.as_str(), closed => self.closed }
    }
}
