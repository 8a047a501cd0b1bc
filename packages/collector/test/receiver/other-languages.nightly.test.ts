import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { decodeProtobuf } from "../../src/otlp/decode-protobuf.ts";
import { startReceivers, TAKEN, type TestReceivers } from "./running-receivers.ts";

const run = promisify(execFile);
const SENDERS = new URL("senders/", import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), "spancost-senders-"));
const started: TestReceivers[] = [];
const PYTHON_PACKAGE = "opentelemetry-exporter-otlp-proto-grpc==1.45.2";
const GO_VERSION = "v1.47.0";
const TEST_TIMEOUT_MS = 60_000;

afterEach(() => Promise.all(started.splice(0).map((receivers) => receivers.stop())));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A program that sends one span, and its first arguments. */
type Command = readonly [file: string, ...args: string[]];

/** Gets the exporter of Python from its registry. */
async function preparePython(): Promise<Command> {
  const python = join(dir, "venv/bin/python");
  await run("python3", ["-m", "venv", join(dir, "venv")]);
  await run(python, ["-m", "pip", "install", "-q", PYTHON_PACKAGE]);
  return [python, join(SENDERS, "send.py")];
}

/** Gets the exporter of Go from its registry, and builds it. */
async function prepareGo(): Promise<Command> {
  copyFileSync(join(SENDERS, "send.go"), join(dir, "send.go"));
  await run("go", ["mod", "init", "sender"], { cwd: dir });
  const packages = ["exporters/otlp/otlptrace/otlptracegrpc", "sdk"];
  await run("go", ["get", ...packages.map((name) => `go.opentelemetry.io/otel/${name}@${GO_VERSION}`)], { cwd: dir });
  await run("go", ["build", "-o", "sender", "."], { cwd: dir });
  return [join(dir, "sender")];
}

/** What a language's sender is, or why it cannot be had here. */
async function tryTo(
  prepare: () => Promise<Command>,
): Promise<{ readonly command: Command | null; readonly why: string }> {
  try {
    return { command: await prepare(), why: "" };
  } catch (error) {
    return { command: null, why: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error) };
  }
}

const LANGUAGES = [
  ["Python", await tryTo(preparePython)],
  ["Go", await tryTo(prepareGo)],
] as const;

describe.each(LANGUAGES)("the gRPC exporter of OpenTelemetry %s", (language, { command, why }) => {
  async function send(receivers: TestReceivers, compression: string): Promise<void> {
    started.push(receivers);
    const [file = "", ...args] = command ?? [];
    await run(file, [...args, receivers.grpcAddress, compression]);
  }
  const spanNames = ({ requests }: TestReceivers) =>
    requests.map(({ body }) => decodeProtobuf(body).map(({ name }) => name));

  it.skipIf(command === null)(
    `has its spans and its token taken, plain and in gzip${why === "" ? "" : ` (skipped: ${language} is not to be had: ${why})`}`,
    async () => {
      const tokens: (string | undefined)[] = [];
      const receivers = await startReceivers({
        authenticate: ({ authorization }) => {
          tokens.push(authorization);
          return { ok: true, sender: { tenants: null, services: null } };
        },
      });
      await send(receivers, "none");
      await send(receivers, "gzip");
      expect([spanNames(receivers), tokens]).toEqual([
        [["chat"], ["chat"]],
        ["Bearer secret", "Bearer secret"],
      ]);
    },
    TEST_TIMEOUT_MS,
  );

  it.skipIf(command === null).each(["busy", "unavailable"] as const)(
    "sends again what was refused for now (%s)",
    async (reason) => {
      let tries = 0;
      const receivers = await startReceivers({
        accept: async () => {
          tries += 1;
          return tries === 1 ? { ok: false, reason, retryAfterSeconds: 1, message: "later" } : TAKEN;
        },
      });
      await send(receivers, "gzip");
      expect(spanNames(receivers)).toEqual([["chat"], ["chat"]]);
    },
    TEST_TIMEOUT_MS,
  );
});
