import { spawn } from "node:child_process";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { startOtlpSink } from "./otlp-sink.ts";

const APP = fileURLToPath(new URL("apps/ending.js", import.meta.url));
const TEST_TIMEOUT_MS = 20_000;

const sink = await startOtlpSink();
/** Takes requests and never answers. */
const silent: Server = createServer(() => {});
await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
const silentUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
afterEach(() => void sink.take());
afterAll(async () => {
  silent.closeAllConnections();
  silent.close();
  await sink.close();
});

/** Runs the app; one that says "ready" is sent SIGTERM, as often as asked for. */
async function run(ending: string, endpoint = sink.url, signals = 1) {
  const child = spawn(process.execPath, [APP, ending], {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", SECRET: "s3cret" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (!text.includes("ready\n")) return;
      child.kill("SIGTERM");
      if (signals > 1) setTimeout(() => child.kill("SIGTERM"), 200);
    });
  return new Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, output }));
  });
}

const LOST = `spancost: 1 spans could not be sent to ${silentUrl}/v1/traces when the process ended; they are lost\n`;
const names = () => sink.take().map(({ name }) => name);

describe("the end of a process", () => {
  it.each([
    ["keeps its exit code", "exit-code", { code: 3, signal: null, output: "" }],
    ["waits for who works on before it", "works-on", { code: 0, signal: null, output: "done\n" }],
    [
      "is decided by a listener that was there first, once",
      "once-before",
      { code: 7, signal: null, output: "ready\n" },
    ],
    [
      "is decided by a library that sends the signal again",
      "sends-again",
      { code: null, signal: "SIGTERM", output: "ready\n" },
    ],
  ])("%s, and what is queued is sent", async (_name, ending, expected) => {
    expect(await run(ending)).toEqual(expected);
    expect(names()).toEqual(["cost search"]);
  });

  it(
    "is not held up for long by a receiver that does not answer, and says what is lost",
    async () => {
      expect(await run("end", silentUrl)).toEqual({ code: 0, signal: null, output: LOST });
      expect(await run("exit-while-sending", silentUrl)).toEqual({ code: 5, signal: null, output: LOST });
      expect(await run("alone", silentUrl)).toEqual({ code: null, signal: "SIGTERM", output: `ready\n${LOST}` });
    },
    TEST_TIMEOUT_MS,
  );

  it("comes at once with a second signal", async () => {
    expect(await run("alone", silentUrl, 2)).toEqual({ code: null, signal: "SIGTERM", output: "ready\n" });
  });
});
