import { headers } from "next/headers";
import { drizzle } from "drizzle-orm/node-postgres";
import { tasks } from "@/db/schema";

const db = drizzle(process.env.DATABASE_URL!);

export async function GET() {
  await headers();
  return Response.json(await db.select().from(tasks));
}
