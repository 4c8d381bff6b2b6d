// Copies every personal account with all that hangs on it, inside PostgreSQL: a million accounts in minutes where the way
// through the registers takes an hour. The copies are real rows under other ids; only the number of the account differs.
//
// What hangs on an account is read from the foreign keys. Triggers are off meanwhile: they check and announce what people
// do, and nobody does anything here. Indices are made again at the end, which is what makes it quick.

const keys = `
  SELECT f.conrelid::regclass AS from_table, a.attname AS column_name, f.confrelid::regclass AS to_table
  FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
  WHERE f.contype = 'f' AND cardinality(f.conkey) = 1`;

/** The id of a copy: its first 48 bits are the original's time, so that rows of one day stay neighbours in the indices. */
const copied = (column) =>
  `(left(replace(${column}::text, '-', ''), 13) || substr(md5(${column}::text || k), 14, 3) || '8' || substr(md5(${column}::text || k), 18, 15))::uuid`;

const rows = (psql, sql) =>
  psql(sql)
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('|'));

/** `psql` runs a statement and gives what it prints, unaligned; `copies` is how many more of each account there shall be. */
export function multiply(psql, copies, say = () => {}) {
  const references = rows(psql, keys);
  // A key that closes a circle is not declared to the database.
  references.push(['meters', 'last_reading_id', 'meter_readings']);
  const tables = new Set(['personal_accounts']);
  for (let before = 0; before !== tables.size; ) {
    before = tables.size;
    for (const [from, , to] of references) if (tables.has(to)) tables.add(from);
  }
  const filled = [...tables].filter((table) => psql(`SELECT EXISTS (SELECT FROM ${table})`) === 't');
  const indices = rows(
    psql,
    `SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index
     WHERE NOT indisprimary AND indrelid::regclass::text = ANY ('{${filled}}')
       AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = indexrelid)`,
  );
  for (const [index] of indices) psql(`DROP INDEX ${index}`);
  for (const table of filled) {
    const begun = performance.now();
    const columns = rows(
      psql,
      `SELECT attname FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`,
    ).map(([column]) => column);
    const values = columns.map((column) => {
      if (table === 'personal_accounts' && column === 'number') return "number || '-' || k";
      const refers = references.some(([from, name, to]) => from === table && name === column && filled.includes(to));
      return column === 'id' || refers ? copied(column) : column;
    });
    psql(
      `SET session_replication_role = replica;
       INSERT INTO ${table} (${columns}) SELECT ${values} FROM ${table}, generate_series(1, ${copies}) k`,
    );
    say(`${table}: ${psql(`SELECT count(*) FROM ${table}`)} rows, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  }
  const begun = performance.now();
  for (const [, definition] of indices) psql(`SET maintenance_work_mem = '1GB'; ${definition}`);
  say(`${indices.length} indices, ${((performance.now() - begun) / 1000).toFixed(0)} s`);
}
