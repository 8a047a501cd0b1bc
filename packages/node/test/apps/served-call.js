// A server that says whose request one is that comes with unsigned attribution, from a client that nothing guards.
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { getAttribution } from "@spancost/otel";
import { attribution } from "@spancost/otel/node-http";

const listener = attribution()((_request, response) => response.end(String(getAttribution().tenantId)));
const server = createServer(listener).listen(0, "127.0.0.1");
await once(server, "listening");
const socket = connect(server.address().port, "127.0.0.1");
socket.write("GET / HTTP/1.1\r\nhost: stranger\r\nconnection: close\r\nbaggage: tenant_id=acme\r\n\r\n");
const answer = await text(socket);
console.log(answer.slice(answer.indexOf("\r\n\r\n") + 4).replace(/^[0-9a-f]+\r\n|\r\n.*$/gs, ""));
server.close();
