import { connect } from "node:net";
import { createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./running-server.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

/** Sends raw bytes and gives the status line. */
async function send(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {});
  socket.write(request);
  const answer = await new Promise<string>((resolve) => {
    socket.once("data", (data) => resolve(data.toString().split("\r\n")[0] ?? ""));
    socket.once("close", () => resolve("closed"));
  });
  socket.destroy();
  return answer;
}

async function isAlive(): Promise<boolean> {
  return (await fetch(`${server.server.urls.sql}/?query=SELECT+1`)).ok;
}

describe("the SQL endpoint", () => {
  it("serves ClickHouse's own client", async () => {
    const client = createClient({ url: server.server.urls.sql, database: "spancost" });
    expect((await client.ping()).success).toBe(true);
    const result = await client.query({
      query: "SELECT count() AS n, {text:String} AS text FROM calls",
      query_params: { text: "it's" },
      format: "JSONEachRow",
    });
    expect(await result.json()).toEqual([{ n: "0", text: "it's" }]);
    await expect(client.query({ query: "SELECT * FROM llm_calls" })).rejects.toThrow(/not allowed/);
    await expect(client.insert({ table: "calls", values: [{ a: 1 }], format: "JSONEachRow" })).rejects.toThrow(
      /read-only/,
    );
    await client.close();
  });

  it.each([
    ["a target that is no URL", "GET // HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", /400/],
    ["another", "GET http://[/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", /400/],
    [
      "a body that is not gzip, beside a query",
      "POST /?query=SELECT%201 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
      /200/,
    ],
    [
      "a query that is not gzip",
      "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
      /500/,
    ],
  ])("goes on after %s", async (_what, request, status) => {
    expect(await send(server.server.urls.sql, request)).toMatch(status);
    expect(await isAlive()).toBe(true);
  });

  it("goes on on the other ports after a target that is no URL", async () => {
    for (const url of [server.server.urls.otlp, server.server.urls.api]) {
      expect(
        await send(
          url,
          "POST // HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        ),
      ).toMatch(/4\d\d/);
    }
    expect(await isAlive()).toBe(true);
  });
});

describe("a report", () => {
  it.each([
    "tenant",
    "user",
    "feature",
    "model",
    "provider",
    "task",
    "session",
    "day",
    "hour",
    "label:plan",
    "tenant,hour",
    "day,hour,model",
  ])("can be grouped by %s", async (by) => {
    expect((await fetch(`${server.server.urls.api}/api/v1/spend?by=${by}`)).status).toBe(200);
  });
});
