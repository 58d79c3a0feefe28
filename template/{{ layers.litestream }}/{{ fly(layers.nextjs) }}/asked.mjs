// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Loaded before the app. Next.js ends with 143 when it is asked to end; Litestream would take that for a failure, and leave
// out its last sync.
process.on("exit", (code) => {
  if (code === 143) process.exitCode = 0;
});
