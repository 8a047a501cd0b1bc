import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { callServer } from "../src/call-server.ts";

let server: Server | undefined;

afterEach(() => server?.close());

async function serve(handler: RequestListener): Promise<string> {
  server = createServer(handler);
  await new Promise<void>((resolve) => {
    server?.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ask = (url: string, token: string | null = null) =>
  callServer({ url, token }, "/api/v1/erase", { method: "POST", headers: { "Content-Type": "text/x" }, body: "{}" });

describe("asking the server", () => {
  it("sends the request with the token", async () => {
    const url = await serve((request, response) => {
      const { method, url: path, headers } = request;
      response.end(JSON.stringify([method, path, headers.authorization, headers["content-type"]]));
    });
    const answer = await ask(url, "secret");
    expect(await answer.json()).toEqual(["POST", "/api/v1/erase", "Bearer secret", "text/x"]);
  });

  it("tells what the server says, how to start one where there is none, and an answer that did not come from both", async () => {
    const refusing = await serve((_, response) => {
      response.writeHead(409).end(JSON.stringify({ error: { code: "x", message: "Not now." } }));
    });
    await expect(ask(refusing)).rejects.toMatchObject({ message: "Not now.", exitCode: 1 });
    server?.closeAllConnections();
    server?.close();
    await expect(ask(refusing)).rejects.toMatchObject({ message: expect.stringMatching(/No .* up/), exitCode: 3 });
    const broken = await serve(({ socket }) => void socket.destroy());
    await expect(ask(broken)).rejects.toMatchObject({
      message: expect.stringContaining("without an answer"),
      exitCode: 3,
    });
  });
});
