import { drizzle } from "drizzle-orm/libsql";
import { tasks } from "@/db/schema";

// Without a timeout this driver loses what it acknowledges after a lock.
const db = drizzle({ connection: { url: process.env.DB_FILE_NAME!, timeout: 5000 } });

export async function GET(request: Request) {
  const title = new URL(request.url).searchParams.get("add");
  if (title) await db.insert(tasks).values({ title });
  return Response.json(await db.select().from(tasks));
}
