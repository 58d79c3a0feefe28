// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Applies the SQL migrations that the SQLite database on the volume lacks, before the app starts.
//
//   node /migrate/migrate.mjs            apply what is pending
//   node /migrate/migrate.mjs --status   only show what is applied and what is pending
//
// It keeps the records that the ORM's own tool keeps, so both can be used on one database. Each file runs in a transaction
// of its own together with its record: one that fails leaves nothing behind, and the next start with the file corrected goes
// on there. Two runs at once wait for each other.
//
// A file with a line `-- no-transaction` runs outside of a transaction. Foreign keys are enforced, save in a file that says
// PRAGMA foreign_keys=OFF: SQLite itself would pass over that line inside a transaction, and drop the rows that refer to a
// table which is made again. What such a file leaves must fit together all the same.
//
// Environment: MIGRATIONS_KIND (prisma, drizzle or sql) and MIGRATIONS_DIR are set in an image that has migrations. Without
// them only the journal is set up.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { databaseFile } from "./database.mjs";

const WAIT = 120_000; // ms that a run waits for another one
const kind = process.env.MIGRATIONS_KIND;
const folder = process.env.MIGRATIONS_DIR;

// --- The files, in the order in which they apply: { name, file, at }. `at` is Drizzle's time of a migration.

const entries = (path) =>
  readdirSync(path, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1));

const folders = () =>
  entries(folder)
    .map(({ name }) => ({ name, file: join(folder, name, "migration.sql") }))
    .filter(({ file }) => existsSync(file));

function drizzleFiles() {
  const journal = join(folder, "meta", "_journal.json");
  if (existsSync(journal)) {
    const { entries: list } = JSON.parse(readFileSync(journal, "utf8"));
    return list.map(({ tag, when }) => ({ name: tag, file: join(folder, `${tag}.sql`), at: when }));
  }
  // Drizzle 1: a folder YYYYMMDDHHMMSS_name for each.
  return folders().map((migration) => {
    const [year, month, ...rest] = migration.name.match(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/)?.slice(1) ?? [];
    return { ...migration, at: Date.UTC(year, month - 1, ...rest) };
  });
}

const sqlFiles = () =>
  entries(folder)
    .filter((entry) => entry.isFile() && entry.name.endsWith(".sql"))
    .map(({ name }) => ({ name, file: join(folder, name) }));

// --- The records. `read` gives a map from a migration's key to the checksum of the file as it was applied.

const checksum = (text) => createHash("sha256").update(text).digest("hex");

const tools = {
  prisma: {
    files: folders,
    table: "_prisma_migrations",
    create: `create table if not exists "_prisma_migrations" (
      "id" TEXT PRIMARY KEY NOT NULL, "checksum" TEXT NOT NULL, "finished_at" DATETIME, "migration_name" TEXT NOT NULL,
      "logs" TEXT, "rolled_back_at" DATETIME, "started_at" DATETIME NOT NULL DEFAULT current_timestamp,
      "applied_steps_count" INTEGER UNSIGNED NOT NULL DEFAULT 0)`,
    key: (migration) => migration.name,
    read(db) {
      const rows = db.prepare("select * from _prisma_migrations where rolled_back_at is null").all();
      const failed = rows.find((row) => !row.finished_at);
      if (failed) {
        throw new Error(
          `${failed.migration_name} failed in an earlier run of Prisma, which has to be told how that ended: ` +
            `npx prisma migrate resolve --rolled-back ${failed.migration_name} (or --applied)`,
        );
      }
      return new Map(rows.map((row) => [row.migration_name, row.checksum]));
    },
    record: (db, { name }, sum) =>
      db
        .prepare(
          `insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
           values (?, ?, ?, ?, ?, 1)`,
        )
        .run(randomUUID(), sum, name, Date.now(), Date.now()),
  },
  drizzle: {
    files: drizzleFiles,
    table: "__drizzle_migrations",
    create: `create table if not exists __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)`,
    key: (migration) => String(migration.at),
    read(db) {
      const rows = db.prepare("select created_at, hash from __drizzle_migrations").all();
      return new Map(rows.map((row) => [String(row.created_at), row.hash]));
    },
    record(db, { name, at }, sum) {
      // Drizzle 1 also keeps the name, once it has met the table.
      const named = db.prepare("select 1 from pragma_table_info('__drizzle_migrations') where name = 'name'").get();
      const columns = named ? "hash, created_at, name" : "hash, created_at";
      const values = named ? [sum, at, name] : [sum, at];
      db.prepare(`insert into __drizzle_migrations (${columns}) values (${values.map(() => "?").join(", ")})`).run(...values);
    },
  },
  sql: {
    files: sqlFiles,
    table: "schema_migrations",
    create: `create table if not exists schema_migrations (
      name text primary key, checksum text not null, applied_at text not null default current_timestamp)`,
    key: (migration) => migration.name,
    read(db) {
      const rows = db.prepare("select name, checksum from schema_migrations").all();
      return new Map(rows.map((row) => [row.name, row.checksum]));
    },
    record: (db, { name }, sum) =>
      db.prepare("insert into schema_migrations (name, checksum) values (?, ?)").run(name, sum),
  },
};

// --- Applying them.

const say = (...words) => console.log("migrate:", ...words);

/** The files with `sql`, `sum` and what the records say: `applied`, `edited` (since), `late` (a newer one is applied). */
function compare(tool, records) {
  const migrations = tool.files().map((migration) => {
    const sql = readFileSync(migration.file, "utf8");
    const sum = checksum(sql);
    const recorded = records.get(tool.key(migration));
    return { ...migration, sql, sum, applied: recorded !== undefined, edited: (recorded ?? sum) !== sum };
  });
  const newest = migrations.findLastIndex((migration) => migration.applied);
  return migrations.map((migration, index) => ({ ...migration, late: !migration.applied && index < newest }));
}

function warn({ name, edited, late }) {
  if (edited) say(`WARNING: ${name} was edited after it was applied; the database has the old text of it`);
  if (late) say(`WARNING: ${name} comes before others that are applied already; it is applied after them`);
}

const dangling = (db) => db.prepare("select count(*) as rows from pragma_foreign_key_check").get().rows;

function apply(db, tool, migration) {
  const { name, sql } = migration;
  const alone = /^\s*--\s*no-transaction\s*$/im.test(sql);
  const free = /^\s*pragma\s+foreign_keys\s*=\s*(off|0|false|no)\b/im.test(sql);
  try {
    db.exec(`pragma foreign_keys = ${free ? "off" : "on"}`);
    const before = free ? dangling(db) : 0;
    if (!alone) db.exec("begin immediate");
    // Another run may have applied it while this one waited for its turn.
    if (tool.read(db).has(tool.key(migration))) {
      if (!alone) db.exec("rollback");
      return;
    }
    db.exec(sql);
    tool.record(db, migration, migration.sum);
    if (free && dangling(db) > before) throw new Error("rows refer to others that are not there (PRAGMA foreign_key_check)");
    if (!alone) db.exec("commit");
  } catch (error) {
    if (db.isTransaction) db.exec("rollback");
    const left = alone
      ? "It ran outside of a transaction: look at what it left before you deploy again."
      : "Nothing of it is left in the database: correct it and deploy again.";
    throw new Error(`${name}: ${error.message}. ${left}`);
  }
  say("applied", name);
}

function migrate(db, tool) {
  db.exec(tool.create);
  const migrations = compare(tool, tool.read(db));
  const pending = migrations.filter(({ applied }) => !applied);
  migrations.forEach(warn);
  for (const migration of pending) apply(db, tool, migration);
  say(`${pending.length} applied, ${migrations.length - pending.length} were there`);
}

function status(db, tool) {
  const there = db.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(tool.table);
  const migrations = compare(tool, there ? tool.read(db) : new Map());
  for (const { name, applied } of migrations) console.log(applied ? "applied " : "pending ", name);
  migrations.forEach(warn);
}

const [option, ...more] = process.argv.slice(2);
if (more.length || (option && option !== "--status")) {
  console.error("Usage: node migrate.mjs [--status]");
  process.exit(2);
}
if (kind && (!tools[kind] || !folder)) {
  console.error("migrate: MIGRATIONS_KIND is prisma, drizzle or sql, and MIGRATIONS_DIR goes with it");
  process.exit(2);
}
let db;
try {
  db = new DatabaseSync(databaseFile(), { timeout: WAIT });
  // Readers and a writer at once; the file remembers it.
  db.exec("pragma journal_mode = wal");
  if (kind) (option ? status : migrate)(db, tools[kind]);
} catch (error) {
  console.error("migrate: FAILED:", error.message);
  process.exitCode = 1;
} finally {
  db?.close();
}
