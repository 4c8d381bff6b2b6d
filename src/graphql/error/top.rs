//! The codes of top-level errors: what no form shows. The list is closed; clients may rely on it.

use entity::enums::Locale;

/// `extensions.code` of a top-level error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopCode {
    Unauthenticated,
    Forbidden,
    NotFound,
    BadInput,
    CursorTooOld,
    RateLimited,
    QueryTooExpensive,
    PersistedQueryNotFound,
    Unavailable,
    Internal,
}

/// A code for people who write clients.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    pub meaning: &'static str,
    pub advice: &'static str,
    /// Of an answer that holds nothing but this error, under application/graphql-response+json.
    pub status: &'static str,
}

impl TopCode {
    pub const ALL: [Self; 10] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::BadInput,
        Self::CursorTooOld,
        Self::RateLimited,
        Self::QueryTooExpensive,
        Self::PersistedQueryNotFound,
        Self::Unavailable,
        Self::Internal,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::NotFound => "NOT_FOUND",
            Self::BadInput => "BAD_INPUT",
            Self::CursorTooOld => "CURSOR_TOO_OLD",
            Self::RateLimited => "RATE_LIMITED",
            Self::QueryTooExpensive => "QUERY_TOO_EXPENSIVE",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.word() == word)
    }

    pub const fn explanation(self) -> Explanation {
        let (meaning, advice, status) = match self {
            Self::Unauthenticated => (
                "No session, or one that has ended.",
                "Sign in and send the new token. A kept token is of no use any more.",
                "401",
            ),
            Self::Forbidden => (
                "The person may not do this: the e-mail address is not confirmed, or the page's origin is not allowed.",
                "Ask the person to confirm the address (`resendConfirmation`). Repeating does not help.",
                "403",
            ),
            Self::NotFound => (
                "There is no such thing, or it is somebody else's.",
                "Read the list again. Whether it exists for others is never told.",
                "422; 404 where the address itself is unknown",
            ),
            Self::BadInput => (
                "The request or an argument is misshapen, or the document does not fit the schema.",
                "Mend the client: the message says where. Repeating does not help.",
                "400 no JSON or no GraphQL, 405 method, 406 Accept, 413 length, 415 media type, 422 otherwise",
            ),
            Self::CursorTooOld => (
                "What followed the cursor is not kept any more (`api_clients.changes_days`).",
                "Begin anew: take `apiClient.cursor`, read everything again, and go on behind that cursor; a person's client leaves `after` out.",
                "422",
            ),
            Self::RateLimited => (
                "Too many requests, or too dear ones, in the last minute.",
                "Wait for `extensions.retryAfter` (also the header Retry-After), then repeat.",
                "429",
            ),
            Self::QueryTooExpensive => (
                "The document costs more than one request may.",
                "Ask for less: smaller pages, less nesting, fewer aliases. Repeating does not help.",
                "422",
            ),
            Self::PersistedQueryNotFound => (
                "The server does not know a document of this hash.",
                "Send the document's text with the hash once; Apollo's clients do so by themselves.",
                "200 for Apollo's form, else 422",
            ),
            Self::Unavailable => (
                "A part that kabinet leans on does not answer at the moment, or too much waits already. Nothing is known to be done.",
                "Wait for `extensions.retryAfter` where it is given (also the header Retry-After), else repeat after a growing pause; mutations with the same `idempotencyKey`.",
                "503",
            ),
            Self::Internal => (
                "A fault on our side.",
                "Show `extensions.reference`: support finds the cause in the log by it. Repeating seldom helps.",
                "500",
            ),
        };
        Explanation { meaning, advice, status }
    }

    /// For the person in front of the client. A top-level error's own `message` is for developers, in English.
    pub const fn message(self, locale: Locale) -> &'static str {
        let (ru, en) = self.words();
        match locale {
            Locale::Ru => ru,
            Locale::En => en,
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Unauthenticated => ("Войдите в личный кабинет.", "Sign in first."),
            Self::Forbidden => (
                "Это действие недоступно. Подтвердите адрес электронной почты.",
                "This is not available. Confirm the e-mail address first.",
            ),
            Self::NotFound => ("Ничего не найдено.", "Nothing was found."),
            Self::BadInput => {
                ("Запрос составлен неверно. Обновите приложение.", "The request is wrong. Update the app.")
            }
            Self::CursorTooOld => (
                "Новости за это время уже не хранятся. Обновите данные.",
                "The news of that time is kept no more. Load anew.",
            ),
            Self::RateLimited => ("Слишком много запросов. Подождите немного.", "Too many requests. Wait a little."),
            Self::QueryTooExpensive => (
                "Запрошено слишком много данных сразу. Обновите приложение.",
                "Too much was asked at once. Update the app.",
            ),
            Self::PersistedQueryNotFound => ("Повторите запрос.", "Repeat the request."),
            Self::Unavailable => {
                ("Сервис временно недоступен. Попробуйте через минуту.", "Briefly unavailable. Try again in a minute.")
            }
            Self::Internal => (
                "Ошибка на нашей стороне. Сообщите поддержке номер обращения.",
                "Something went wrong on our side. Tell support the reference.",
            ),
        }
    }
}
