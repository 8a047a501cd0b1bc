// A server that says whose request one from itself is, which comes with unsigned attribution.
import { once } from "node:events";
import { createServer } from "node:http";
import { getAttribution } from "@spancost/otel";
import { attribution } from "@spancost/otel/node-http";

const listener = attribution()((_request, response) => response.end(String(getAttribution().tenantId)));
const server = createServer(listener).listen(0, "127.0.0.1");
await once(server, "listening");
const response = await fetch(`http://127.0.0.1:${server.address().port}`, { headers: { baggage: "tenant_id=acme" } });
console.log(await response.text());
server.close();
