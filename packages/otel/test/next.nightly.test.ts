import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AttributionPropagator, withAttribution } from "../src/index.ts";
import { KEY, TRACEPARENT } from "./boundary/keys.ts";
import { ask, open } from "./middleware-client.ts";

const APP = fileURLToPath(new URL("next-app", import.meta.url));
const PACKAGES = fileURLToPath(new URL("../..", import.meta.url));
/** Installing Next takes 12 s and building the app 9 s on 2 free cores; these are 2 busy ones. */
const START_TIMEOUT_MS = 240_000;

const run = promisify(execFile);
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_OPTIONS: "" };
let folder = "";
let stop = async (): Promise<unknown> => undefined;
let port = 0;

/** Copies the built packages in, as an installed version would lie there: links that leave the folder are refused by Next's bundler. */
async function install(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), "next-app-"));
  await cp(APP, folder, { recursive: true });
  await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: folder, env });
  for (const name of ["core", "rates", "otel"]) {
    for (const part of ["dist", "package.json"]) {
      const to = join(folder, "node_modules/@spancost", name, part);
      await cp(join(PACKAGES, name, part), to, { recursive: true });
    }
  }
}

/** Starts the built app on a free port. */
async function start(): Promise<number> {
  const next = join(folder, "node_modules/next/dist/bin/next");
  await run(process.execPath, [next, "build"], { cwd: folder, env });
  const server = spawn(process.execPath, [next, "start", "-p", "0", "-H", "127.0.0.1"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  stop = async () => {
    if (server.exitCode !== null) return;
    const ended = once(server, "exit");
    server.kill();
    await ended;
  };
  for await (const line of createInterface(server.stdout)) {
    const [, found] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (found !== undefined) return Number(found);
  }
  throw new Error("next start did not say its port");
}

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  await install();
  port = await start();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

describe("a built Next.js app", () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  afterAll(() => agent.destroy());
  const ids = Array.from({ length: 200 }, (_, index) => `t-${index}`);

  it("keeps attribution in 200 interleaved bodies that are pulled after the handler has returned", async () => {
    const bodies = await Promise.all(
      ids.map(async (id) => (await ask(port, { path: "/api", tenant: id, agent })).body),
    );
    expect(bodies.map((body) => body.replaceAll(/,x+/g, " "))).toEqual(ids.map((id) => `${id} `.repeat(10)));
  });

  it("keeps it in POST bodies", async () => {
    const send = async (id: string) => {
      const body = JSON.stringify({ text: "x".repeat(100_000) });
      return JSON.parse((await ask(port, { method: "POST", path: "/api", tenant: id, body, agent })).body) as unknown;
    };
    expect(await Promise.all(ids.map(send))).toEqual(ids.map((id) => ({ tenant: id, length: 100_000 })));
  });

  it("believes a signature, and a stranger nothing", async () => {
    const signed = withAttribution({ tenantId: "acme" }, () =>
      new AttributionPropagator({ signingKeys: [KEY] }).write(TRACEPARENT),
    );
    const payer = async (headers: Record<string, string>) =>
      (await ask(port, { path: "/api", headers: { traceparent: TRACEPARENT, ...headers } })).body.split(",", 1)[0];
    expect(await payer({ ...signed })).toBe("acme");
    expect(await payer({ baggage: "tenant_id=victim" })).toBe("undefined");
    expect(await payer({ baggage: "tenant_id=victim", "x-tenant": "mallory" })).toBe("mallory");
  });

  it("attributes the proxy", async () => {
    const response = await open(port, { path: "/api", tenant: "t-1" });
    response.resume();
    expect(response.headers["x-proxy-tenant"]).toBe("t-1");
  });

  it("attributes a server action", async () => {
    const page = (await ask(port, { path: "/act" })).body;
    const [, action = ""] = /name="(\$ACTION_ID_[^"]+)"/.exec(page) ?? [];
    const form = new FormData();
    form.set(action, "");
    form.set("word", "hello");
    const response = await fetch(`http://127.0.0.1:${port}/act`, {
      method: "POST",
      body: form,
      headers: { "x-tenant": "t-2" },
    });
    expect(decodeURIComponent(response.headers.get("set-cookie") ?? "")).toContain("said=hello of t-2");
  });
});
