// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Copies the database, whole and in one state, into a new file while the app uses it.
//
//   node /migrate/backup.mjs /tmp/copy.db
import { DatabaseSync } from "node:sqlite";
import { databaseFile } from "./database.mjs";

const [to, ...more] = process.argv.slice(2);
if (!to || more.length) {
  console.error("Usage: node backup.mjs FILE");
  process.exit(2);
}
let db;
try {
  db = new DatabaseSync(databaseFile(), { timeout: 60_000 });
  db.prepare("vacuum into ?").run(to);
} catch (error) {
  console.error("backup: FAILED:", error.message);
  process.exitCode = 1;
} finally {
  db?.close();
}
