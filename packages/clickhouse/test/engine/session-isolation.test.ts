import { gunzipSync } from "node:zlib";
import { once } from "node:events";
import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { ask, startEngine } from "./engine-harness.ts";

const CHANGED = "SELECT name, value FROM system.settings WHERE changed ORDER BY name";
const THREADS = "SELECT getSetting('max_threads')";

/** One session, so that each query is in the one that the last query was in. */
async function startOne(): Promise<{ socketPath: string; initial: string }> {
  const { engine } = await startEngine({ sessions: 1 });
  return { socketPath: engine.socketPath, initial: await ask(engine.socketPath, CHANGED) };
}

describe("what a query is asked with", () => {
  it("is not there for the next query that asks for other settings, fewer or none", async () => {
    const { socketPath, initial } = await startOne();
    const read = (settings: Record<string, string | number>) => ask(socketPath, THREADS, { settings });
    const original = await read({});
    expect(await read({ max_threads: 7, max_block_size: 1_000 })).toBe("7");
    expect(await read({ max_threads: 7 })).toBe("7");
    expect(await ask(socketPath, "SELECT getSetting('max_block_size') = 1000", { settings: { max_threads: 7 } })).toBe(
      "0",
    );
    expect(await read({ max_threads: 5, implicit_select: 0 })).toBe("5");
    expect(await read({ max_block_size: 1_000 })).toBe(original);
    expect(await ask(socketPath, CHANGED)).toBe(initial);
  });

  it("does not stay when it could not be set as a whole", async () => {
    const { socketPath, initial } = await startOne();
    for (const settings of [
      { max_threads: 7, max_block_size: "none" },
      { max_threads: 7, no_such: 1 },
      { max_threads: 7, database: "no_such" },
    ]) {
      await expect(ask(socketPath, THREADS, { settings })).rejects.toThrow(/Code: \d+/);
      expect(await ask(socketPath, CHANGED)).toBe(initial);
      expect(await ask(socketPath, "SELECT currentDatabase()")).toBe("default");
    }
  });

  it.each([
    "SET max_threads = 7",
    "/* a comment */ set max_threads = 7",
    "SELECT 1; SET max_threads = 7",
    "SET max_threads = 7; SELECT nothing",
    "USE system",
    "CREATE TEMPORARY TABLE left_over (x UInt8)",
  ])("is not changed for others by %s", async (sql) => {
    const { socketPath, initial } = await startOne();
    await ask(socketPath, sql, { settings: { max_block_size: 1_000 } }).catch(() => {});
    expect(await ask(socketPath, CHANGED)).toBe(initial);
    expect(await ask(socketPath, "SELECT currentDatabase()")).toBe("default");
    await expect(ask(socketPath, "SELECT * FROM left_over")).rejects.toThrow(/UNKNOWN_TABLE/);
  });

  it("is a database of its own for each query", async () => {
    const { socketPath } = await startOne();
    const read = (database?: string) =>
      ask(socketPath, "SELECT currentDatabase()", database === undefined ? {} : { settings: { database } });
    expect([await read("system"), await read("system"), await read(), await read("system")]).toEqual([
      "system",
      "system",
      "default",
      "system",
    ]);
  });

  it("is kept apart among many queries at once, also while sessions are opened anew", async () => {
    const { engine } = await startEngine();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        if (n % 4 === 3) return ask(engine.socketPath, `SET max_threads = ${n + 1}`);
        return ask(engine.socketPath, THREADS, { settings: { max_threads: n + 1 } });
      }),
    );
    expect(answers).toEqual(Array.from({ length: 200 }, (_, n) => (n % 4 === 3 ? "" : String(n + 1))));
  });
});

describe("an answer", () => {
  it.each([
    ["small, as it is", 10, undefined],
    ["large, compressed where the client takes that", 100_000, "gzip"],
  ])("is sent %s", async (_how, count, encoding) => {
    const { engine } = await startEngine();
    const sent = request({
      socketPath: engine.socketPath,
      method: "POST",
      path: "/",
      headers: { "Accept-Encoding": "gzip" },
      agent: false,
    });
    sent.end(`SELECT number FROM numbers(${count})`);
    const [response] = await once(sent, "response");
    expect(response.headers["content-encoding"]).toBe(encoding);
    const body = await buffer(response);
    const text = (encoding === "gzip" ? gunzipSync(body) : body).toString();
    expect(text).toBe(Array.from({ length: count }, (_, n) => `${n}\n`).join(""));
  });
});
