//! Exports of a provider's program: begun by their manifest, their files sent in pieces that may break off anywhere
//! ("Resumable Uploads for HTTP", an Internet-Draft of the IETF: `Upload-Offset`, `Upload-Complete`), then carried out.

mod incoming;
mod words;

use std::sync::Arc;

use entity::enums::ClientScope;
use entity::ids::UploadId;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::words::refused;
use super::caller::Caller;
use super::{Http, answer, body};
use crate::integrators::uploads::{Report, Upload, UploadRefusal, Uploads};
use crate::kernel::{ApiClient, Bearer, Failure, Fault, type_id};

pub use incoming::{append, offset};

/// A manifest of 500 files has some 100 KB.
const LONGEST_MANIFEST: usize = 1024 * 1024;
const OFFSET: &str = "upload-offset";
const COMPLETE: &str = "upload-complete";

type Served = Result<Response, Response>;

/// Who asks, and what for.
struct Asked<'a> {
    caller: Caller,
    client: ApiClient,
    uploads: &'a Uploads,
}

impl<'a> Asked<'a> {
    async fn of<E>(http: &'a Http<E>, request: &Request) -> Result<Self, Response> {
        let caller = Caller::of(request, &http.config.http);
        let bearer = match &caller.token {
            Some(token) => {
                // A place for the look-up only: made-up tokens wait there, and a body may take its time.
                let place = http.gate.enter().await?;
                let bearer = http.doors.bearer(token).await.map_err(|fault| answer::fault(&fault))?;
                drop(place);
                bearer
            }
            None => None,
        };
        let client = match bearer {
            Some(Bearer::Client(client)) if client.scopes.iter().any(|scope| scope == ClientScope::Import) => client,
            Some(_) => return Err(words::forbidden(caller.locale)),
            None => return Err(words::unauthenticated(caller.locale)),
        };
        let uploads = http.doors.uploads().ok_or_else(|| refused(&UploadRefusal::NotFound, caller.locale))?;
        Ok(Self { caller, client, uploads })
    }

    fn failed(&self, failure: Failure<UploadRefusal>) -> Response {
        match failure {
            Failure::Refused(refusal) => refused(&refusal, self.caller.locale),
            Failure::Fault(fault) => answer::fault(&fault),
        }
    }

    fn not_found(&self) -> Response {
        refused(&UploadRefusal::NotFound, self.caller.locale)
    }

    async fn find(&self, request: &Request) -> Result<Upload, Response> {
        let id = id_in(request).ok_or_else(|| self.not_found())?;
        let found = self.uploads.find(self.client.provider_id, id).await.map_err(|fault| answer::fault(&fault))?;
        found.ok_or_else(|| self.not_found())
    }
}

fn id_in(request: &Request) -> Option<UploadId> {
    type_id::decode(request.raw_path_param("id")?)
}

/// `POST /imports`, with the manifest; `?dryRun=true` writes nothing in the end.
pub async fn begin<E>(http: Arc<Http<E>>, mut request: Request) -> Response {
    served(begun(&http, &mut request).await)
}

async fn begun<E>(http: &Http<E>, request: &mut Request) -> Served {
    let asked = Asked::of(http, request).await?;
    let dry_run = is_dry_run(request);
    let manifest = body::read(request, LONGEST_MANIFEST, http.config.http.read_timeout).await?;
    let manifest = String::from_utf8(manifest);
    let no_text = |_| refused(&UploadRefusal::Manifest("not UTF-8".to_owned()), asked.caller.locale);
    let manifest = manifest.map_err(no_text)?;
    let _place = http.gate.enter().await?;
    let upload = asked.uploads.begin(&asked.client, &manifest, dry_run).await;
    Ok(created(http, &upload.map_err(|failure| asked.failed(failure))?))
}

/// `GET /imports/ID`: how far it has come, and what became of it.
pub async fn look<E>(http: Arc<Http<E>>, request: Request) -> Response {
    served(looked(&http, &request).await)
}

async fn looked<E>(http: &Http<E>, request: &Request) -> Served {
    let asked = Asked::of(http, request).await?;
    let _place = http.gate.enter().await?;
    let upload = asked.find(request).await?;
    let shown = shown(&upload, &http.config.http.public_url).map_err(|fault| answer::fault(&fault))?;
    Ok(answer::json(StatusCode::OK, &shown))
}

/// `GET /imports/ID/report.csv`: what is wrong, a row each.
pub async fn report<E>(http: Arc<Http<E>>, request: Request) -> Response {
    served(reported(&http, &request).await)
}

async fn reported<E>(http: &Http<E>, request: &Request) -> Served {
    let asked = Asked::of(http, request).await?;
    let _place = http.gate.enter().await?;
    let upload = asked.find(request).await?;
    let report: Option<Report> = read(&upload).map_err(|fault| answer::fault(&fault))?;
    let csv = report.ok_or_else(|| asked.not_found())?.csv().map_err(|fault| answer::fault(&fault))?;
    let disposition = format!("attachment; filename=\"{}.csv\"", type_id::encode(upload.row.id));
    let response = Response::builder().content_type("text/csv; charset=utf-8");
    Ok(response.header(header::CONTENT_DISPOSITION, disposition).body(csv))
}

/// `DELETE /imports/ID`: gives up what is not being carried out.
pub async fn give_up<E>(http: Arc<Http<E>>, request: Request) -> Response {
    served(given_up(&http, &request).await)
}

async fn given_up<E>(http: &Http<E>, request: &Request) -> Served {
    let asked = Asked::of(http, request).await?;
    let _place = http.gate.enter().await?;
    let id = id_in(request).ok_or_else(|| asked.not_found())?;
    let done = asked.uploads.give_up(asked.client.provider_id, id).await;
    done.map_err(|failure| asked.failed(failure))?;
    Ok(StatusCode::NO_CONTENT.into())
}

/// `POST /imports/ID/undo`: takes the statements back that an import brought; `?dryRun=true` writes nothing in the end.
pub async fn undo<E>(http: Arc<Http<E>>, request: Request) -> Response {
    served(undone(&http, &request).await)
}

async fn undone<E>(http: &Http<E>, request: &Request) -> Served {
    let asked = Asked::of(http, request).await?;
    let _place = http.gate.enter().await?;
    let id = id_in(request).ok_or_else(|| asked.not_found())?;
    let upload = asked.uploads.undo(&asked.client, id, is_dry_run(request)).await;
    Ok(created(http, &upload.map_err(|failure| asked.failed(failure))?))
}

fn is_dry_run(request: &Request) -> bool {
    request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "dryRun=true"))
}

fn created<E>(http: &Http<E>, upload: &Upload) -> Response {
    let site = &http.config.http.public_url;
    let shown = match shown(upload, site) {
        Ok(shown) => shown,
        Err(fault) => return answer::fault(&fault),
    };
    let mut response = answer::json(StatusCode::CREATED, &shown);
    if let Ok(place) = HeaderValue::from_str(&address(site, upload)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

fn served(served: Served) -> Response {
    let mut response = served.unwrap_or_else(|response| response);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

fn address(site: &str, upload: &Upload) -> String {
    format!("{site}/imports/{}", type_id::encode(upload.row.id))
}

fn read<T: DeserializeOwned>(upload: &Upload) -> Result<Option<T>, Fault> {
    Ok(upload.row.report.as_deref().map(serde_json::from_str).transpose()?)
}

fn shown(upload: &Upload, site: &str) -> Result<Value, Fault> {
    let (address, row) = (address(site, upload), &upload.row);
    let files = upload.files.iter().map(|file| {
        json!({ "name": file.name, "url": format!("{address}/files/{}", file.name), "received": file.received,
            "complete": file.complete })
    });
    Ok(json!({
        "id": type_id::encode(row.id),
        "state": row.state.word(),
        "dryRun": row.dry_run,
        "undoes": row.undoes.map(type_id::encode),
        "createdAt": row.created_at.to_rfc3339(),
        "arrivedAt": row.arrived_at.map(|at| at.to_rfc3339()),
        "finishedAt": row.finished_at.map(|at| at.to_rfc3339()),
        "rowsTotal": row.steps_total,
        "rowsDone": row.steps_done,
        "files": files.collect::<Vec<_>>(),
        "report": read::<Value>(upload)?,
        "reportUrl": row.report.as_ref().map(|_| format!("{address}/report.csv")),
    }))
}
