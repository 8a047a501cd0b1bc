import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Readable, pipeline } from "node:stream";
import { json } from "node:stream/consumers";
import { attribution } from "../src/node-http.ts";
import { running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { describeBody, readByListeners } from "./middleware-suite.ts";

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
