import { expect, it } from "vitest";
import { checkMutations } from "./mutate.ts";

const MUTATIONS = 3_000_000;

it("decodes millions of damaged bodies with nothing but its own error", () => {
  expect(checkMutations(MUTATIONS, 20_261_120)).toEqual([]);
}, 1_800_000);
