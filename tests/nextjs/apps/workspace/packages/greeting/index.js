export const greeting = "hello from a package of the workspace";
