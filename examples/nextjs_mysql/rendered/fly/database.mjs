// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// What the readiness check asks: whether the database's server accepts a connection.
import { resolveSrv } from "node:dns/promises";
import { connect } from "node:net";

const NAME = "DATABASE_URL";
const PORT = 3306;
const LIMIT = 1000; // ms

const ADDRESS = /^([a-z0-9+]+):\/\/(?:[^@/]*@)?(?:\[([^\]]+)\]|([^:,/?]+))(?::(\d+))?/i;

/** Host and port of the (first) server; nothing where the address does not say them. */
async function server() {
  const [, scheme, ipv6, name, given] = ADDRESS.exec(process.env[NAME] ?? "") ?? [];
  if (scheme === "mongodb+srv") {
    const [first] = await resolveSrv(`_mongodb._tcp.${name}`);
    return { host: first.name, port: first.port };
  }
  const port = Number(given) || PORT;
  return scheme && port ? { host: ipv6 ?? name, port } : undefined;
}

function reach(address) {
  if (!address) return "none";
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, timeout: LIMIT });
    socket.on("error", reject).on("timeout", () => socket.destroy(new Error("late")));
    socket.on("connect", () => {
      socket.destroy();
      resolve("ok");
    });
  });
}

/** Whether the server accepts a connection: `{ status: "ok" | "unavailable" | "none", ms }`, after a second at the latest;
    "none" where there is no server that could be asked. */
export async function check() {
  const started = performance.now();
  const late = new Promise((_, reject) => setTimeout(reject, LIMIT, new Error("late")).unref());
  const status = await Promise.race([server().then(reach), late]).catch(() => "unavailable");
  return { status, ms: Math.round(performance.now() - started) };
}
