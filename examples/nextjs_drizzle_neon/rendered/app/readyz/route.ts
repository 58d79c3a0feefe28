import { headers } from "next/headers";

// Part of the image, not of the app, so no package of the app's is needed for it: see fly/database.mjs.
const DATABASE = "/migrate/database.mjs";

async function databaseCheck() {
  try {
    const { check } = await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ DATABASE);
    return await check();
  } catch {
    return { status: "unavailable", ms: 0 };
  }
}

// Says whether everything the app needs answers as well, 200 or 503.
export async function GET() {
  await headers(); // answered anew for every request, with and without cacheComponents
  const checks = { database: await databaseCheck() };
  const ready = checks.database.status === "ok";
  return Response.json(
    { status: ready ? "ok" : "unavailable", checks },
    { status: ready ? 200 : 503, headers: { "cache-control": "no-store" } },
  );
}
