//! What refusals say, in both languages.

use entity::enums::Locale;
use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};

use crate::http::answer::refusal;
use crate::integrators::uploads::{MOST_OPEN, UploadRefusal};

fn said(status: StatusCode, code: &str, locale: Locale, (ru, en): (&str, &str)) -> Response {
    let message = match locale {
        Locale::Ru => ru,
        Locale::En => en,
    };
    refusal(status, code, message)
}

pub fn refused(refused: &UploadRefusal, locale: Locale) -> Response {
    let (status, code, ru, en) = match refused {
        UploadRefusal::Manifest(reason) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "MANIFEST_MALFORMED",
            format!("Это не manifest.toml: {reason}."),
            format!("This is no manifest.toml: {reason}."),
        ),
        UploadRefusal::Foreign => (
            StatusCode::FORBIDDEN,
            "FOREIGN_PROVIDER",
            "Выгрузка другого поставщика.".to_owned(),
            "The export is another provider's.".to_owned(),
        ),
        UploadRefusal::Settings => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "SETTINGS_NOT_TAKEN",
            "Настройки поставщика загружает оператор: уберите файл вида settings.".to_owned(),
            "Settings of a provider are loaded by an operator: leave out the file of the kind settings.".to_owned(),
        ),
        UploadRefusal::TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            "TOO_MANY_IMPORTS",
            format!("Не закончены уже {MOST_OPEN} загрузок: дождитесь их или откажитесь от ненужных."),
            format!("{MOST_OPEN} imports are not finished yet: wait for them, or give up those that nobody needs."),
        ),
        UploadRefusal::NotFound => (
            StatusCode::NOT_FOUND,
            "IMPORT_NOT_FOUND",
            "Такой загрузки или такого файла в ней нет.".to_owned(),
            "There is no such import, or no such file in it.".to_owned(),
        ),
        UploadRefusal::Offset { received } => (
            StatusCode::CONFLICT,
            "OFFSET_DIFFERS",
            format!("Получено {received} байт: продолжайте с этого места."),
            format!("{received} bytes have arrived: go on from there."),
        ),
        UploadRefusal::Complete { received } => (
            StatusCode::CONFLICT,
            "FILE_COMPLETE",
            format!("Файл уже получен целиком, {received} байт."),
            format!("The file is complete, {received} bytes."),
        ),
        UploadRefusal::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "IMPORT_TOO_LARGE",
            "Файлы загрузки вместе слишком велики: разделите выгрузку.".to_owned(),
            "The files of the import are too large together: divide the export.".to_owned(),
        ),
        UploadRefusal::NotUndoable => (
            StatusCode::CONFLICT,
            "IMPORT_NOT_UNDOABLE",
            "Отозвать можно выполненную загрузку: не пробную и не отзыв.".to_owned(),
            "An import that was carried out can be taken back: no dry run, and none that takes another back."
                .to_owned(),
        ),
        UploadRefusal::Closed => (
            StatusCode::CONFLICT,
            "IMPORT_CLOSED",
            "Загрузка уже выполняется, выполнена или не получена в срок.".to_owned(),
            "The import is being carried out, was carried out, or did not arrive in time.".to_owned(),
        ),
    };
    said(status, code, locale, (&ru, &en))
}

pub fn unauthenticated(locale: Locale) -> Response {
    let words = ("Нужен токен программы поставщика.", "A token of a provider's program is needed.");
    let mut response = said(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", locale, words);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

pub fn forbidden(locale: Locale) -> Response {
    let words = (
        "Загружать выгрузки может программа поставщика с правом IMPORT.",
        "Exports are sent by a provider's program with the scope IMPORT.",
    );
    said(StatusCode::FORBIDDEN, "FORBIDDEN", locale, words)
}

pub fn no_offset(locale: Locale) -> Response {
    let words = (
        "В заголовке Upload-Offset нужно число байт, которые уже получены.",
        "The header Upload-Offset must say how many bytes have arrived.",
    );
    said(StatusCode::BAD_REQUEST, "BAD_INPUT", locale, words)
}

pub fn broken_off(locale: Locale) -> Response {
    let words = ("Передача прервалась.", "The body broke off.");
    said(StatusCode::BAD_REQUEST, "BAD_INPUT", locale, words)
}

pub fn too_slow(locale: Locale) -> Response {
    let words = (
        "Передача остановилась: продолжите с полученного места.",
        "Nothing came for too long: go on from what has arrived.",
    );
    said(StatusCode::REQUEST_TIMEOUT, "BAD_INPUT", locale, words)
}
