import app from "../../package.json";

// Says that this machine serves, and touches nothing else: it decides about traffic, so a pause of the database
// does not take every machine out at once.
export default function livez(_request, response) {
  response.setHeader("cache-control", "no-store");
  response.status(200).json({
    status: "ok",
    version: "version" in app ? app.version : "unknown",
    revision: process.env.REVISION ?? "unknown",
    image: process.env.FLY_IMAGE_REF ?? "unknown",
    machine: process.env.FLY_MACHINE_ID ?? "unknown",
  });
}
