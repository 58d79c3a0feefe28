import ms from "ms";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 1 });
let works = true;
process.on("SIGTERM", () => {
  works = false;
});
while (works) {
  const { rows } = await pool.query("select title from tasks");
  console.log(`${process.env.FLY_PROCESS_GROUP} sees ${rows.map((row) => row.title).join(", ")}`);
  await new Promise((resolve) => setTimeout(resolve, ms("1s")));
}
await pool.end();
console.log("done with all");
