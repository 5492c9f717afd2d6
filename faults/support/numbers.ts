import { DatabaseSync } from 'node:sqlite';

/** Looks into a file that another process writes. */
export interface Table {
  /** How many rows there are; 0 while there is no file. */
  rows(): number;
  /** How many different messages its rows are about. */
  distinct(): number;
  numbers(): Set<number>;
  /** The first column of the rows of a query. */
  query(sql: string): unknown[];
}

/** Opens the file anew for each look: it may not be there yet. */
export function tableIn(file: string, table: string): Table {
  function query(sql: string): unknown[] {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
    try {
      return db
        .prepare(sql)
        .all()
        .map((row) => Object.values(row)[0]);
    } finally {
      db.close();
    }
  }
  const count = (what: string): number => {
    try {
      return Number(query(`SELECT ${what} FROM ${table}`)[0]);
    } catch {
      return 0; // nobody has made it yet
    }
  };
  return {
    // Rows are never deleted, so the last one tells their number without counting.
    rows: () => count('coalesce(max(rowid), 0)'),
    distinct: () => count('count(DISTINCT n)'),
    numbers: () => new Set(query(`SELECT DISTINCT n FROM ${table}`) as number[]),
    query,
  };
}

/** Those of 0 to `count - 1` that are not there. */
export function missingOf(count: number, present: ReadonlySet<number>): number[] {
  return Array.from({ length: count }, (_, n) => n).filter((n) => !present.has(n));
}
