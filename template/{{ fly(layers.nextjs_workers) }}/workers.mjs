// @ts-nocheck - for an app whose tsconfig checks every JavaScript file (checkJs)
// Adds to the image what workers and schedules run, after fly/build.mjs:
//
//   node workers.mjs ROOT OUT     ROOT is the repository, OUT what fly/build.mjs wrote
//
//   OUT/workers   the files that a worker starts and what these import, as far as OUT does not have it for the app
//
// Next.js traces what its pages import; this traces the workers with the same tool, which Next.js brings along.
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

class Stop extends Error {}

/** The JavaScript file that a command starts: the first word behind node and its options. */
export function fileOf(command) {
  return command.split(" ").find((word, place) => place > 0 && !word.startsWith("--"));
}

function place(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  // pnpm keeps packages in one folder, and links to them.
  if (lstatSync(from).isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else cpSync(from, to);
}

async function main(root, out) {
  const { appDir, workers } = JSON.parse(readFileSync(join(root, "fly/settings.json"), "utf8"));
  const app = join(root, appDir);
  const files = workers.map((command) => [fileOf(command), command]);
  for (const [file, command] of files) {
    if (!existsSync(join(app, file))) {
      throw new Stop(
        `The command ${command} has no file ${file} after the build. Let the script build make it, or name another: ` +
          "copier update --trust -A -r :current: --ask workers (or --ask schedules)",
      );
    }
  }
  const { nodeFileTrace } = createRequire(join(app, "package.json"))("next/dist/compiled/@vercel/nft");
  const started = files.map(([file]) => join(app, file));
  const { fileList } = await nodeFileTrace(started, { base: root, processCwd: app });
  mkdirSync(join(out, "workers"), { recursive: true });
  for (const file of fileList) {
    const there = ["packages", "app"].some((layer) => existsSync(join(out, layer, file)));
    const inNext = file.startsWith(`${join(appDir, ".next")}/`);
    if (!there && !inNext) place(join(root, file), join(out, "workers", file));
  }
  console.log(`Added for ${files.map(([file]) => relative(root, join(app, file))).join(", ")}`);
}

if (import.meta.filename === process.argv[1]) {
  try {
    await main(...process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`\n${error.message}\n`);
    process.exitCode = 1;
  }
}
