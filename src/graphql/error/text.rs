//! What the codes say to people. The compiler sees to it that none is without words.

use entity::enums::Locale;

use super::ErrorCode;

impl ErrorCode {
    pub const fn message(self, locale: Locale) -> &'static str {
        let (ru, en) = self.words();
        match locale {
            Locale::Ru => ru,
            Locale::En => en,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table: a code, its words")]
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::EmailMalformed => ("Проверьте адрес электронной почты.", "Check the e-mail address."),
            Self::EmailDomainNotAllowed => (
                "Адреса этого почтового домена здесь не принимаются.",
                "Addresses of this mail domain are not taken here.",
            ),
            Self::EmailUnchanged => ("Это и есть Ваш адрес.", "This is your address already."),
            Self::EmailTaken => {
                ("С этим адресом уже есть другой личный кабинет.", "Another cabinet has this address by now.")
            }
            Self::CaptchaRejected => {
                ("Проверка от роботов не пройдена. Попробуйте ещё раз.", "The robot check failed. Try again.")
            }
            Self::CaptchaRequired => {
                ("Подтвердите, что Вы не робот, и войдите ещё раз.", "Pass the robot check and sign in again.")
            }
            Self::PasswordTooShort => ("Пароль слишком короткий.", "The password is too short."),
            Self::PasswordTooLong => ("Пароль слишком длинный.", "The password is too long."),
            Self::PasswordCharacters => ("Только латинские буквы и цифры.", "Latin letters and digits only."),
            Self::PasswordTooCommon => {
                ("Этот пароль подбирают первым. Придумайте другой.", "This password is tried first. Choose another.")
            }
            Self::PasswordContainsLogin => {
                ("Пароль не должен содержать адрес почты.", "The password must not contain the e-mail address.")
            }
            Self::AgreementsNotAccepted => ("Нужно принять оба документа.", "Both documents must be accepted."),
            Self::AgreementNotInForce => {
                ("Этого документа нет среди действующих.", "This document is not among those in force.")
            }
            Self::WebhookNotFound => ("Такого адреса или сообщения нет.", "There is no such address or message."),
            Self::WebhookUrlUnfit => (
                "Нужен общедоступный адрес, который начинается с https.",
                "The address must be a public one that begins with https.",
            ),
            Self::TooManyWebhooks => ("Адресов уже достаточно.", "There are enough addresses."),
            Self::WebhookDisabled => {
                ("Адрес отключён: сначала включите его.", "The address is disabled: enable it first.")
            }
            Self::TooManyWebhookKeys => (
                "Действует слишком много ключей: дождитесь окончания одного из них.",
                "Too many keys are good: wait until one of them expires.",
            ),
            Self::WebhookOverlapOutOfRange => {
                ("Прежние ключи действуют от 0 до 168 часов.", "Former keys go on for 0 to 168 hours.")
            }
            Self::ApiClientNotFound => ("Такой программы нет.", "There is no such program."),
            Self::ApiClientSecretNotFound => ("Такого секрета у программы нет.", "The program has no such secret."),
            Self::ApiClientNameMalformed => {
                ("Назовите программу: от 1 до 100 символов.", "Name the program: 1 to 100 characters.")
            }
            Self::ApiClientScopesMissing => {
                ("Выберите, что можно программе.", "Choose what the program may be used for.")
            }
            Self::ApiClientScopeReserved => (
                "Право регистрировать программы даёт только оператор.",
                "Only an operator lets a program register others.",
            ),
            Self::TooManyApiClients => (
                "Программ уже 100: отзовите ненужную.",
                "There are 100 programs already: revoke one that is not needed.",
            ),
            Self::TooManyApiClientSecrets => (
                "У программы уже два секрета: дождитесь окончания прежнего или отзовите один.",
                "The program has two secrets already: wait for the older one's end, or revoke one.",
            ),
            Self::ApiClientOverlapOutOfRange => {
                ("Прежний секрет действует от 0 до 720 часов.", "The former secret goes on for 0 to 720 hours.")
            }
            Self::ApiClientIsAdministrator => (
                "Секрет программы-администратора меняет она сама или оператор.",
                "An administrator program's secret is changed by itself or by an operator.",
            ),
            Self::ExportRunning => (
                "Архив уже готовится. Мы напишем, когда он будет готов.",
                "An archive is being made already. We shall write when it is ready.",
            ),
            Self::TooManyExports => {
                ("На сегодня архивов достаточно. Попробуйте позже.", "No more archives today. Try again later.")
            }
            Self::AccessTokenNameMalformed => {
                ("Назовите ключ: от 1 до 100 символов.", "Name the token: 1 to 100 characters.")
            }
            Self::AccessTokenScopesMissing => {
                ("Выберите, что можно делать с ключом.", "Choose what the token may be used for.")
            }
            Self::AccessTokenLifetimeOutOfRange => {
                ("Ключ действует от 1 до 366 дней.", "A token is good for 1 to 366 days.")
            }
            Self::TooManyAccessTokens => {
                ("Ключей уже 20: отзовите ненужный.", "There are 20 tokens already: revoke one that is not needed.")
            }
            Self::AccessTokenNotFound => ("Такого ключа нет.", "There is no such token."),
            Self::ClientAccessNotFound => ("Этого доступа уже нет.", "There is no such access any more."),
            Self::RowMalformed => ("Проверьте значения этой строки.", "Check the values of this row."),
            Self::RowRepeated => {
                ("В пакете уже есть строка с этим ключом.", "The batch has an earlier row with this key.")
            }
            Self::StatementDoesNotAddUp => {
                ("Суммы квитанции не сходятся.", "The figures of the statement do not add up.")
            }
            Self::StatementDiffers => (
                "Квитанция за этот месяц уже загружена с другими суммами. Исправленная должна быть выставлена позже.",
                "This month's statement is stored with other figures. A corrected one must be issued later.",
            ),
            Self::StatementTooOld => {
                ("Уже загружена квитанция за более поздний месяц.", "A later month's statement is stored already.")
            }
            Self::StatementBreaksChain => (
                "Сальдо на начало не равно сальдо на конец прошлого месяца.",
                "The opening is not the closing of the month before.",
            ),
            Self::LedgerDiffers => (
                "Остаток по лицевому счёту не сходится с квитанциями.",
                "The balance of the account is not what its statements make it.",
            ),
            Self::StatementHasLater => (
                "На этой квитанции стоит квитанция более позднего месяца: сначала отзовите её.",
                "A later month's statement stands on this one: take that one back first.",
            ),
            Self::StatementCorrected => (
                "Место этой квитанции заняла исправленная, или прежней версии не сохранилось.",
                "A later issue has taken this statement's place, or the issue before it was not kept.",
            ),
            Self::ImportBatchNotFound => ("Такого пакета нет.", "There is no such batch."),
            Self::ImportBatchNotUndoable => (
                "Отзываются только квитанции. Другие строки исправляют, прислав их заново.",
                "Only statements are taken back. Other rows are mended by sending them as they should be.",
            ),
            Self::DecisionImpossible => {
                ("Решение по этому показанию уже другое.", "This reading has been decided about otherwise.")
            }
            Self::PostingAmountDiffers => ("Сумма платежа другая.", "Another sum was paid."),
            Self::NotShared => (
                "Лицевой счёт принадлежит другому человеку, и он этого не разрешил.",
                "The account is another person's, who has not given leave for this.",
            ),
            Self::AlreadyShared => {
                ("Лицевой счёт уже открыт этому человеку.", "The account is shared with this address already.")
            }
            Self::DatePassed => ("Эта дата уже прошла.", "That date has passed."),
            Self::TextMalformed => ("Напишите от 1 до 5000 знаков.", "Write 1 to 5000 characters."),
            Self::StatementNotFound => ("Такой квитанции нет.", "There is no such statement."),
            Self::PaymentNotFound => ("Такого платежа нет.", "There is no such payment."),
            Self::SupportThreadFull => (
                "В этом обращении уже 50 сообщений: задайте новый вопрос.",
                "This question has 50 messages already: ask a new one.",
            ),
            Self::SupportRequestNotFound => ("Такого обращения нет.", "There is no such request."),
            Self::ShareNotFound => ("Такого доступа нет.", "There is no such share."),
            Self::TokenInvalid => (
                "Ссылка недействительна: она использована или истекла.",
                "The link is not valid: it was used or has expired.",
            ),
            Self::PasswordNeeded => (
                "Укажите пароль, с которым будете входить: с этим адресом регистрировались не один раз.",
                "Give the password that you will sign in with: this address was registered more than once.",
            ),
            Self::WrongPassword => ("Текущий пароль другой.", "The current password is another."),
            Self::AlreadyConfirmed => ("Адрес уже подтверждён.", "The address is confirmed already."),
            Self::TooSoon => {
                ("Письмо только что отправлено. Подождите немного.", "A letter has just been sent. Wait a little.")
            }
            Self::BadCredentials => ("Неверный адрес или пароль.", "The address or the password is wrong."),
            Self::SessionNotFound => ("Такого сеанса нет.", "There is no such session."),
            Self::TransportNotOffered => ("Этот способ входа пока недоступен.", "This transport is not offered yet."),
            Self::EmailNotConfirmed => {
                ("Сначала подтвердите адрес электронной почты.", "Confirm the e-mail address first.")
            }
            Self::NameMalformed => (
                "Имя: от 1 до 200 знаков, без служебных символов.",
                "A name has 1 to 200 characters and no control characters.",
            ),
            Self::PhoneMalformed => ("Проверьте номер телефона.", "Check the phone number."),
            Self::ProviderNotFound => ("Такого поставщика нет.", "There is no such provider."),
            Self::AccountNumberMalformed => (
                "Номер лицевого счёта не похож на номер этого поставщика.",
                "The number does not look like one of this provider's.",
            ),
            Self::AccountNotFound => ("Лицевой счёт не найден.", "The personal account was not found."),
            Self::AlreadyAttached => ("Этот лицевой счёт уже подключён.", "This personal account is attached already."),
            Self::ProofRejected => {
                ("Данные не подошли. Проверьте квитанцию.", "The proof does not fit. Check the receipt.")
            }
            Self::ProofNotOffered => {
                ("Поставщик не принимает такое подтверждение.", "The provider does not take this kind of proof.")
            }
            Self::TooManyTries => ("Слишком много попыток. Попробуйте позже.", "Too many tries. Try again later."),
            Self::NicknameTooLong => ("Название не длиннее 60 знаков.", "A nickname has 60 characters at most."),
            Self::NumberMalformed => ("Проверьте число.", "Check the number."),
            Self::Empty => ("Список пуст.", "The list is empty."),
            Self::TooMany => ("Слишком много за один раз.", "Too many at once."),
            Self::MeterNotFound => ("Прибор учёта не найден.", "The meter was not found."),
            Self::MeterRemoved => ("Прибор учёта снят.", "The meter was removed."),
            Self::MeterRepeated => ("Прибор учёта указан дважды.", "The meter is given twice."),
            Self::FutureDate => ("Дата ещё не наступила.", "The date is in the future."),
            Self::BeforeLastReading => ("Дата раньше последнего показания.", "The date is before the last reading's."),
            Self::RegistersDiffer => (
                "Укажите значение для каждой шкалы прибора, по одному.",
                "Give one value for each register of the meter.",
            ),
            Self::NegativeReading => ("Показание не бывает отрицательным.", "A reading is never negative."),
            Self::TooManyDigits => ("Больше цифр, чем на приборе.", "More digits than the meter has."),
            Self::TooManyFractionDigits => {
                ("Больше знаков после запятой, чем на приборе.", "More decimals than the meter has.")
            }
            Self::BelowPrevious => ("Меньше предыдущего показания.", "Less than the last reading."),
            Self::RolloverProposed => (
                "Меньше предыдущего. Если счётчик перешёл через ноль, подтвердите.",
                "Less than the last one. If the counter went past its end, confirm.",
            ),
            Self::UnusuallyHigh => (
                "Расход намного больше обычного. Если всё верно, подтвердите.",
                "Far more than usual. If it is right, confirm.",
            ),
            Self::OutsideWindow => (
                "Поставщик принимает показания только в другие дни месяца.",
                "The provider takes readings on other days of the month only.",
            ),
            Self::VerificationExpired => (
                "Срок поверки прибора истёк: поставщик не принимает его показания.",
                "The meter's verification has expired: the provider does not take its readings.",
            ),
            Self::ZeroConsumption => (
                "Показание не изменилось. Если всё верно, подтвердите.",
                "Nothing was used since the last reading. If that is right, confirm.",
            ),
            Self::ReadingNotFound => ("Такого показания нет.", "There is no such reading."),
            Self::WithdrawalTooLate => (
                "Отозвать показание уже нельзя: оно передано поставщику или срок передачи прошёл.",
                "It is too late to withdraw: the provider has the reading, or the reading window has ended.",
            ),
            Self::NothingOwed => ("Долга нет.", "There is no debt."),
            Self::SavedMethodNotFound => {
                ("Такого сохранённого способа оплаты у вас нет.", "You have no such saved method.")
            }
            Self::AutopayNotFound => ("Такого автоплатежа у вас нет.", "You have no such autopay."),
            Self::ConsentMissing => {
                ("Без вашего согласия автоплатёж не включить.", "An autopay is not set without your consent.")
            }
            Self::PaymentNotCancelable => (
                "Этот платёж уже не отменить. Если его не оплатить, он отменится сам.",
                "This payment cannot be given up any more. Unless it is paid, it ends by itself.",
            ),
            Self::PaymentUnknown => (
                "Банк ещё не ответил, дошёл ли платёж. Подождите и не платите второй раз.",
                "The bank has not said yet whether it has the payment. Wait, and do not pay again.",
            ),
            Self::PaymentNotPaid => ("Этот платёж не оплачен.", "This payment is not paid."),
            Self::ReceiptSentTooOften => (
                "Квитанция сегодня уже отправлена пять раз. Попробуйте завтра.",
                "The receipt went out five times today. Try again tomorrow.",
            ),
            Self::ProviderNotPayable => (
                "Поставщику сейчас нельзя заплатить здесь: не заданы его банковские реквизиты.",
                "This provider cannot be paid here now: its bank details are not complete.",
            ),
            Self::AccountsNotPayableTogether => (
                "Этот счёт нельзя оплатить вместе с остальными: оплатите его отдельным платежом.",
                "This account cannot be paid together with the others: pay it by a payment of its own.",
            ),
            Self::AmountOutOfRange => ("Такую сумму оплатить нельзя.", "This sum cannot be paid."),
            Self::AmountMissing => ("Укажите либо текущий долг, либо сумму.", "Give either the current debt or a sum."),
            Self::ReturnUrlMalformed => (
                "Адрес возврата должен начинаться с http:// или https://.",
                "The return address must begin with http:// or https://.",
            ),
            Self::IdempotencyKeyMalformed => {
                ("Ключ повтора пуст или слишком длинный.", "The idempotency key is empty or too long.")
            }
            Self::IdempotencyKeyReused => (
                "Этот ключ повтора уже использован с другими данными.",
                "This idempotency key was used with another input.",
            ),
            Self::IdempotencyKeyRunning => (
                "Запрос с этим ключом повтора ещё выполняется. Повторите через несколько секунд.",
                "A request with this idempotency key is still running. Repeat it in a few seconds.",
            ),
            Self::TwoFactorRequired => {
                ("Введите код из приложения или запасной код.", "Enter a code of your app, or a recovery code.")
            }
            Self::TwoFactorRejected => (
                "Код не подошёл. Введите новый: каждый код действует один раз.",
                "The code does not fit. Enter a new one: each code works once.",
            ),
            Self::TwoFactorAlreadyEnabled => (
                "Второй фактор уже подключён. Чтобы подключить другой, сначала отключите его.",
                "A second factor is set up already. To set up another, disable it first.",
            ),
            Self::TwoFactorNotEnabled => ("Второй фактор не подключён.", "No second factor is set up."),
            Self::TwoFactorNotBegun => (
                "Подключение не начато или начато слишком давно. Начните заново.",
                "It was not begun, or too long ago. Begin anew.",
            ),
        }
    }
}
