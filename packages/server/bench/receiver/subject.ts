// A server under test, in a process of its own that tells what CPU it took. Arguments: the kind, and a data folder.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { keepHeapSmall, loadConfig, startServer } from "@spancost/server";
import type { FromSubject, Kind, ToSubject } from "./messages.ts";

const [kind, data] = process.argv.slice(2) as [Kind, string];
/** Maintenance is not part of receiving: it would run in this process too. */
const NEVER_MS = 86_400_000;
const ANSWER = "{}";

const stop = kind === "spancost" ? await startOurs() : await startBaseline();
process.on("message", ({ type }: ToSubject) => {
  if (type === "stop") void stop().then(() => process.exit(0));
  const { user, system } = process.cpuUsage();
  if (type === "cpu") tell({ type: "cpu", micros: user + system });
});
process.on("disconnect", () => process.exit(1));

async function startOurs(): Promise<() => Promise<void>> {
  const flags = { data, port: "0", otlpHttpPort: "0", otlpGrpcPort: "0", sqlPort: "0", logLevel: "error" };
  keepHeapSmall();
  const server = await startServer(loadConfig({}, flags), { maintenanceTimes: { settleMs: NEVER_MS } });
  tell({ type: "ready", url: server.urls.otlp });
  return () => server.stop();
}

/** Gunzips, parses, and answers 200: what is accepted is not even looked at. */
async function startBaseline(): Promise<() => Promise<void>> {
  const server = createServer((request, response) => receive(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  tell({ type: "ready", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  return async () => server.closeAllConnections();
}

function receive(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks);
    const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
    const { resourceSpans } = JSON.parse(text.toString("utf8")) as { resourceSpans: unknown };
    response.writeHead(Array.isArray(resourceSpans) ? 200 : 400, { "content-type": "application/json" }).end(ANSWER);
  });
}

function tell(message: FromSubject): void {
  process.send?.(message);
}
