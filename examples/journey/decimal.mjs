// Money and readings travel as decimal strings. A float would lose kopecks, so they are counted in whole units of
// the last digit.

export const scaled = (text, digits) => {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (fraction.slice(digits).match(/[1-9]/)) throw new RangeError(`${text} has more than ${digits} decimals`);
  return BigInt(sign + whole + fraction.slice(0, digits).padEnd(digits, '0'));
};

export const unscaled = (units, digits) => {
  const sign = units < 0n ? '-' : '';
  const text = String(units).replace('-', '').padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  return sign + (digits === 0 ? whole : `${whole}.${text.slice(-digits)}`);
};

export const kopecks = (money) => scaled(money.amount, 2);

/** What is owed, below zero when the account is in credit. */
export const net = (balance) => kopecks(balance.owed) - kopecks(balance.credit);

const rubles = new Intl.NumberFormat('ru-RU', { style: 'currency', currency: 'RUB' });
export const shown = (units) => rubles.format(unscaled(units, 2));
