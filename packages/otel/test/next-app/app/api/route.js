import { getAttribution } from "@spancost/otel";
import { attributed } from "../../attributed.js";

const tenant = () => String(getAttribution().tenantId);
const encoder = new TextEncoder();
const LARGE_CHUNK = "x".repeat(65_536);
const CHUNKS = 10;

/** Says in each pull whose request it is; the client's reading decides when it is pulled. */
export const GET = attributed(() => {
  let chunks = 0;
  const pull = async (controller) => {
    chunks += 1;
    await new Promise((resolve) => setTimeout(resolve, chunks % 3));
    controller.enqueue(encoder.encode(`${tenant()},${LARGE_CHUNK}`));
    if (chunks === CHUNKS) controller.close();
  };
  return new Response(new ReadableStream({ pull }));
});

export const POST = attributed(async (request) => {
  const { text } = await request.json();
  return Response.json({ tenant: tenant(), length: text.length });
});
