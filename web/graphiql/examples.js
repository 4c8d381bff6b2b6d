const examples = [
  {
    reader: 'newcomer',
    comment: {
      ru: `Первый взгляд: поставщики услуг. Входить не нужно.
Ctrl+Enter выполняет запрос, Ctrl+Space подсказывает
поля, книжка слева открывает описание схемы.
Вкладки после регистрации ждут входа: строка наверху.`,
      en: `First look: the providers. No need to sign in.
Ctrl+Enter runs the query, Ctrl+Space suggests fields,
the book on the left opens the schema's documentation.
The tabs after registration want a sign-in: the bar above.`,
    },
    query: `query FirstLook {
  providers(search: "воронеж", first: 5) {
    edges {
      node {
        id
        code
        name
        region
        accountNumberHint
        accountNumberSample
        accessProofs
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
  },
  {
    reader: 'newcomer',
    comment: {
      ru: `Регистрация. Кнопка ▶ предложит выбрать, что выполнить:
1. WhatRegistrationNeeds: соглашения и правила пароля.
   Перенесите id соглашений в acceptedAgreements.
2. «Решить капчу» наверху: вставьте ответ в captcha.
3. Register: придёт письмо. В запуске для знакомства
   оно лежит на /dev/mailbox.
4. ConfirmEmail: token из ссылки в письме.`,
      en: `Registration. The ▶ button asks which of these to run:
1. WhatRegistrationNeeds: agreements, password rules.
   Put the agreements' ids into acceptedAgreements.
2. "Solve captcha" above: paste the answer into captcha.
3. Register: a letter is sent. In the embedded way to run
   it lies at /dev/mailbox.
4. ConfirmEmail: the token from the link in the letter.`,
    },
    query: `query WhatRegistrationNeeds {
  agreements { id kind version title url }
  passwordPolicy { minLength maxLength description }
}

mutation Register($registration: RegisterInput!) {
  register(input: $registration) {
    email
    confirmationExpiresAt
    userErrors { code field message }
  }
}

mutation ConfirmEmail($token: String!) {
  confirmEmail(input: { token: $token }) {
    user { email emailConfirmedAt }
    userErrors { code field message }
  }
}`,
    variables: {
      registration: { email: 'me@example.com', password: '', captcha: '', acceptedAgreements: ['', ''], locale: 'RU' },
      token: '',
    },
  },
  {
    reader: 'customer',
    comment: {
      ru: `Подключить лицевой счёт. По одному номеру доступ
ограниченный (LIMITED): платить, передавать показания.
Имя и история открываются (FULL) после доказательства,
например ПИН-кода с квитанции.`,
      en: `Attach a personal account. The number alone gives
LIMITED access: pay and send readings. The name and
the history open (FULL) after a proof, such as the PIN
printed on the receipt.`,
    },
    query: `mutation AttachAccount($account: AttachPersonalAccountInput!) {
  attachPersonalAccount(input: $account) {
    personalAccount { id number access address holderName }
    userErrors { code field message }
  }
}

mutation ProveAccess($personalAccountId: ID!, $pin: String!) {
  proveAccountAccess(input: { personalAccountId: $personalAccountId, proof: { pin: $pin } }) {
    personalAccount { access address holderName }
    userErrors { code field message }
  }
}`,
    variables: { account: { providerId: '', number: '' }, personalAccountId: '', pin: '' },
  },
  {
    reader: 'customer',
    comment: {
      ru: `Всё о счетах одним запросом: долг, последний месяц
и соседний с ним, счётчики, тарифы.`,
      en: `All about the accounts in one query: the debt, the last
month and the one before it, meters, tariffs.`,
    },
    query: `query Dashboard {
  viewer {
    email
    personalAccounts(first: 10) {
      edges {
        node {
          id
          number
          access
          provider { name }
          balance {
            owed { amount currencyCode }
            credit { amount currencyCode }
            asOf
          }
          statement {
            period
            dueOn
            opening { amount }
            accrued { amount }
            paid { amount }
            closing { amount }
            previous { period closing { amount } }
          }
          meters {
            id
            name
            serialNumber
            integerDigits
            fractionDigits
            lastReading { takenOn values { register value } }
          }
          tariffs { service price unit startsOn order }
        }
      }
    }
  }
}`,
  },
  {
    reader: 'customer',
    comment: {
      ru: `Прикинуть до отправки: объём, стоимость, долг после.
Ничего не сохраняется.`,
      en: `Try before you send: volume, cost, what would be owed.
Nothing is stored.`,
    },
    query: `mutation PreviewReading($input: PreviewMeterReadingsInput!) {
  previewMeterReadings(input: $input) {
    readings { consumption volume cost { amount } lines { firstDay lastDay consumption amount { amount } } warnings }
    accounts { balance { owed { amount } } }
    userErrors { __typename code field message }
  }
}`,
    variables: { input: { readings: [{ meterId: '', values: [{ value: '' }], confirmWarnings: false }] } },
  },
  {
    reader: 'customer',
    comment: {
      ru: `Передать показания. meterId и последние показания видны
на вкладке Dashboard. Попробуйте и меньше прошлых,
и больше цифр, чем у счётчика: отказы типизированы.
Предупреждение (необычно много) снимает
confirmWarnings: true.`,
      en: `Send a reading. The Dashboard tab shows meterId and the
last reading. Try one below it, or with more digits than
the meter has: refusals are typed. A warning (unusually
high) is lifted by confirmWarnings: true.`,
    },
    query: `mutation SendReading($input: SubmitMeterReadingsInput!) {
  submitMeterReadings(input: $input) {
    readings { id takenOn status consumption values { register value } }
    userErrors { __typename code field message }
  }
}`,
    variables: { input: { readings: [{ meterId: '', values: [{ value: '' }], confirmWarnings: false }] } },
  },
  {
    reader: 'customer',
    comment: {
      ru: `Оплатить текущий долг, или свою сумму:
"amount": { "custom": "100.00" }.
Откройте confirmationUrl: там страница банка (в запуске
для знакомства деньги не движутся).
Тот же idempotencyKey с тем же телом вернёт тот же
платёж; для нового платежа придумайте новый.`,
      en: `Pay the current debt, or a sum of your own:
"amount": { "custom": "100.00" }.
Open confirmationUrl: it is the bank's page (in the
embedded way to run no money moves).
The same idempotencyKey with the same body gives the same
payment; a new payment needs a new key.`,
    },
    query: `mutation Pay($input: StartPaymentInput!) {
  startPayment(input: $input) {
    payment { id status amount { amount } confirmationUrl }
    userErrors { __typename code field message }
  }
}

query PaymentState($paymentId: ID!) {
  node(id: $paymentId) {
    ... on Payment { id status paidAt amount { amount } }
  }
}`,
    variables: {
      input: { personalAccountId: '', amount: { currentDebt: true }, idempotencyKey: 'my-first-payment' },
      paymentId: '',
    },
  },
  {
    reader: 'customer',
    comment: {
      ru: `Следить за балансом. Запустите и оплатите в другом
окне браузера: событие придёт сюда.
После обрыва передайте в after последний полученный
cursor: придёт ровно пропущенное.`,
      en: `Follow the balance. Start it and pay in another browser
window: the event arrives here.
After a break pass the last cursor as after: exactly
what was missed arrives.`,
    },
    query: `subscription BalanceUpdated($after: String) {
  balanceUpdated(after: $after) {
    cursor
    occurredAt
    personalAccount { number }
    previous { owed { amount } credit { amount } }
    balance { owed { amount } credit { amount } version }
    cause { id kind amount { amount } }
  }
}`,
    variables: { after: null },
  },
  {
    reader: 'customer',
    comment: {
      ru: `Второй фактор: код приложения-аутентификатора.
1. BeginSecondFactor: пароль в stepUp; otpauthUri или
   secret внесите в приложение.
2. ConfirmSecondFactor: первый код приложения. Сохраните
   recoveryCodes: их не покажут ещё раз.
3. Выйдите и войдите снова: строка наверху спросит код.
4. DisableSecondFactor: пароль и ещё один код.
Каждый код действует один раз.`,
      en: `A second factor: the code of an authenticator app.
1. BeginSecondFactor: the password in stepUp; put
   otpauthUri or secret into the app.
2. ConfirmSecondFactor: the app's first code. Keep the
   recoveryCodes: they are not shown again.
3. Sign out and in again: the bar above asks for a code.
4. DisableSecondFactor: the password and one more code.
Each code is good once.`,
    },
    query: `query SecondFactor {
  viewer {
    twoFactor { enabled confirmedAt recoveryCodesLeft }
  }
}

mutation BeginSecondFactor($begin: BeginTwoFactorInput!) {
  beginTwoFactor(input: $begin) {
    secret
    otpauthUri
    userErrors { code field message }
  }
}

mutation ConfirmSecondFactor($code: String!) {
  confirmTwoFactor(input: { code: $code }) {
    recoveryCodes
    userErrors { code field message }
  }
}

mutation DisableSecondFactor($disable: DisableTwoFactorInput!) {
  disableTwoFactor(input: $disable) {
    userErrors { code field message }
  }
}`,
    variables: {
      begin: { stepUp: { password: '' } },
      code: '',
      disable: { stepUp: { password: '', twoFactorCode: '' } },
    },
  },
  {
    reader: 'customer',
    comment: {
      ru: `Все свои данные одним архивом (CSV и JSON).
ExportMyData спросит пароль, письмо скажет, когда архив
готов; MyExports показывает, как далеко дело. Ссылка
downloadUrl открывается только со своим сеансом.`,
      en: `All your data in one archive (CSV and JSON).
ExportMyData asks for the password, a letter tells when
the archive is ready; MyExports shows how far it has come.
downloadUrl opens with your own session only.`,
    },
    query: `mutation ExportMyData($input: ExportMyDataInput!) {
  exportMyData(input: $input) {
    export { id state requestedAt }
    userErrors { code field message }
  }
}

query MyExports {
  viewer {
    exports { id state records sizeKib readyAt expiresAt downloadUrl }
  }
}`,
    variables: { input: { stepUp: { password: '' } } },
  },
  {
    reader: 'developer',
    comment: {
      ru: `Кто пишет клиента: схема расскажет о себе сама. Полный
текст лежит рядом с кодом: schema.graphql.
Коды ошибок: docs/errors.md. Решайте по code, текст
message предназначен человеку; requestId из ошибки или
заголовка X-Request-Id назовите поддержке.`,
      en: `For whoever writes a client: the schema tells about
itself. Its whole text is beside the code: schema.graphql.
Codes of errors: docs/errors.md. Decide by code, message is
for people; tell support the requestId of the error or of
the header X-Request-Id.`,
    },
    query: `query WhatMayGoWrong {
  __type(name: "ErrorCode") {
    enumValues { name description isDeprecated deprecationReason }
  }
}

query TypedRefusals {
  __type(name: "UserError") {
    possibleTypes { name description fields { name description } }
  }
}`,
  },
  {
    reader: 'developer',
    comment: {
      ru: `Страницы: возьмите endCursor и передайте его в after,
пока hasNextPage. Любой объект по id: node.
В переменных значения, в тексте только форма: такой
запрос разбирается один раз.`,
      en: `Pages: take endCursor and pass it as after while there is
a hasNextPage. Any object by its id: node.
Values go into variables, the text holds the form only:
such a query is parsed once.`,
    },
    query: `query EveryProvider($first: Int!, $after: String) {
  providers(first: $first, after: $after) {
    edges { cursor node { id code name } }
    pageInfo { hasNextPage endCursor }
  }
}

query ByItsId($id: ID!) {
  node(id: $id) {
    __typename
    ... on Provider { name region }
    ... on PersonalAccount { number access }
    ... on Payment { status amount { amount } }
  }
}`,
    variables: { first: 3, after: null, id: '' },
  },
  {
    reader: 'integrator',
    comment: {
      ru: `Кто переносит движение денег к себе: операции по счёту
идут без пропусков и не меняются. version растёт на
единицу, а balanceUpdated(after:) присылает пропущенное.
Данные поставщика загружает kabinet import
(docs/registers.md).`,
      en: `For whoever carries the movements of money elsewhere:
entries have no gaps and never change. version grows by
one, and balanceUpdated(after:) sends what was missed.
A provider's data come by kabinet import
(docs/registers.md).`,
    },
    query: `query LedgerOfAnAccount($account: ID!, $first: Int!, $after: String) {
  node(id: $account) {
    ... on PersonalAccount {
      number
      balance { owed { amount } credit { amount } version }
      ledger(first: $first, after: $after) {
        edges { node { id kind occurredAt amount { amount } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}

subscription WhatHappensNext($after: String) {
  balanceUpdated(after: $after) {
    cursor
    personalAccount { number }
    balance { version }
    cause { id kind amount { amount } }
  }
}`,
    variables: { account: '', first: 20, after: null },
  },
];

const readers = {
  newcomer: { ru: 'Новый человек', en: 'A new person' },
  customer: { ru: 'Абонент', en: 'A customer' },
  developer: { ru: 'Разработчик', en: 'A developer' },
  integrator: { ru: 'Интегратор', en: 'An integrator' },
};

export const exampleTabs = (language) =>
  examples.map(({ reader, comment, query, variables }) => ({
    query: `# ${readers[reader][language]}.\n${comment[language].replace(/^/gm, '# ')}\n\n${query}\n`,
    variables: variables && JSON.stringify(variables, null, 2),
  }));
