// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Builds the app inside the image build, and puts what the machine needs of it below OUT, a folder for each layer:
//
//   node build.mjs ROOT OUT RUNNER     ROOT is the repository, RUNNER a look at the image that the app will run in
//
//   OUT/packages   node_modules, as far as `next build` traced them
//   OUT/public     the files that are served as they are
//   OUT/app        server.js and other traced code
//   OUT/next       .next, which Next.js writes its cache to
//   OUT/system     libraries of the system that native packages load and RUNNER lacks
//   OUT/code       the code as it is built, for an own command that migrates
//
// Where no build could end well it says why in one sentence, and exits with 1.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";

class Stop extends Error {}

const ask = (question) => `copier update --trust -A -r :current: --ask ${question}`;

function* entries(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    yield { entry, path };
    if (entry.isDirectory() && entry.name !== "node_modules") yield* entries(path);
  }
}

// --- The environment of the build.

function environment({ database, buildEnv, publicEnv }, root) {
  // What the deploy was given: fly deploy --build-secret NAME=VALUE. It is in no layer.
  for (const name of existsSync("/run/secrets") ? readdirSync("/run/secrets") : []) {
    process.env[name] = readFileSync(join("/run/secrets", name), "utf8").trimEnd();
  }
  // Checks that run in the build want a value. What the app runs with comes from Fly's secrets.
  for (const [name, value] of Object.entries(buildEnv)) process.env[name] ||= String(value);
  const empty = publicEnv.filter((name) => !process.env[name]);
  if (empty.length) {
    throw new Stop(
      `${empty.join(", ")}: empty, and the browser code would have it empty for good. Give the value in fly.toml, ` +
        "below [build.args].",
    );
  }
  // A schema of the environment that SKIP_ENV_VALIDATION passes over gives no default either.
  process.env.PORT ||= "3000";
  const { REVISION = "unknown" } = process.env;
  // Names the build towards the browser, which then reloads instead of asking a newer server for an older page's code.
  if (REVISION !== "unknown") process.env.NEXT_DEPLOYMENT_ID = REVISION.slice(0, 12);
  // The build needs no database, but some clients want to see an address.
  if (database) process.env.DATABASE_URL ||= "postgresql://build:build@localhost:5432/build";
  // The pnpm that packageManager names is the one that runs; 12 asks the registry for it before each script otherwise.
  process.env.pnpm_config_pm_on_fail ??= "ignore";
  // What `output: "standalone"` in next.config does, without an edit of it.
  Object.assign(process.env, { NEXT_PRIVATE_STANDALONE: "1", NEXT_PRIVATE_OUTPUT_TRACE_ROOT: root });
}

// --- What can be said before the build.

function checkEngine(app) {
  const { engines, version } = createRequire(join(app, "package.json"))("next/package.json");
  // The one that npm brings along.
  const { satisfies } = createRequire(realpathSync(join(dirname(process.execPath), "npm")))("semver");
  if (!satisfies(process.version, engines.node)) {
    throw new Stop(
      `Next.js ${version} needs Node.js ${engines.node}, this image has ${process.version}. ` +
        `Choose another line: ${ask("node_version")}`,
    );
  }
}

// What next.config spreads where a variable of the build says so: ...(process.env.A ? { … } : {}).
const OF_A_VARIABLE = /\.\.\.\(\s*!?process\.env(?!\.NODE_ENV\b)[^{}]*\{[^{}]*\}/g;

function checkConfig(app) {
  for (const name of readdirSync(app).filter((file) => file.startsWith("next.config."))) {
    const text = readFileSync(join(app, name), "utf8").replace(OF_A_VARIABLE, "");
    if (/^\s*output: *['"]export/m.test(text)) {
      throw new Stop(
        `${name} sets output: 'export', which makes plain files and no server to run. Remove that line, or put the ` +
          "folder out/ on a host for static files: it needs no machine.",
      );
    }
  }
}

/** Turbopack's cache remembers what loaders out of packages did, even that they were missing: it serves after a build
    that succeeded, as long as none of its packages is gone or of another version. */
export function cacheServes(before, now) {
  const lines = (text) => text.split("\n").map((line) => line.trim().replace(/,+$/, ""));
  const there = new Set(lines(now));
  return lines(before).every((line) => !line || there.has(line));
}

function prepareCache(cache, lock) {
  const kept = join(cache, "lock");
  mkdirSync(cache, { recursive: true });
  if (!existsSync(kept) || !cacheServes(readFileSync(kept, "latin1"), lock)) {
    console.log("Building without what earlier builds left");
    for (const name of readdirSync(cache)) rmSync(join(cache, name), { recursive: true });
  }
  rmSync(kept, { force: true });
  // What pages fetch elsewhere is fetched again.
  rmSync(join(cache, "fetch-cache"), { recursive: true, force: true });
}

// --- The build.

/** How turbo lets tasks see all variables, which 2 must be told; before 1.10 they do, and it does not know the words. */
function looseTurbo(root) {
  const file = join(root, "node_modules/turbo/package.json");
  const version = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : "";
  return /^1\.\d\./.test(version) ? "" : " --env-mode=loose";
}

function command({ appDir, databasePackage = appDir, buildCommand, packageManager, orm }, root) {
  const build = buildCommand || `${packageManager.run} build`;
  const generates = databasePackage === appDir ? "prisma generate" : `(cd ${join(root, databasePackage)} && prisma generate)`;
  const generate = orm === "prisma" ? `${generates} && ` : "";
  if (appDir === ".") return `${generate}${build}`;
  // In a workspace, the packages that the app is made of come first.
  const those = `"{./${appDir}}${buildCommand ? "^" : ""}..."`;
  const then = buildCommand ? ` && cd ${appDir} && ${build}` : "";
  if (existsSync(join(root, "turbo.json"))) {
    return `${generate}cd ${root} && turbo run build --filter=${buildCommand ? those : `./${appDir}`}${looseTurbo(root)}${then}`;
  }
  if (packageManager.name === "pnpm" && existsSync(join(root, "pnpm-workspace.yaml"))) {
    return `${generate}cd ${root} && pnpm --filter ${those} run --if-present build${then}`;
  }
  return `${generate}${build}`;
}

/** Runs a command of the shell, passes on what it says, and returns its exit code and all of its words. */
function run(line, cwd) {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-euc", line], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    for (const name of ["stdout", "stderr"]) {
      child[name].on("data", (part) => {
        said.push(part);
        process[name].write(part);
      });
    }
    child.on("close", (code) => resolve({ code, text: Buffer.concat(said).toString() }));
  });
}

const SOURCE = /\.[cm]?[jt]sx?$/;

/** Names that code reads from the environment: `process.env.NAME`, `process.env["NAME"]`, `env("NAME")`, `NAME: z.…`. */
export function namesRead(code) {
  const read = /process\.env(?:\.|\[["'])([A-Z][A-Z0-9_]+)|\benv\(["']([A-Z][A-Z0-9_]+)|^\s*([A-Z][A-Z0-9_]+): *z\b/gm;
  return [...code.matchAll(read)].map((found) => found[1] ?? found[2] ?? found[3]);
}

/** Of the names that the code reads and the build lacks those that its output names. */
export function namesMissed(output, names, env) {
  const said = new Set(output.match(/\b[A-Z][A-Z0-9_]+\b/g));
  return [...new Set(names)].filter((name) => said.has(name) && !env[name]).sort();
}

function whyNot(output, root) {
  const code = [...entries(root)]
    .filter(({ entry, path }) => entry.isFile() && SOURCE.test(path) && !/\/\.next\/|\/fly\//.test(path))
    .map(({ path }) => readFileSync(path, "utf8"));
  const names = namesRead(code.join("\n"));
  const missed = namesMissed(output, names, process.env);
  if (!missed.length) return "The build failed; the reason is above.";
  const pub = missed.filter((name) => name.startsWith("NEXT_PUBLIC_"));
  const others = missed.filter((name) => !pub.includes(name));
  const ways = [
    pub.length && `public: add to ${ask("public_env")}, then give the value in fly.toml, below [build.args]`,
    others.length &&
      `any other: give it a stand-in that satisfies the check, by ${ask("build_env")}; where only the true value will ` +
        `do: add to ${ask("build_secrets")}, then export ${others[0]}=… in the shell that deploys (fly deploy: ` +
        `--build-secret ${others[0]}=…)`,
  ];
  return [`The build misses a value for ${missed.join(", ")}.`, ...ways.filter(Boolean)].join("\n  ");
}

// --- What the machine gets of it.

function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  renameSync(from, to);
}

// sharp is installed for every libc where the package manager cannot choose; this image has glibc.
function removeMusl(folder) {
  for (const { entry, path } of walk(folder)) {
    if (entry.isDirectory() && /\/@img\/[^/]*linuxmusl[^/]*$/.test(path)) rmSync(path, { recursive: true });
  }
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).map((entry) => {
    return { entry, path: join(entry.parentPath, entry.name) };
  });
}

// Node.js loads the ES module of a package that has one for `require` ("module-sync"), where Next.js traced the file
// that older ones load: the app ends before it starts. Such a package is there whole.
// https://github.com/vercel/next.js/issues/97358
function completePackages(standalone, root) {
  for (const { entry, path } of walk(standalone)) {
    if (entry.name !== "package.json" || !readFileSync(path, "utf8").includes('"module-sync"')) continue;
    // A package of pnpm is met by way of links too.
    const folder = realpathSync(dirname(path));
    const installed = join(root, relative(realpathSync(standalone), folder));
    const filter = (file) => basename(file) !== "node_modules";
    if (existsSync(installed)) cpSync(installed, folder, { recursive: true, filter });
  }
}

/** The libraries that a program or library loads, as [name, path]; without a path where there is none. */
function libraries(file) {
  const [loader] = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"].filter(existsSync);
  // What ldd does. Of what is not for this machine the loader says nothing.
  const { stdout } = spawnSync(loader, [file], { env: { LD_TRACE_LOADED_OBJECTS: "1" }, encoding: "utf8" });
  return [...(stdout ?? "").matchAll(/^\s*(\S+)(?: => (not found|\/\S+))?/gm)]
    .map(([, name, path = name]) => [basename(name), path])
    .filter(([, path]) => path === "not found" || path.startsWith("/"));
}

function addLibraries(folder, system, runner) {
  const native = walk(folder).filter(({ entry, path }) => entry.isFile() && /\.(node|so)(\.|$)/.test(path));
  const missing = new Set();
  for (const file of [process.execPath, ...native.map(({ path }) => path)]) {
    for (const [name, path] of libraries(file)) {
      if (path === "not found") missing.add(name);
      else if (!path.startsWith(folder)) copyLibrary(path, system, runner);
    }
  }
  if (missing.size) console.warn(`\nNOTE: a package looks for libraries that are not here: ${[...missing].join(", ")}\n`);
}

function copyLibrary(path, system, runner) {
  const real = join(realpathSync(dirname(path)), basename(path));
  if (existsSync(runner + path) || existsSync(runner + real)) return;
  mkdirSync(join(system, dirname(real)), { recursive: true });
  cpSync(real, join(system, real), { dereference: true });
}

function layers({ appDir }, root, out, runner) {
  const app = join(root, appDir);
  const standalone = join(app, ".next/standalone");
  const own = join(standalone, appDir);
  removeMusl(standalone);
  completePackages(standalone, root);
  mkdirSync(join(out, "system"), { recursive: true });
  addLibraries(standalone, join(out, "system"), runner);
  // Prisma 7 talks to the database in JavaScript; older ones may have an engine, which asks for OpenSSL's version.
  if (walk(standalone).some(({ path }) => basename(path).startsWith("libquery_engine-"))) {
    cpSync("/usr/bin/openssl", join(out, "system/usr/bin/openssl"));
  }
  // The public files and the browser code, which a CDN is meant to serve.
  mkdirSync(join(app, "public"), { recursive: true });
  rmSync(join(own, "public"), { recursive: true, force: true });
  cpSync(join(app, "public"), join(out, "public"), { recursive: true });
  cpSync(join(app, ".next/static"), join(own, ".next/static"), { recursive: true });
  mkdirSync(join(own, ".next/cache"), { recursive: true });
  place(join(own, ".next"), join(out, "next"));
  mkdirSync(join(out, "packages"), { recursive: true });
  for (const folder of new Set([".", appDir])) {
    const modules = join(standalone, folder, "node_modules");
    if (existsSync(modules)) place(modules, join(out, "packages", folder, "node_modules"));
  }
  place(standalone, join(out, "app"));
}

/** All of the repository but what is installed or served: a command that migrates may read any of it. */
function keepCode(root, app, out) {
  const left = new Set([join(app, ".next"), join(app, "public"), join(root, ".git")]);
  const filter = (path) => !left.has(path) && basename(path) !== "node_modules";
  cpSync(root, join(out, "code"), { recursive: true, verbatimSymlinks: true, filter });
}

async function main(root, out, runner) {
  const settings = JSON.parse(readFileSync(join(root, "fly/settings.json"), "utf8"));
  const { appDir, databasePackage = appDir, packageManager } = settings;
  const app = join(root, appDir);
  const next = join(app, ".next");
  const places = [root, app].flatMap((folder) => packageManager.locks.map((name) => join(folder, name)));
  const lock = readFileSync(places.findLast(existsSync), "latin1");
  checkEngine(app);
  checkConfig(app);
  environment(settings, root);
  prepareCache(join(next, "cache"), lock);
  const programs = [appDir, databasePackage, "."].map((folder) => join(root, folder, "node_modules/.bin"));
  process.env.PATH = [...programs, process.env.PATH].join(":");
  const { code, text } = await run(command(settings, root), app);
  if (code !== 0) throw new Stop(whyNot(text, root));
  if (!existsSync(join(next, "standalone", appDir, "server.js"))) {
    throw new Stop(
      `The build left no .next/standalone/${appDir === "." ? "" : `${appDir}/`}server.js. next.config must not set ` +
        "distDir, and output and outputFileTracingRoot only to 'standalone' and the repository's root.",
    );
  }
  writeFileSync(join(next, "cache/lock"), lock, "latin1");
  if (settings.ownCommand) keepCode(root, app, out);
  layers(settings, root, out, runner);
}

if (import.meta.filename === process.argv[1]) {
  try {
    await main(...process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`\n${error.message}\n`);
    process.exitCode = 1;
  }
}
