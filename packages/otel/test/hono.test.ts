import type { Server } from "node:http";
import { type HttpBindings, serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { stream } from "hono/streaming";
import { vi } from "vitest";
import { attribution } from "../src/hono.ts";
import { running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { describeBody, readByListeners, toWebStream } from "./middleware-suite.ts";

type App = { Bindings: HttpBindings };
type Answer = (c: Context<App>, chunks: AsyncIterable<string>) => Response;

/** How a handler streams: what Hono writes, what the server pulls from Hono's response, and from one of the handler's own. */
const ANSWERS: readonly (readonly [string, Answer])[] = [
  [
    "hono, stream helper",
    (c, chunks) =>
      stream(
        c,
        async (body) => {
          const iterator = chunks[Symbol.asyncIterator]();
          body.onAbort(() => void iterator.return?.());
          for (let step = await iterator.next(); !step.done; step = await iterator.next()) await body.write(step.value);
        },
        async () => undefined,
      ),
  ],
  ["hono, pulled body", (c, chunks) => c.body(toWebStream(chunks))],
  ["hono, own response", (_c, chunks) => new Response(toWebStream(chunks), { headers: { a: "b" } })],
];

for (const [name, answer] of ANSWERS) {
  describeMiddleware({
    name,
    hidesStreamErrors: name === "hono, stream helper",
    start: async ({ resolve, options, handle }) => {
      const app = new Hono<App>();
      app.use(attribution(resolve && ((c: Context<App>) => resolve(c.req.header("x-tenant"))), options));
      app.get("/", async (c) => answer(c, await handle()));
      app.post("/listen", async (c) => c.text(await readByListeners(c.env.incoming)));
      app.post("/parse", async (c) => c.text(describeBody(await c.req.json())));
      // What breaks in the middle of a body, the server writes to the console.
      vi.spyOn(console, "error").mockReturnValue();
      app.onError((_error, c) => c.body(null, 500));
      return running(serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }) as Server);
    },
  });
}
