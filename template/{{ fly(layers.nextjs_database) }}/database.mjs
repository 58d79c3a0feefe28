// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// What the migrations and the readiness check share: where the database is, and whether it answers.
import pg from "pg";

// Session-level locks and long statements do not survive a pooler in transaction mode, so migrations go past it.
// Managed Postgres and Neon name both ways alike: pgbouncer.ID.flympg.net and direct.ID.flympg.net,
// ep-name-pooler.REGION… and ep-name.REGION….
function direct(host) {
  return host.replace(/^pgbouncer\./, "direct.").replace(/^([^.]+)-pooler\./, "$1.");
}

/** The connection URL, past the pooler if `past` is set. Throws when none is set. */
export function databaseUrl({ past = false } = {}) {
  const given = past && (process.env.DIRECT_DATABASE_URL || process.env.DIRECT_URL);
  if (!given && !process.env.DATABASE_URL) throw new Error("DATABASE_URL is not set: fly secrets set DATABASE_URL=…");
  const url = new URL(given || process.env.DATABASE_URL);
  if (past && !given) url.hostname = direct(url.hostname);
  // `pg` verifies the certificate for all of these, and warns at length that a later version will not.
  if (["prefer", "require", "verify-ca"].includes(url.searchParams.get("sslmode"))) {
    url.searchParams.set("sslmode", "verify-full");
  }
  return url.href;
}

/** A client that is not connected yet. `settings` are those of `pg`. */
export function client(url, settings) {
  const db = new pg.Client({ connectionString: url, ...settings });
  // Without a listener, a connection that breaks while no query waits for it would end the process.
  db.on("error", () => {});
  return db;
}

const LIMIT = 1000; // ms
let running;

async function ask() {
  const started = performance.now();
  const db = client(databaseUrl(), { connectionTimeoutMillis: LIMIT, application_name: "readyz" });
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, LIMIT, new Error("late"));
  });
  let status = "ok";
  try {
    await Promise.race([db.connect().then(() => db.query("select 1")), late]);
    db.end().catch(() => {});
  } catch {
    status = "unavailable";
    db.connection.stream.destroy(); // end() would wait for a server that says nothing
  }
  clearTimeout(timer);
  return { status, ms: Math.round(performance.now() - started) };
}

/** Ask the database for a sign of life: `{ status: "ok" | "unavailable", ms }`, after a second at the latest. */
export function check() {
  // However many ask at once, one connection is enough to know.
  running ??= ask().finally(() => {
    running = undefined;
  });
  return running;
}
