import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Simulator, startSimulator } from "../provider-server.ts";
import { DemoError } from "./demo-error.ts";
import { startDemoTelemetry } from "./demo-telemetry.ts";
import { driveTenants } from "./drive-tenants.ts";
import { type SpancostProcess, startSpancost } from "./spancost-process.ts";
import { waitForCalls } from "./wait-for-calls.ts";

/** How to run the demo. */
export interface DemoOptions {
  /** The CLI's main file. */
  readonly cliPath: string;
  /**
   * Where the demo makes the folder for its database.
   * @default the system's temporary folder
   */
  readonly tempFolder?: string;
  /** End after the report instead of waiting for the signal. */
  readonly once: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Takes lines for the person at the terminal. */
  readonly print: (line: string) => void;
}

/** Runs the demo from start to end and leaves neither a process nor a file behind, whatever happens. */
export async function runDemo(options: DemoOptions): Promise<void> {
  if (!existsSync(options.cliPath)) {
    throw new DemoError("spancost-not-built", `There is no ${options.cliPath}. Run "npm run build" first.`);
  }
  const undo: (() => Promise<void>)[] = [];
  try {
    const simulator = await startSimulator();
    undo.push(() => simulator.close());
    const dataFolder = await mkdtemp(join(options.tempFolder ?? tmpdir(), "spancost-demo-"));
    undo.push(() => rm(dataFolder, { recursive: true, force: true, maxRetries: 3 }));
    options.print("Starting Spancost with its embedded ClickHouse ...");
    const spancost = await startSpancost({ cliPath: options.cliPath, dataFolder });
    undo.push(() => spancost.stop());
    await Promise.race([showSpend(options, simulator, spancost), spancost.failed]);
  } finally {
    for (const step of undo.toReversed()) {
      await step().catch((error: unknown) => options.print(`Could not clean up: ${String(error)}`));
    }
  }
}

async function showSpend(options: DemoOptions, simulator: Simulator, spancost: SpancostProcess): Promise<void> {
  const { print, signal } = options;
  print(
    "Three tenants call OpenAI, Anthropic, Gemini and Groq through their real SDKs (simulated providers, no network) ...",
  );
  const telemetry = startDemoTelemetry({ simulatorUrl: simulator.url, otlpUrl: spancost.otlpUrl });
  try {
    await driveTenants({ simulatorUrl: simulator.url, signal, onCall: createProgress(print) });
  } finally {
    await telemetry.shutdown();
  }
  signal.throwIfAborted();
  const expected = simulator.journal().length;
  await waitForCalls({ apiUrl: spancost.apiUrl, expected, signal });
  print(`The providers billed ${expected} calls; Spancost counts ${expected}.`);
  for (const dimension of ["tenant", "feature", "model"]) {
    print(`\nSpend by ${dimension}:`);
    await runReport(options.cliPath, ["report", "--by", dimension, "--url", spancost.apiUrl]);
  }
  if (options.once) return;
  print(toNextSteps(spancost));
  if (!signal.aborted) await once(signal, "abort");
}

/** A line for every twentieth call. */
const PROGRESS_STEP = 20;

function createProgress(print: DemoOptions["print"]): (call: unknown, done: number, total: number) => void {
  return (_call, done, total) => {
    if (done % PROGRESS_STEP === 0 || done === total) print(`  ${done} of ${total} calls`);
  };
}

async function runReport(cliPath: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [cliPath, ...args], { stdio: ["ignore", "inherit", "inherit"] });
  const [code, signal] = await once(child, "close");
  if (code !== 0)
    throw new DemoError("report-failed", `"spancost ${args.join(" ")}" ended with ${signal ?? `exit code ${code}`}.`);
}

function toNextSteps({ apiUrl, otlpUrl, sqlUrl }: SpancostProcess): string {
  return `
Where to look next, in another terminal:
  Report   npm run spancost -- report --by tenant,feature --url ${apiUrl}
  SQL      npm run spancost -- sql "SELECT tenant_id, sum(cost) FROM calls GROUP BY 1" --url ${apiUrl}
  API      curl "${apiUrl}/api/v1/spend?by=tenant,model"
  Clients  ClickHouse's HTTP interface, read-only: curl "${sqlUrl}/?query=SELECT+count()+FROM+calls"
  Spans    send your own OTLP to ${otlpUrl}/v1/traces

Ctrl-C ends the demo and removes its data.`;
}
