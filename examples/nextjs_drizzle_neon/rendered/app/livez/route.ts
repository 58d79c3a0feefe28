import { headers } from "next/headers";
import app from "../../package.json";

// Says that this machine serves, and touches nothing else: it decides about traffic, so a pause of the database
// does not take every machine out at once.
export async function GET() {
  await headers(); // answered anew for every request, with and without cacheComponents
  return Response.json(
    {
      status: "ok",
      version: "version" in app ? app.version : "unknown",
      revision: process.env.REVISION ?? "unknown",
      image: process.env.FLY_IMAGE_REF ?? "unknown",
      machine: process.env.FLY_MACHINE_ID ?? "unknown",
    },
    { headers: { "cache-control": "no-store" } },
  );
}
