import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable, pipeline } from "node:stream";
import { json, text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { attribution } from "../src/node-http.ts";
import { running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { describeBody, readByListeners, tenant } from "./middleware-suite.ts";

describeMiddleware({
  name: "node:http",
  start: async ({ resolve, options, handle }) => {
    const wrap = attribution(
      resolve && (({ headers }: IncomingMessage) => resolve(headers["x-tenant"] as string | undefined)),
      options,
    );
    const listener = wrap(async (request: IncomingMessage, response: ServerResponse) => {
      try {
        if (request.url === "/listen") response.end(await readByListeners(request));
        else if (request.url === "/parse") response.end(describeBody(await json(request)));
        else pipeline(Readable.from(await handle()), response, () => undefined);
      } catch {
        response.writeHead(500).end();
      }
    });
    return running(createServer((request, response) => void listener(request, response)).listen(0, "127.0.0.1"));
  },
});

it("node:http2: attributes each stream of a session, also in its listeners", async () => {
  const wrap = attribution(({ headers }: IncomingMessage) => ({ tenantId: headers["x-tenant"] as string }));
  const listener = wrap(async (request: IncomingMessage, response: ServerResponse) => {
    response.end(`${await readByListeners(request)} ${tenant()}`);
  });
  const http2 = createHttp2Server((request, response) => {
    void listener(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
  const server = http2.listen(0, "127.0.0.1");
  const port = await new Promise<number>((resolve) => {
    server.once("listening", () => resolve((server.address() as AddressInfo).port));
  });
  const session = connect(`http://127.0.0.1:${port}`);
  const ids = Array.from({ length: 50 }, (_, index) => String(index));
  const send = async (id: string): Promise<string> => {
    const stream = session.request({ ":method": "POST", "x-tenant": id });
    stream.end("x".repeat(40_000));
    return text(stream);
  };
  const bodies = await Promise.all(ids.map(send));
  session.close();
  server.close();
  expect(bodies).toEqual(ids.map((id) => `${id} 40000 false ${id}`));
});
