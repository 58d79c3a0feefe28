// Asks Prisma's own schema engine, in its WebAssembly build, what it makes of a database that our runner migrated.
// The native engine is a download that `npm install` does not bring. Prints JSON.
//
//   DATABASE_URL=… node schema_engine.mjs FOLDER_OF_MIGRATIONS
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as glue from "@prisma/schema-engine-wasm/schema_engine_bg";

const wasm = createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm").replace("engine.js", "engine_bg.wasm");
const { instance } = await WebAssembly.instantiate(readFileSync(wasm), { "./schema_engine_bg.js": glue });
glue.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start?.();

const folder = process.argv[2];
const migrationsList = {
  baseDir: folder,
  lockfile: { path: "migration_lock.toml", content: readFileSync(join(folder, "migration_lock.toml"), "utf8") },
  shadowDbInitScript: "",
  migrationDirectories: readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      path: name,
      migrationFile: {
        path: "migration.sql",
        content: { tag: "ok", value: readFileSync(join(folder, name, "migration.sql"), "utf8") },
      },
    }))
    .sort((one, other) => (one.path < other.path ? -1 : 1)),
};
const filters = { externalTables: [], externalEnums: [] };

const factory = new PrismaPg({ connectionString: process.env.DATABASE_URL });
const adapter = bindMigrationAwareSqlAdapterFactory(factory);
const datamodels = [["schema.prisma", 'datasource db {\n  provider = "postgresql"\n}']];
const engine = await glue.SchemaEngine.new({ datamodels }, () => {}, adapter);
const found = await engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters });
const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters });
console.log(JSON.stringify({ ...found, appliedByPrisma: appliedMigrationNames }));
process.exit(0);
