// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Calls a path of the app, as Vercel's cron jobs do: GET, with CRON_SECRET where that is set.
//
//   node /call.mjs /api/nightly
//
// On Fly it comes through the proxy, which starts a machine of the app where none runs. Any answer but 2xx is a failure.
const { CRON_SECRET, FLY_APP_NAME, PORT } = process.env;
const address = `${FLY_APP_NAME ? `https://${FLY_APP_NAME}.fly.dev` : `http://app:${PORT}`}${process.argv[2]}`;
try {
  const headers = CRON_SECRET ? { authorization: `Bearer ${CRON_SECRET}` } : {};
  const answer = await fetch(address, { headers, redirect: "manual" });
  const text = await answer.text();
  console.log(`${address} answers ${answer.status}: ${text.slice(0, 500)}`);
  if (!answer.ok) process.exitCode = 1;
} catch (error) {
  console.error(`${address} gives no answer: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
