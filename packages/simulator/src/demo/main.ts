import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { runDemo } from "./run-demo.ts";
import { showWarningsOnce } from "./show-warnings-once.ts";

process.exitCode = await main();

/** `main.js [--once]`; gives the exit code. */
async function main(): Promise<number> {
  showWarningsOnce(console);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => stop.abort(signal));
  }
  let finished = false;
  try {
    const { values } = parseArgs({ options: { once: { type: "boolean", default: false } } });
    const cliPath = fileURLToPath(new URL("../../../cli/dist/main.js", import.meta.url));
    await runDemo({
      cliPath,
      once: values.once,
      signal: stop.signal,
      print: (line) => console.log(line),
    });
    finished = true;
  } catch (error) {
    if (!stop.signal.aborted)
      console.error(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (finished) return 0;
  return stop.signal.aborted ? 128 + constants.signals.SIGINT : 1;
}
