import { createRequire } from "node:module";
import { Readable, pipeline } from "node:stream";
import express5 from "express";
import { attribution } from "../src/express.ts";
import { running } from "./middleware-client.ts";
import { describeMiddleware } from "./middleware-contract.ts";
import { describeBody, readByListeners } from "./middleware-suite.ts";

const require = createRequire(import.meta.url);
const VERSIONS = [
  // It has no types of its own, and those of Express 5 fit what is used here.
  ["express 4", require("express-4") as typeof express5],
  ["express 5", express5],
] as const;

for (const [name, express] of VERSIONS) {
  describeMiddleware({
    name,
    start: async ({ resolve, options, handle }) => {
      const app = express();
      app.use(attribution(resolve && ((request: express5.Request) => resolve(request.get("x-tenant"))), options));
      app.get("/", (_request, response, next) => {
        handle()
          .then((chunks) => pipeline(Readable.from(chunks), response, () => undefined))
          .catch(next);
      });
      app.post("/listen", (request, response, next) => {
        readByListeners(request).then((text) => void response.end(text), next);
      });
      app.post("/parse", express.json({ limit: "1mb" }), (request, response) => {
        response.end(describeBody(request.body));
      });
      // Four parameters make it an error handler; it keeps the expected error out of the test's output.
      app.use(
        (_error: unknown, _request: express5.Request, response: express5.Response, _next: express5.NextFunction) =>
          void response.status(500).end(),
      );
      return running(app.listen(0, "127.0.0.1"));
    },
  });
}
