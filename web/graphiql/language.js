const texts = {
  ru: {
    email: 'Эл. почта',
    password: 'Пароль',
    code: 'Код второго фактора',
    signIn: 'Войти',
    signOut: 'Выйти',
    solveCaptcha: 'Решить капчу',
    solveCaptchaHint: 'Получить задание для регистрации и решить его: ответ скопируется',
    captchaAnswer: 'Ответ капчи',
    captchaSolving: 'Решаю…',
    captchaCopied: 'Ответ скопирован: вставьте его в переменную captcha',
    captchaReady: 'Вставьте ответ в переменную captcha',
    resetExamples: 'Примеры заново',
    language: 'Язык',
    sessionEnded: 'Сеанс закончился, войдите снова',
  },
  en: {
    email: 'E-mail',
    password: 'Password',
    code: 'Second factor code',
    signIn: 'Sign in',
    signOut: 'Sign out',
    solveCaptcha: 'Solve captcha',
    solveCaptchaHint: 'Get a registration challenge and solve it: the answer is copied',
    captchaAnswer: 'Captcha answer',
    captchaSolving: 'Solving…',
    captchaCopied: 'The answer is copied: paste it into the captcha variable',
    captchaReady: 'Paste the answer into the captcha variable',
    resetExamples: 'Reset examples',
    language: 'Language',
    sessionEnded: 'The session has ended, sign in again',
  },
};

const KEY = 'kabinet:language';
const preferred = navigator.languages.some((tag) => tag.startsWith('ru')) ? 'ru' : 'en';

export const language = localStorage.getItem(KEY) ?? preferred;
export const text = (name) => texts[language][name];

export function chooseLanguage(chosen) {
  localStorage.setItem(KEY, chosen);
  location.reload();
}

export function translatePage() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-text]')) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of document.querySelectorAll('[data-title]')) {
    element.title = text(element.dataset.title);
  }
  for (const element of document.querySelectorAll('[data-label]')) {
    element.ariaLabel = text(element.dataset.label);
    if ('placeholder' in element) element.placeholder = element.ariaLabel;
  }
  for (const button of document.querySelectorAll('[data-lang]')) {
    button.ariaPressed = String(button.dataset.lang === language);
    button.addEventListener('click', () => chooseLanguage(button.dataset.lang));
  }
}
