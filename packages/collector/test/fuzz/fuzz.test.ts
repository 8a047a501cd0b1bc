import { describe, expect, it } from "vitest";
import { BodyCheck, compareBlocks, createTally } from "./check-body.ts";
import { decodeJsonToBlocks, DECODERS, ORACLE, runDecoder } from "./decoders-under-test.ts";
import { encodeJson, encodeProtobuf } from "./encode-request.ts";
import { Random } from "./random.ts";
import { KNOWN_BODIES } from "./known-bodies.ts";
import { createRequest } from "./request-model.ts";
import { runFuzz } from "./run-fuzz.ts";

const DEFAULT_BODIES = 100_000;
const bodies = Number(process.env["FUZZ_BODIES"] ?? DEFAULT_BODIES);
const seed = Number(process.env["FUZZ_SEED"] ?? 1);

describe("every decoder of OTLP bodies", () => {
  it.each(KNOWN_BODIES)("gives the same rows for $name, which once was one too many", ({ body }) => {
    expect(new BodyCheck(ORACLE, DECODERS).check(Buffer.from(body, "base64"))).toBeNull();
  });

  it(`gives the same rows for ${bodies} mutated bodies, and never crashes, hangs or looks beyond one (seed ${seed})`, async () => {
    const report = await runFuzz(seed, bodies);
    console.log(JSON.stringify({ seed, ...report }));
    expect(report.failures).toEqual([]);
    // Bodies that nobody can read, or that have nothing in them, would prove nothing.
    const tally = report.tallies.at(-1) ?? createTally();
    expect(tally.valid / tally.bodies).toBeGreaterThan(0.3);
    expect(tally.calls / tally.bodies).toBeGreaterThan(0.1);
    for (const { name } of DECODERS)
      expect((tally.understood[name] ?? 0) / (tally.given[name] ?? 0)).toBeGreaterThan(0.1);
  }, 600_000);
});

describe("a request in OTLP's JSON encoding", () => {
  it("gives the same rows as in protobuf", () => {
    for (let round = 0; round < 3_000; round += 1) {
      const random = new Random(round);
      const request = createRequest(random);
      const body = encodeProtobuf(request, { random, rate: 0 });
      const fromProtobuf = runDecoder(ORACLE, body);
      if (fromProtobuf === "not-understood" || fromProtobuf instanceof Error)
        throw new Error(`round ${round} is refused`);
      const difference = compareBlocks(fromProtobuf, decodeJsonToBlocks(encodeJson(request)));
      expect(difference, `round ${round}`).toBeNull();
    }
  });
});
