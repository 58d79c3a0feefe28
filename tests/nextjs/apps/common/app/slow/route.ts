import { headers } from "next/headers";
import { after } from "next/server";

// Takes two seconds, and leaves work for after the answer.
export async function GET() {
  await headers();
  after(async () => {
    await new Promise((resolve) => setTimeout(resolve, 500));
    console.log("after() ran to its end");
  });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return new Response("slow but whole");
}
