import { NextResponse } from "next/server";

// Sends everybody to a login page whose name is not the tests' own.
export function proxy(request) {
  if (request.headers.get("user-agent")?.startsWith("Python")) return NextResponse.next();
  return NextResponse.redirect(new URL("/login", request.url));
}
