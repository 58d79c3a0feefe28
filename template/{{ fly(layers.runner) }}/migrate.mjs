// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Applies the SQL migrations that a database lacks, with nothing but `pg`, before a deploy replaces any machine.
//
//   node /migrate/migrate.mjs            apply what is pending
//   node /migrate/migrate.mjs --status   only show what is applied and what is pending
//
// It keeps the records that the ORM's own tool keeps, under the same lock, so both can be used on one database. Each
// file runs in a transaction of its own together with its record: one that fails leaves nothing behind, and the next
// deploy with the file corrected goes on there. Two deploys at once wait for each other.
//
// A file with CREATE INDEX CONCURRENTLY, or with a line `-- no-transaction`, runs outside of a transaction.
//
// Environment: MIGRATIONS_KIND (prisma, drizzle or sql) and MIGRATIONS_DIR are set in the image; DATABASE_URL, and
// DIRECT_DATABASE_URL where the way past the pooler cannot be told from it.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { client, databaseUrl } from "./database.mjs";

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
    lock: 72707369, // Prisma's own
    table: "_prisma_migrations",
    create: `create table if not exists _prisma_migrations (
      id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
      migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
      started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`,
    key: (migration) => migration.name,
    async read(db) {
      const { rows } = await db.query("select * from _prisma_migrations where rolled_back_at is null");
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
      db.query(
        `insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
         values ($1, $2, $3, now(), clock_timestamp(), 1)`,
        [randomUUID(), sum, name],
      ),
  },
  drizzle: {
    files: drizzleFiles,
    lock: 72707370, // Drizzle takes none
    table: "drizzle.__drizzle_migrations",
    create: `create schema if not exists drizzle;
      create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`,
    key: (migration) => String(migration.at),
    async read(db) {
      const { rows } = await db.query("select created_at, hash from drizzle.__drizzle_migrations");
      return new Map(rows.map((row) => [row.created_at, row.hash]));
    },
    async record(db, { name, at }, sum) {
      const { rowCount: named } = await db.query(
        `select 1 from information_schema.columns
         where table_schema = 'drizzle' and table_name = '__drizzle_migrations' and column_name = 'name'`,
      );
      // Drizzle 1 also keeps the name, once it has met the table.
      await db.query(
        named
          ? "insert into drizzle.__drizzle_migrations (hash, created_at, name) values ($1, $2, $3)"
          : "insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)",
        named ? [sum, at, name] : [sum, at],
      );
    },
  },
  sql: {
    files: sqlFiles,
    lock: 72707371,
    table: "schema_migrations",
    create: `create table if not exists schema_migrations (
      name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
    key: (migration) => migration.name,
    async read(db) {
      const { rows } = await db.query("select name, checksum from schema_migrations");
      return new Map(rows.map((row) => [row.name, row.checksum]));
    },
    record: (db, { name }, sum) =>
      db.query("insert into schema_migrations (name, checksum) values ($1, $2)", [name, sum]),
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

async function apply(db, tool, migration) {
  const { name, sql } = migration;
  const plain = sql.replace(/--.*$/gm, (comment) => (/^--\s*no-transaction\s*$/i.test(comment) ? "concurrently" : ""));
  const alone = /\bconcurrently\b/i.test(plain);
  const statements = kind === "drizzle" ? sql.split("--> statement-breakpoint") : [sql];
  let offset = 0;
  try {
    if (!alone) await db.query("begin");
    for (const statement of statements) {
      if (statement.trim()) await db.query(statement);
      offset += statement.length + "--> statement-breakpoint".length;
    }
    await tool.record(db, migration, migration.sum);
    if (!alone) await db.query("commit");
  } catch (error) {
    await db.query("rollback").catch(() => {});
    const line = error.position && sql.slice(0, offset + Number(error.position)).split("\n").length;
    const left = alone
      ? "It ran outside of a transaction: look at what it left before you deploy again."
      : "Nothing of it is left in the database: correct it and deploy again.";
    throw new Error(`${name}${line ? `, line ${line}` : ""}: ${error.message}. ${left}`);
  }
  say("applied", name);
}

async function migrate(db, tool) {
  await db.query("set lock_timeout = '120s'");
  await db.query("select pg_advisory_lock($1)", [tool.lock]).catch((error) => {
    throw error.code === "55P03" ? new Error("another migration has been running for two minutes") : error;
  });
  try {
    await db.query("set lock_timeout = 0");
    await db.query(tool.create);
    const migrations = compare(tool, await tool.read(db));
    const pending = migrations.filter(({ applied }) => !applied);
    migrations.forEach(warn);
    for (const migration of pending) await apply(db, tool, migration);
    say(`${pending.length} applied, ${migrations.length - pending.length} were there`);
  } finally {
    // By hand: a pooler keeps the session, and with it the lock, when this client is gone.
    await db.query("select pg_advisory_unlock($1)", [tool.lock]).catch(() => {});
  }
}

async function status(db, tool) {
  const { rows } = await db.query("select to_regclass($1) as there", [tool.table]);
  const migrations = compare(tool, rows[0].there ? await tool.read(db) : new Map());
  for (const { name, applied } of migrations) console.log(applied ? "applied " : "pending ", name);
  migrations.forEach(warn);
}

const [option, ...more] = process.argv.slice(2);
if (more.length || (option && option !== "--status")) {
  console.error("Usage: node migrate.mjs [--status]");
  process.exit(2);
}
if (!tools[kind] || !folder) {
  console.error("migrate: MIGRATIONS_KIND (prisma, drizzle or sql) and MIGRATIONS_DIR must be set");
  process.exit(2);
}
let db;
try {
  const url = databaseUrl({ past: true });
  db = client(url, { application_name: "migrate", connectionTimeoutMillis: 30_000 });
  await db.connect();
  const schema = kind === "prisma" && new URL(url).searchParams.get("schema");
  if (schema) {
    // `pg` passes over what is Prisma's alone in a connection URL.
    const quoted = db.escapeIdentifier(schema);
    await db.query(`create schema if not exists ${quoted}; set search_path = ${quoted}`);
  }
  await (option ? status : migrate)(db, tools[kind]);
} catch (error) {
  console.error("migrate: FAILED:", error.message || error.code || error);
  process.exitCode = 1;
} finally {
  await db?.end().catch(() => {});
}
