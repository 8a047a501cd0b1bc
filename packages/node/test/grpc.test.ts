import { execFile } from "node:child_process";
import { type Http2Server, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { expect, it } from "vitest";

const APP = fileURLToPath(new URL("apps/ending.js", import.meta.url));

it("exports over gRPC when the app has the exporter", async () => {
  expect(OTLPTraceExporter).toBeTypeOf("function");
  const bodies: string[] = [];
  const server: Http2Server = createServer();
  server.on("stream", (stream, { ":path": path }) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("end", () => {
      bodies.push(`${path} ${Buffer.concat(parts).toString("latin1")}`);
      stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.alloc(5)); // an empty message: a flag and a length of 0
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [APP, "end"], { env });
  server.close();
  expect(stdout + stderr).toBe("");
  expect(bodies).toHaveLength(1);
  expect(bodies[0]).toMatch(/^\/opentelemetry\.proto\.collector\.trace\.v1\.TraceService\/Export /);
  expect(bodies[0]).toContain("cost search");
});
