import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import { attribution } from "../src/express.ts";
import { describeMiddleware } from "./middleware-contract.ts";

describeMiddleware({
  name: "express",
  start: async (resolve, handle) => {
    const app = express();
    app.use(attribution((request: Request) => resolve(request.get("x-tenant"))));
    app.get("/", async (_request, response) => {
      for await (const chunk of await handle()) response.write(chunk);
      response.end();
    });
    // Four parameters make it an error handler; it keeps the expected error out of the test's output.
    app.use(
      (_error: unknown, _request: Request, response: Response, _next: NextFunction) => void response.status(500).end(),
    );
    const server = app.listen(0, "127.0.0.1");
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
