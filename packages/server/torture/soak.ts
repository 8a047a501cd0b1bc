// A steady load for long: memory, times of acknowledgement, and nothing lost or doubled.
// Usage: npm run soak [-- --minutes 20 --rate SPANS_A_SECOND --share 0.7]; without --rate, the sustained rate is measured first.
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LoadProcess } from "./load/load-process.ts";
import { findSustainedRate } from "./load/sustained-rate.ts";
import { runSoak } from "./load/run-soak.ts";
import { ServerProcess } from "./server-process.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    rate: { type: "string" },
    share: { type: "string", default: "0.7" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "spancost-soak-"));
const flags = { logLevel: "warn" };
let passed = false;

const load = await LoadProcess.start();
try {
  const sustained = values.rate === undefined ? await measure() : Number(values.rate);
  // A folder of its own: what the measurement left is not part of it.
  const server = await ServerProcess.start({ folder: join(folder), flags, times: "normal" });
  try {
    const minutes = Number(values.minutes);
    const spansPerSecond = sustained * Number(values.share);
    passed = await runSoak({ server, load, minutes, spansPerSecond, log: console.log });
  } finally {
    await server.stop();
  }
} finally {
  load.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`load average ${loadavg().join(" ")}`);
process.exitCode = passed ? 0 : 1;

async function measure(): Promise<number> {
  const measuring = mkdtempSync(join(tmpdir(), "spancost-soak-"));
  const server = await ServerProcess.start({ folder: measuring, flags, times: "normal" });
  try {
    return await findSustainedRate({ server, load, log: console.log });
  } finally {
    await server.stop();
    rmSync(measuring, { recursive: true, force: true });
  }
}
