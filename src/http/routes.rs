//! Which address leads where.

use std::sync::Arc;

use async_graphql::Executor;
use poem::endpoint::{make, make_sync};
use poem::{Endpoint, Request, Response, Route, RouteMethod, get, post};

use super::guarded::Guarded;
use super::{Http, downloads, exports, files, graphql, health, imports, oauth, pages, sandbox};

/// Everything that the server answers, as one endpoint for `serve`. To be called inside a runtime.
pub fn routes<E: Executor>(http: Arc<Http<E>>) -> impl Endpoint<Output = Response> + 'static {
    hear_of_endings(&http);
    let asset = |request: Request| async move { files::asset(&request) };
    let config = Arc::clone(&http.config);
    let graphiql = move |request: Request| files::graphiql(&request, &config);
    let route = Route::new()
        .at("/graphql", handler(&http, graphql::endpoint))
        .at("/graphiql", get(make_sync(graphiql)))
        .at("/downloads/*path", get(handler(&http, downloads::download)))
        .at("/assets/*path", get(make(asset)))
        .at("/health/live", get(make_sync(|_| health::live())))
        .at("/health/ready", get(handler(&http, |http, _| health::ready(http, health::Detail::Words))))
        .at("/", get(handler(&http, pages::home)))
        .at("/confirm-email", get(handler(&http, pages::ask_to_confirm)).post(handler(&http, pages::confirm)))
        .at("/reset-password", get(handler(&http, pages::ask_for_password)).post(handler(&http, pages::reset_password)))
        .at(
            "/confirm-email-change",
            get(handler(&http, pages::ask_to_confirm_change)).post(handler(&http, pages::confirm_change)),
        )
        .at(
            "/cancel-email-change",
            get(handler(&http, pages::ask_to_cancel_change)).post(handler(&http, pages::cancel_change)),
        )
        .at(
            "/cancel-deletion",
            get(handler(&http, pages::ask_to_cancel_deletion)).post(handler(&http, pages::cancel_deletion)),
        )
        .at(
            "/not-me",
            get(handler(&http, pages::ask_about_sign_in)).post(handler(&http, pages::report_foreign_sign_in)),
        )
        .at(oauth::METADATA, {
            let config = Arc::clone(&http.config);
            get(make_sync(move |_| oauth::metadata(&config)))
        })
        .at(
            pages::CONSENT_PATH,
            get(handler(&http, pages::ask_for_consent)).post(handler(&http, pages::decide_on_consent)),
        )
        .at("/oauth/token", post(handler(&http, oauth::token)))
        .at("/oauth/introspect", post(handler(&http, oauth::introspect)))
        .at("/oauth/revoke", post(handler(&http, oauth::revoke)))
        .at("/imports", post(handler(&http, imports::begin)))
        .at("/imports/:id", get(handler(&http, imports::look)).delete(handler(&http, imports::give_up)))
        .at("/imports/:id/undo", post(handler(&http, imports::undo)))
        .at("/imports/:id/report.csv", get(handler(&http, imports::report)))
        .at(
            "/imports/:id/files/:name",
            RouteMethod::new().head(handler(&http, imports::offset)).patch(handler(&http, imports::append)),
        )
        .at("/exports/:id", get(handler(&http, exports::download)))
        .at("/dev/mailbox", get(handler(&http, pages::mailbox)))
        .at("/dev/mailbox/messages", get(handler(&http, |http, _| pages::messages(http))))
        .at(
            "/sandbox/payments/:id",
            get(handler(&http, pages::sandbox_payment)).post(handler(&http, pages::decide_sandbox_payment)),
        )
        .at(format!("{}/*path", sandbox::BASE), {
            let call = || handler(&http, sandbox::call);
            get(call()).post(call())
        })
        .at("/payments/returned", get(handler(&http, pages::returned)))
        .at("/acquirers/:name/notifications", post(handler(&http, pages::notification)));
    Guarded::new(http, route)
}

/// Passes on which sessions may have ended, until the server stops.
fn hear_of_endings<E: Send + Sync + 'static>(http: &Arc<Http<E>>) {
    let http = Arc::clone(http);
    tokio::spawn(async move {
        let live = Arc::clone(&http.live);
        let tell = move |ended| live.tell(&ended);
        tokio::select! {
            () = http.doors.hear_of_endings(&tell) => {}
            () = http.shutdown.cancelled() => {}
        }
    });
}

fn handler<E, F, Fut>(http: &Arc<Http<E>>, serve: F) -> impl Endpoint<Output = Response> + 'static
where
    E: Executor,
    F: Fn(Arc<Http<E>>, Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response> + Send + 'static,
{
    let http = Arc::clone(http);
    // Boxed here: each of poem's layers around it would move it once more.
    make(move |request| Box::pin(serve(Arc::clone(&http), request)))
}
