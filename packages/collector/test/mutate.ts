import { decodeProtobuf } from "../src/otlp/decode-protobuf.ts";
import { OtlpDecodeError } from "../src/otlp/otlp-decode-error.ts";
import { protobufBody } from "./otlp-bodies.ts";

/** Decodes `count` damaged bodies; gives what failed otherwise than with the decoder's own error, as seeds to repeat it. */
export function checkMutations(count: number, seed: number): string[] {
  const body = protobufBody();
  const failures: string[] = [];
  let state = seed;
  const random = (below: number): number => {
    // A small generator of which every run gives the same numbers. @see Numerical Recipes, LCG
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < count; round += 1) {
    const start = state;
    try {
      decodeProtobuf(mutate(body, random));
    } catch (error) {
      if (!(error instanceof OtlpDecodeError)) failures.push(`seed ${start}: ${String(error)}`);
    }
  }
  return failures;
}

function mutate(body: Buffer, random: (below: number) => number): Buffer {
  const changed = Buffer.from(body);
  for (let times = 1 + random(4); times > 0; times -= 1) changed[random(changed.length)] = random(256);
  const cut = random(10);
  if (cut === 0) return changed.subarray(0, random(changed.length));
  if (cut === 1) return Buffer.concat([changed, changed.subarray(random(changed.length))]);
  return changed;
}
