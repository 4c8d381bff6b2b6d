import { scaled, unscaled } from '../decimal.mjs';
import { accepted, check, done, heading, refused } from '../report.mjs';

const DAY = 24 * 60 * 60 * 1000;
const PLAUSIBLE_VOLUME = 5; // whole units of the meter

export async function sendReadings(api, meters) {
  heading('A meter reading');
  const meter = meters.find(({ lastReading }) => lastReading);
  check(meter, 'no meter of this account has a reading to go on from');
  const submit = async (reading) => (await api.ask(
    `mutation ($input: SubmitMeterReadingsInput!) {
      submitMeterReadings(input: $input) {
        readings { id status takenOn consumption values { register value } }
        userErrors { __typename code field message }
      }
    }`,
    { input: { readings: [{ meterId: meter.id, ...reading }] } },
  )).submitMeterReadings;

  for (const { code, reading } of badReadings(meter)) {
    const { field, message } = refused(await submit(reading), code);
    done(`refused ${code} at ${field?.join('.')}: ${message}`);
  }

  const good = { values: moved(meter, PLAUSIBLE_VOLUME) };
  let answer = await submit(good);
  if (answer.userErrors.some(({ code }) => code === 'UNUSUALLY_HIGH')) {
    done(`warned: ${answer.userErrors[0].message}; confirmed`);
    answer = await submit({ ...good, confirmWarnings: true });
  }
  const [taken] = accepted(answer).readings;
  done(`taken on ${taken.takenOn}: ${taken.values.map(({ value }) => value).join(', ')}, ${taken.status}`);
}

function badReadings(meter) {
  const tooLong = `1${'0'.repeat(meter.integerDigits)}`;
  const future = new Date(Date.now() + 3 * DAY).toISOString().slice(0, 10);
  return [
    { code: 'BELOW_PREVIOUS', reading: { values: moved(meter, -1) } },
    { code: 'TOO_MANY_DIGITS', reading: { values: meter.lastReading.values.map(({ register }) => ({ register, value: tooLong })) } },
    { code: 'FUTURE_DATE', reading: { values: moved(meter, PLAUSIBLE_VOLUME), takenOn: future } },
  ];
}

/** The last figures of every register, moved by whole units. */
function moved({ lastReading, fractionDigits }, units) {
  return lastReading.values.map(({ register, value }) => ({
    register,
    value: unscaled(scaled(value, fractionDigits) + scaled(String(units), fractionDigits), fractionDigits),
  }));
}
