// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Answers /livez and /readyz before the app sees a request, so that none of its logins, locales, base paths or host
// checks stands between Fly's checks and the answer. Loaded by the image's command: node --require /health.cjs …
// It also makes redirects relative that name the address which only this machine knows.
//
//   /livez   200: this process serves, and which build it is. It asks nothing else: it decides about traffic, so a pause
//            of the database must not take every machine out at once.
//   /readyz  200, or 503: what the app needs answers too.
//
// Both are 503 until the app has answered a first request, as a server listens before its code is loaded.
const { existsSync, readFileSync } = require("node:fs");
const http = require("node:http");
const { join } = require("node:path");
const { randomUUID } = require("node:crypto");

const PATH = /^\/(livez|readyz)(?:\?|$)/;
const WAIT = 1000; // ms that one check waits for the app's first answer
const BOOT = 30_000; // ms after which a process that is still there counts as booted
const TOKEN = randomUUID(); // marks the request that is for the app itself
const DATABASE = join(__dirname, "migrate/database.mjs");

// Next.js 13.1 to 13.4.14 makes addresses of `::` without brackets: its pages are errors then, while the checks are well.
const BRACKETLESS = /^13\.(?:[123]\.|4\.(?:\d|1[0-4])$)/;
try {
  const next = require.resolve("next/package.json", { paths: [process.cwd()] });
  const listens = process.env.HOSTNAME === "::" && BRACKETLESS.test(JSON.parse(readFileSync(next, "utf8")).version);
  if (listens) process.env.HOSTNAME = "0.0.0.0";
} catch {
  // A worker without Next.js.
}

function version() {
  try {
    return JSON.parse(readFileSync("package.json", "utf8")).version ?? "unknown";
  } catch {
    return "unknown";
  }
}

const build = { status: "ok", version: version(), revision: process.env.REVISION ?? "unknown" };
const machine = {
  image: process.env.FLY_IMAGE_REF ?? "unknown",
  machine: process.env.FLY_MACHINE_ID ?? "unknown",
};

// Which image and machine these are is told inside the private network, and to who knows the machine's id already.
function isPrivate({ headers, socket }) {
  const inside = /^(::ffff:)?127\.|^::1$|^fdaa:/i.test(socket.remoteAddress ?? "");
  const known = headers["x-machine-id"] === process.env.FLY_MACHINE_ID && headers["x-machine-id"];
  return known || (inside && !headers["fly-client-ip"]);
}

const checks = {
  livez: async (request) => (isPrivate(request) ? { ...build, ...machine } : build),
  readyz: async () => {
    const database = await askDatabase();
    const status = database.status === "unavailable" ? "unavailable" : "ok";
    return { status, checks: { database } };
  },
};

async function askDatabase() {
  if (!existsSync(DATABASE)) return { status: "none" };
  try {
    const { check } = await import(DATABASE);
    return await check();
  } catch {
    return { status: "unavailable", ms: 0 };
  }
}

let booted = false;
let booting;

// Whatever the app says, an error too: it is there.
function askApp(server) {
  const { address, port } = server.address() ?? {};
  if (!port) return Promise.resolve(); // a Unix socket
  const host = ["::", "0.0.0.0"].includes(address) ? "127.0.0.1" : address;
  return new Promise((resolve) => {
    const options = { host, port, method: "HEAD", path: "/livez", headers: { "x-health": TOKEN }, agent: false };
    http.request(options, resolve).on("response", (response) => response.resume()).on("error", resolve).end();
    setTimeout(resolve, BOOT).unref();
  });
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref());

async function answer(server, check, request, response) {
  if (!["GET", "HEAD"].includes(request.method)) {
    response.writeHead(405, { allow: "GET, HEAD", "content-length": 0 }).end();
    return;
  }
  booting ??= askApp(server).then(() => {
    booted = true;
  });
  if (!booted) await Promise.race([booting, sleep(WAIT)]);
  const said = booted ? await check(request) : { status: "unavailable" };
  const body = JSON.stringify(said);
  response.writeHead(said.status === "ok" ? 200 : 503, {
    "cache-control": "no-store",
    "content-length": Buffer.byteLength(body),
    "content-type": "application/json",
  });
  response.end(body);
}

// Next.js takes the address of a request from where the server listens, so a redirect to new URL("/login", request.url)
// would send the browser to https://[::]:3000/login. A proxy would put the name right; here it goes out as a path, and
// what such a redirect says of the way back (?next=https://[::]:3000/cart) gets the name that the browser knows.
const PORT = process.env.PORT ?? 3000;
const NAMES = "(?:localhost|127\\.0\\.0\\.1|0\\.0\\.0\\.0|(?:\\[|%5B)(?::|%3A){2}1?(?:\\]|%5D))";
const OWN = new RegExp(`^https?://${NAMES}:${PORT}(?![^/?#])/*`);
const NAMED = new RegExp(`https?(?:://${NAMES}:|%3A%2F%2F${NAMES}%3A)${PORT}(?!\\d)`, "gi");

function redirectByPath({ headers }, response) {
  const { writeHead } = response;
  const outside = `${headers["x-forwarded-proto"] ?? "http"}://${headers.host}`;
  response.writeHead = function (...head) {
    const [location] = [this.getHeader("location")].flat(); // Next.js sets a list of one
    if (location) {
      const named = (own) => (own.includes("%3A%2F") ? encodeURIComponent(outside) : outside);
      this.setHeader("location", String(location).replace(OWN, "/").replace(NAMED, named));
    }
    return writeHead.apply(this, head);
  };
}

const { emit } = http.Server.prototype;

http.Server.prototype.emit = function (event, ...rest) {
  if (event === "request") {
    const [request, response] = rest;
    redirectByPath(request, response);
    const [, name] = PATH.exec(request.url) ?? [];
    if (name && request.headers["x-health"] !== TOKEN) {
      answer(this, checks[name], request, response);
      return true;
    }
  }
  return emit.call(this, event, ...rest);
};
