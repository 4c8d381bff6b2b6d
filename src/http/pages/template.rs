//! Renders the templates that lie beside this file.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, Value};
use poem::Response;
use poem::http::StatusCode;

use super::money::money;
use crate::http::answer;
use crate::http::detached::logged;

const TEMPLATES: [(&str, &str); 15] = [
    ("base.html", include_str!("base.html")),
    ("cancel_email_change.html", include_str!("cancel_email_change.html")),
    ("cancel_deletion.html", include_str!("cancel_deletion.html")),
    ("carried.html", include_str!("carried.html")),
    ("confirm_email.html", include_str!("confirm_email.html")),
    ("confirm_email_change.html", include_str!("confirm_email_change.html")),
    ("consent.html", include_str!("consent.html")),
    ("home.html", include_str!("home.html")),
    ("link_form.html", include_str!("link_form.html")),
    ("mailbox.html", include_str!("mailbox.html")),
    ("not_me.html", include_str!("not_me.html")),
    ("password_form.html", include_str!("password_form.html")),
    ("reset_password.html", include_str!("reset_password.html")),
    ("returned.html", include_str!("returned.html")),
    ("sandbox_payment.html", include_str!("sandbox_payment.html")),
];

static ENVIRONMENT: LazyLock<Result<Environment<'static>, minijinja::Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_filter("money", money);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
});

pub fn page(status: StatusCode, name: &str, variables: Value) -> Response {
    let rendered = match &*ENVIRONMENT {
        Ok(environment) => environment.get_template(name).and_then(|template| template.render(variables)),
        Err(cause) => return answer::internal(&logged(cause)),
    };
    rendered.map_or_else(|cause| answer::internal(&logged(&cause)), |text| answer::html(status, text))
}
