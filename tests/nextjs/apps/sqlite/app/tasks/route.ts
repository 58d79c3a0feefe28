import { drizzle } from "drizzle-orm/libsql";
import { tasks } from "@/db/schema";

const db = drizzle(process.env.DB_FILE_NAME!);

export async function GET(request: Request) {
  const title = new URL(request.url).searchParams.get("add");
  if (title) await db.insert(tasks).values({ title });
  return Response.json(await db.select().from(tasks));
}
