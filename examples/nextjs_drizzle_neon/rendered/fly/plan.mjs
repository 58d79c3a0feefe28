// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Sorts the build context for the Dockerfile, so that a step runs again only when something changes that it reads.
//
//   node plan.mjs CONTEXT OUT
//
//   OUT/packages      what installing the packages reads: every package.json, the lock file, settings, patches
//   OUT/plan/project  the folder of the lock file
//   OUT/plan/apt      Debian packages that the install needs
//   OUT/plan/manager  the package manager to install, as package@version
//   OUT/plan/npm      how npm installs
//   OUT/plan/cli      the ORM's own command, as package@version
//   OUT/migrate       the migrations, and what applies them
//
// Where no build could end well it says why in one sentence, and exits with 1.
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

class Stop extends Error {}

const ask = (question) => `copier update --trust -A -r :current: --ask ${question}`;

// --- What a lock file installs, as a map from name to version. A peer that a package only could use is not installed.

const readers = {
  "package-lock.json": (text) => {
    const { packages, dependencies = {} } = JSON.parse(text);
    const entries = Object.entries(packages ?? dependencies);
    return entries.map(([path, { version }]) => [path.replace(/^.*node_modules\//, ""), version]);
  },
  "pnpm-lock.yaml": (text) => {
    const [, packages = ""] = text.split(/^packages:$/m);
    return [...packages.matchAll(/^ {2}'?\/?((?:@[^/\s]+\/)?[^/@'\s]+)[@/](\d[^'():_\s]*)/gm)].map(([, ...found]) => found);
  },
  "yarn.lock": (text) => {
    const entries = text.matchAll(/^"?((?:@[^/]+\/)?[^@\s"]+)@[^\n]*:\n(?: {2}[^\n]*\n)*? {2}version:? "?([^"\n]+)/gm);
    return [...entries].map(([, ...found]) => found);
  },
  "bun.lock": (text) =>
    [...text.matchAll(/^\s+"[^"]+": \["((?:@[^/]+\/)?[^@"]+)@([^"]*)"/gm)].map(([, ...found]) => found),
};
readers["npm-shrinkwrap.json"] = readers["package-lock.json"];

/** `undefined` for a lock file that cannot be read, such as Bun's binary one. */
export function installed(lock, text) {
  return readers[lock] && new Map(readers[lock](text));
}

/** Whether a lock file has the folder as a part of its workspace, which Yarn 1 does not write down. */
export function hasMember(text, folder) {
  const name = folder.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^ +["']?${name}["']?:( \\{)?$|@workspace:${name}"`, "m").test(text);
}

// --- What the install needs beside Node.js.

// Scripts that run on an install and read no file of the app's own but a schema or a patch.
const HARMLESS =
  /^(husky( install)?|lefthook install|simple-git-hooks|patch-package|only-allow \w+|prisma generate( --no-\w+)*|true|exit 0)$/;
const HOOKS = ["preinstall", "install", "postinstall", "prepare"];

/** The first script that may read any file of the app, as `name: command`; so may a package that is given by its path. */
export function readsSource({ scripts = {}, dependencies = {}, devDependencies = {} }) {
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    if (/^(file|link|portal):/.test(version)) return `${name}: ${version}`;
  }
  const hook = HOOKS.find((name) =>
    (scripts[name] ?? "").split(/&&|\|\||;/).some((part) => {
      const command = part.trim().replace(/^(npx|pnpm|yarn|bunx)( exec)?( --yes| -y)? /, "");
      return command && !HARMLESS.test(command);
    }),
  );
  return hook && `${hook}: ${scripts[hook]}`;
}

// Commands of such a script that need a repository or a database, of which the build has neither.
const LEFT_OUT = /^(\w+=\S+ )*(git|lefthook) |\b(prisma (migrate|db)|drizzle-kit (push|migrate)|db:(push|migrate|seed|deploy)|migrate:deploy)\b/;

/** package.json for the install: its hooks without those commands, where they stand in a row with others. */
export function forHooks(text) {
  const manifest = JSON.parse(text);
  let left = false;
  for (const name of HOOKS) {
    const script = manifest.scripts?.[name];
    if (typeof script !== "string" || /["'`()|;]/.test(script)) continue;
    const parts = script.split("&&").map((part) => part.trim());
    const kept = parts.filter((part) => !LEFT_OUT.test(part.replace(/^(npx|pnpm|yarn|bunx)( exec)?( --yes| -y)? /, "")));
    if (kept.length === parts.length) continue;
    console.log(`Installing without a part of ${name}, which needs git or a database: ${script}`);
    manifest.scripts[name] = kept.join(" && ") || "true";
    left = true;
  }
  return left ? JSON.stringify(manifest, null, 2) : text;
}

export function debianPackages(settings, lock, text) {
  const packages = installed(lock, text);
  const wanted = [];
  if (/git\+|git@|github:/.test(text)) wanted.push("ca-certificates", "git");
  // Prisma looks for OpenSSL's version when it chooses its engine.
  if (settings.orm === "prisma") wanted.push("ca-certificates", "openssl");
  const compiled = settings.compiled.some((name) => (packages ? packages.has(name) : text.includes(name)));
  if (compiled) wanted.push("g++", "make", "python3");
  return [...new Set(wanted)];
}

/**
 * The version that package.json pins, else one that reads this lock file; `undefined` for that of the image.
 *
 * Before 7.33 pnpm fetches nothing with Node.js 20 and newer (ERR_INVALID_THIS). 7.33 reads the same lock files.
 */
export function managerPackage({ name, package: from, version }, { packageManager = "" }, text) {
  const [pinnedName, pinned] = packageManager.split("+")[0].split("@");
  const [major, minor] = (pinned ?? "").split(".").map(Number);
  const fetches = name !== "pnpm" || major > 7 || (major === 7 && minor >= 33);
  if (pinnedName === name && pinned && fetches) return `${from}@${pinned}`;
  const format = /^lockfileVersion: '?(\d+)/m.exec(text)?.[1];
  const known = format ? version?.[format] : version;
  return known && `${from}@${known}`;
}

/**
 * Whether pnpm may run the scripts of all packages: pnpm 9 writes the same lock file as 10 and does, which sharp 0.32 and
 * better-sqlite3 need. 10 runs those alone that a list has.
 */
function runsAllScripts({ name }, { packageManager = "", pnpm }, lock, workspace) {
  if (name !== "pnpm" || packageManager.startsWith("pnpm@") || !/^lockfileVersion: '?9/m.test(lock)) return false;
  return !/\b(only|never|ignored)Built|\ballowBuilds\b/.test(JSON.stringify(pnpm ?? {}) + workspace);
}

/** How npm installs: `ci` of 11.6.2 and newer stops at a lock file that lacks optional packages, which older ones wrote. */
export function npmCommand(lock, text) {
  const { packages = {} } = readers[lock] === readers["package-lock.json"] ? JSON.parse(text) : {};
  const lacking = Object.entries(packages).find(([path, { optionalDependencies = {} }]) => {
    const parts = path.split("/");
    const folders = ["", ...parts.map((_, at) => `${parts.slice(0, at + 1).join("/")}/`)];
    return Object.keys(optionalDependencies).some((name) => !folders.some((folder) => `${folder}node_modules/${name}` in packages));
  });
  if (lacking) console.log(`${lock} lacks optional packages of ${lacking[0] || "the app"}; they are installed by npm install.`);
  return lacking ? "install --no-save" : "ci";
}

// --- Sorting.

function* files(folder, below = "") {
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) {
      if (!["node_modules", ".git", ".next"].includes(entry.name)) yield* files(folder, path);
    } else {
      yield path;
    }
  }
}

/** Where packages are that a package.json in a folder of CONTEXT takes from beside `project`, as seen from CONTEXT. */
export function linkedFrom(context, folder, project, { dependencies = {}, devDependencies = {} }) {
  const paths = Object.values({ ...dependencies, ...devDependencies }).map((range) => /^(?:file|link|portal):(.+)/.exec(range)?.[1]);
  const seen = paths.filter(Boolean).map((path) => relative(context, join(folder, path)));
  return seen.filter((path) => !path.startsWith("..") && relative(project, path).startsWith(".."));
}

const SETTINGS = [".npmrc", "pnpm-workspace.yaml", ".pnpmfile.cjs", ".yarnrc", ".yarnrc.yml", "bunfig.toml"];

function forInstall(path, lock, generates) {
  const name = basename(path);
  if (generates && (name.endsWith(".prisma") || name.startsWith("prisma.config."))) return true;
  if (name === "package.json" || name.endsWith(".patch") || /^(patches|\.yarn)\//.test(path)) return true;
  return path === lock || SETTINGS.includes(path) || name === ".npmrc";
}

function manifestIn(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return {}; // of a template, or a test's example
  }
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
}

function main(context, out) {
  const settings = JSON.parse(readFileSync(join(context, "fly/settings.json"), "utf8"));
  const { appDir, databasePackage = appDir, packageManager, orm } = settings;
  const app = join(context, appDir);
  const place = appDir === "." ? "" : `${appDir}/`;
  if (!existsSync(join(app, "package.json"))) {
    throw new Stop(`There is no ${place}package.json here. Is the app elsewhere? Say where: ${ask("app_dir")}`);
  }
  const manifest = manifestIn(app);
  const named = ({ dependencies, devDependencies }) => ({ ...dependencies, ...devDependencies });
  if (!named(manifest).next) {
    throw new Stop(`${place}package.json does not name next among its dependencies. Add it: npm install next`);
  }

  // The lock file is at the root of the workspace or, where the app is no part of one, beside the app.
  const above = packageManager.locks.find((name) => existsSync(join(context, name)));
  const isPart = above && hasMember(readFileSync(join(context, above), "latin1"), appDir);
  const project = !isPart && packageManager.locks.some((name) => existsSync(join(app, name))) ? appDir : ".";
  const lock = packageManager.locks.find((name) => existsSync(join(context, project, name)));
  if (!lock) {
    throw new Stop(
      `There is no ${packageManager.locks[0]}, so the image would get other versions than you have. Make it with your ` +
        `package manager's install command and commit it. Another one than ${packageManager.name}? ` +
        `Say so: ${ask("package_manager")}`,
    );
  }
  const text = readFileSync(join(context, project, lock), "latin1");
  const packages = installed(lock, text);

  if (orm === "prisma" && packages && !packages.has("prisma")) {
    throw new Stop(
      `prisma is not among the packages of ${place}package.json, and a downloaded one could be of any version. Add it ` +
        "in the version of @prisma/client: npm install --save-dev prisma@7",
    );
  }
  if (orm === "prisma" && parseInt(packages?.get("prisma"), 10) > 7) {
    throw new Stop(
      "Prisma 8 is another tool: it has no 'migrate deploy', and 'prisma deploy' goes to Prisma's own platform. " +
        "Stay on Prisma 7: npm install prisma@7 @prisma/client@7",
    );
  }

  const root = join(context, project);
  const all = [...files(root)];
  const folders = all.filter((path) => basename(path) === "package.json").map((path) => join(root, dirname(path)));
  const manifests = folders.map(manifestIn);
  const reason = manifests.map(readsSource).find(Boolean);
  if (reason) console.log(`Installing with all of the code, as it may be read: ${reason}`);
  const generates = manifests.some(({ scripts }) => /prisma generate/.test(HOOKS.map((name) => scripts?.[name])));
  for (const path of all.filter((name) => reason || forInstall(name, lock, generates))) {
    copy(join(root, path), join(out, "packages", project, path));
    if (basename(path) === "package.json" && Object.keys(manifestIn(join(root, dirname(path)))).length) {
      writeFileSync(join(out, "packages", project, path), forHooks(readFileSync(join(root, path), "utf8")));
    }
  }

  for (const link of new Set(folders.flatMap((folder, at) => linkedFrom(context, folder, project, manifests[at])))) {
    if (!existsSync(join(context, link))) throw new Stop(`There is no ${link} here, which ${place}package.json takes a package from.`);
    const inside = statSync(join(context, link)).isDirectory() ? files(join(context, link)) : [""];
    for (const path of inside) copy(join(context, link, path), join(out, "packages", link, path));
  }

  const pin = existsSync(join(root, "package.json")) ? manifestIn(root) : manifest;
  const workspace = join(root, "pnpm-workspace.yaml");
  if (runsAllScripts(packageManager, pin, text, existsSync(workspace) ? readFileSync(workspace, "utf8") : "")) {
    appendFileSync(join(out, "packages", project, ".npmrc"), "\ndangerously-allow-all-builds=true\n");
  }
  const cli = { prisma: ["prisma"], drizzle: ["drizzle-kit", "drizzle-orm"] }[settings.cli && orm] ?? [];
  const plan = {
    project: [project],
    apt: debianPackages(settings, lock, text),
    manager: [managerPackage(packageManager, pin, text)].filter(Boolean),
    npm: [npmCommand(lock, text)],
    cli: cli.map((name) => `${name}@${packages?.get(name) ?? named(manifestIn(join(context, databasePackage)))[name]}`),
  };
  mkdirSync(join(out, "plan"), { recursive: true });
  for (const [name, words] of Object.entries(plan)) {
    writeFileSync(join(out, "plan", name), words.map((word) => `${word}\n`).join(""));
  }

  mkdirSync(join(out, "migrate"), { recursive: true });
  if (settings.database) copy(join(context, "fly/database.mjs"), join(out, "migrate/database.mjs"));
  if (settings.migrations) forMigrations(context, out, settings);
}

/** Whether the package is set up for this folder and only has no migration yet, as where its tables are pushed. */
function pushes(place, orm, migrations) {
  const beside = join(place, dirname(migrations));
  if (orm === "prisma") return existsSync(beside) && readdirSync(beside).some((name) => name.endsWith(".prisma"));
  const config = orm === "drizzle" && readdirSync(place).find((name) => name.startsWith("drizzle.config."));
  if (!config) return false;
  const text = readFileSync(join(place, config), "utf8");
  return text.includes(basename(migrations)) || !/\bout\s*:/.test(text);
}

function forMigrations(context, out, { appDir, databasePackage = appDir, orm, migrations, cli }) {
  const folder = join(databasePackage, migrations);
  if (!existsSync(join(context, folder))) {
    const first = {
      prisma: "Make the first migration: npx prisma migrate dev --name init",
      drizzle: "Make the first migration: npx drizzle-kit generate",
      sql: "Put numbered .sql files there",
    }[orm];
    if (pushes(join(context, databasePackage), orm, migrations) && !cli) {
      console.warn(`\nNOTE: there is no folder ${folder}, so no deploy makes a table. ${first}, and commit it.\n`);
      mkdirSync(join(out, "migrate/migrations"), { recursive: true });
      copy(join(context, "fly/migrate.mjs"), join(out, "migrate/migrate.mjs"));
      return;
    }
    throw new Stop(
      `There is no folder ${folder}, so a deploy would leave the database without tables. ${first}, and commit it. ` +
        `Another folder, or none? Say so: ${ask("orm --ask migrations_dir --ask database_package")}`,
    );
  }
  copy(join(context, folder), join(out, "migrate/migrations"));
  copy(join(context, "fly/migrate.mjs"), join(out, "migrate/migrate.mjs"));
  if (!cli) return;
  copy(join(context, "fly/orm.config.mjs"), join(out, "migrate/orm.config.mjs"));
  // The schema is beside the migrations, in one file or in several.
  const schema = join(context, dirname(folder));
  for (const path of orm === "prisma" ? files(schema) : []) {
    if (path.endsWith(".prisma")) copy(join(schema, path), join(out, "migrate/prisma", path));
  }
}

if (import.meta.filename === process.argv[1]) {
  try {
    main(...process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`\n${error.message}\n`);
    process.exitCode = 1;
  }
}
