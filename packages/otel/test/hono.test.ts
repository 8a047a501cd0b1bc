import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { stream } from "hono/streaming";
import { attribution } from "../src/hono.ts";
import { describeMiddleware } from "./middleware-contract.ts";

describeMiddleware({
  name: "hono",
  start: async (resolve, handle) => {
    const app = new Hono();
    app.use(attribution((c: Context) => resolve(c.req.header("x-tenant"))));
    app.get("/", async (c) => {
      const chunks = await handle();
      return stream(c, async (body) => {
        for await (const chunk of chunks) await body.write(chunk);
      });
    });
    app.onError((_error, c) => c.body(null, 500));
    const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 });
    await once(server, "listening");
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        server.close();
        await once(server, "close");
      },
    };
  },
});
