import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { waitUntilUnresponsive } from "../../src/engine/heartbeat.ts";

const TIMES = { intervalMs: 5, timeoutMs: 100 };

/** Something that answers in an engine's place, since a real one cannot be broken in all these ways. */
async function serve(listener: RequestListener): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), "spancost-test-"));
  const socketPath = join(dir, "s");
  const server = createServer(listener).listen(socketPath);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return socketPath;
}

/** An answer to the question with this number, from 1 on: an error code of ClickHouse, `0` for none, `null` for no answer. */
function answer(code: (question: number) => number | null): { listener: RequestListener; asked: () => number } {
  let asked = 0;
  const listener: RequestListener = (_, response) => {
    const given = code((asked += 1));
    if (given === null) return;
    if (given !== 0) response.setHeader("X-ClickHouse-Exception-Code", String(given));
    response.writeHead(given === 0 ? 200 : 500).end("answer");
  };
  return { listener, asked: () => asked };
}

describe("an engine is unresponsive", () => {
  const never = new AbortController().signal;

  it("when two questions in a row get no answer", async () => {
    const { listener, asked } = answer((question) => (question >= 4 ? null : 0));
    expect(await waitUntilUnresponsive(await serve(listener), TIMES, never)).toBe("no answer within 100 ms");
    expect(asked()).toBe(5);
  });

  it("when its native code has ended and every query fails", async () => {
    const { listener } = answer(() => 236);
    expect(await waitUntilUnresponsive(await serve(listener), TIMES, never)).toContain("error code 236");
  });

  it("when nothing listens on its socket", async () => {
    const socketPath = await serve(() => {});
    expect(await waitUntilUnresponsive(`${socketPath}-other`, TIMES, never)).toContain("ENOENT");
  });

  it("not after a single question without an answer, nor for want of memory", async () => {
    const stop = new AbortController();
    const { listener, asked } = answer((question) => {
      if (question === 10) stop.abort();
      if (question % 3 === 0) return null;
      return question % 3 === 1 ? 241 : 0;
    });
    expect(await waitUntilUnresponsive(await serve(listener), TIMES, stop.signal)).toBeNull();
    expect(asked()).toBe(10);
  });
});
