import { kopecks, net, shown } from '../decimal.mjs';
import { check, done, heading } from '../report.mjs';

const ACCOUNT = `query ($id: ID!) {
  node(id: $id) {
    ... on PersonalAccount {
      balance { owed { amount } credit { amount } asOf version }
      statement { ...figures previous { ...figures next { period } } next { period } }
      ledger(first: 10) {
        edges { node { version occurredAt kind amount { amount } balanceAfter { owed { amount } credit { amount } } } }
      }
      meters {
        id name serialNumber integerDigits fractionDigits
        registers { register }
        lastReading { takenOn values { register value } }
      }
      tariffs { service price unit startsOn order }
      services { name unit }
      serviceChanges(first: 5) { edges { node { changedOn kind description } } }
    }
  }
}

fragment figures on Statement {
  period dueOn
  opening { amount } accrued { amount } recalculated { amount } penalty { amount } paid { amount } closing { amount }
}`;

export async function lookAround(api, { id }) {
  heading('What the account shows');
  const { node: account } = await api.ask(ACCOUNT, { id });
  check(account, 'the account is not found by its id');
  showBalance(account);
  showStatements(account.statement);
  showMeters(account);
  showServices(account);
  return account;
}

function showBalance({ balance, ledger }) {
  const [owed, credit] = [kopecks(balance.owed), kopecks(balance.credit)];
  check(owed >= 0n && credit >= 0n && (owed === 0n || credit === 0n), 'a balance is either owed or in credit');
  done(`balance: owed ${shown(owed)}, credit ${shown(credit)}, version ${balance.version}`);

  const entries = ledger.edges.map(({ node }) => node);
  const newest = entries.find(({ version }) => version === balance.version);
  check(!newest || net(newest.balanceAfter) === net(balance), 'the newest ledger entry and the balance disagree');
  done(`ledger: ${entries.map(({ kind, amount }) => `${kind} ${shown(kopecks(amount))}`).join(', ') || 'empty'}`);
}

function showStatements(newest) {
  check(newest, 'no statement');
  for (const statement of [newest, newest.previous].filter(Boolean)) {
    const { period, dueOn, opening, accrued, recalculated, penalty, paid, closing } = statement;
    const sum = kopecks(opening) + kopecks(accrued) + kopecks(recalculated) + kopecks(penalty) - kopecks(paid);
    check(sum === kopecks(closing), `the statement of ${period} does not add up`);
    done(`statement ${period}: accrued ${shown(kopecks(accrued))}, to pay ${shown(kopecks(closing))} by ${dueOn}`);
  }
  check(newest.next === null, 'the newest statement has a next one');
  if (!newest.previous) return;
  check(newest.previous.next.period === newest.period, 'previous and next do not lead back');
  check(kopecks(newest.previous.closing) === kopecks(newest.opening), 'a statement opens with another sum than the previous closed with');
  done('the two statements join: ← and → lead to each other');
}

function showMeters({ meters }) {
  for (const { name, serialNumber, lastReading } of meters) {
    const values = lastReading?.values.map(({ register, value }) => `${register} ${value}`).join(', ');
    done(`meter ${name} № ${serialNumber}: ${values ? `${values} on ${lastReading.takenOn}` : 'no reading yet'}`);
  }
}

function showServices({ services, tariffs, serviceChanges }) {
  done(`services: ${services.map(({ name, unit }) => `${name} (${unit})`).join(', ')}`);
  for (const { service, price, unit, startsOn, order } of tariffs) {
    done(`tariff ${service}: ${price} ₽ per ${unit} since ${startsOn}${order ? `, ${order}` : ''}`);
  }
  const changes = serviceChanges.edges.map(({ node }) => node);
  done(`service changes: ${changes.map(({ changedOn, description }) => `${changedOn} ${description}`).join('; ') || 'none'}`);
}
