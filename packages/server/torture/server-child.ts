// The process of the server under test: the real server, whose clock and disk the parent can make fail.
import { DISK } from "@spancost/collector";
import { keepHeapSmall, loadConfig, type RunningServer, type ServerSeams, startServer } from "@spancost/server";
import { FaultyDisk } from "./faulty-disk.ts";
import type { FromServer, ServerTimes, ToServer } from "./server-messages.ts";

const TIMES: Readonly<Record<ServerTimes, ServerSeams>> = {
  quick: {
    maintenanceTimes: { settleMs: 120, sealMs: 200, cleanUpMs: 1_500, afterFailureMs: 200 },
    engineTimes: { heartbeat: { intervalMs: 300, timeoutMs: 2_000 }, maxBackoffMs: 500, stableAfterMs: 1_000 },
  },
  normal: {},
};

const disk = new FaultyDisk(DISK);
let clockOffsetMs = 0;
let server: RunningServer | undefined;

keepHeapSmall();
process.on("message", (message: ToServer) => {
  if (message.type === "start") void start(message);
  if (message.type === "clock") clockOffsetMs = message.offsetMs;
  if (message.type === "disk") disk.fault = message.fault;
  if (message.type === "stop") void stop();
});
// A terminal's Ctrl-C reaches this process too; whoever started it decides how it ends.
process.on("SIGINT", () => {});
// Whoever started it is gone.
process.on("disconnect", () => process.exit(1));

async function start({ flags, clockOffsetMs: offsetMs, times }: Extract<ToServer, { type: "start" }>): Promise<void> {
  clockOffsetMs = offsetMs;
  try {
    server = await startServer(loadConfig({}, flags), { ...TIMES[times], disk, now: () => Date.now() + clockOffsetMs });
    tell({ type: "ready", urls: server.urls });
  } catch (error) {
    tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}

async function stop(): Promise<void> {
  await server?.stop();
  process.exit(0);
}

function tell(message: FromServer): void {
  process.send?.(message);
}
