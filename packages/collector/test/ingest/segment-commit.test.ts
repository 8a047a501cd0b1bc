import { setImmediate, setTimeout } from "node:timers/promises";
import { ATTRIBUTION_KEYS } from "@spancost/core";
import { getDefaultPricer } from "@spancost/rates";
import { expect, it } from "vitest";
import { RequestEncoder } from "../../src/hot/request-encoder.ts";
import { SegmentCommit } from "../../src/ingest/segment-commit.ts";

/** Longer than segments are kept apart. */
const PAUSE_MS = 40;

it("gives requests a moment to come together where they did so before, and lets one that comes alone go", async () => {
  const encoder = new RequestEncoder({
    attributionKeys: ATTRIBUTION_KEYS,
    labels: [],
    pricer: getDefaultPricer(),
    storeContent: false,
  });
  let segments = 0;
  const createSegment = () => {
    segments += 1;
    return encoder.createSegment();
  };
  const commit = new SegmentCommit({ write: () => Promise.resolve() }, createSegment, Date.now);
  /** Two requests, a turn of the event loop apart. @returns how many segments they took */
  const sendTwo = async () => {
    await setTimeout(PAUSE_MS);
    const before = segments;
    const first = commit.wait(1, 1);
    await setImmediate();
    await Promise.all([first, commit.wait(1, 1)]);
    return segments - before;
  };

  expect(await sendTwo()).toBe(2);
  await Promise.all([commit.wait(1, 1), commit.wait(1, 1)]);
  expect(await sendTwo()).toBe(1);
  await setTimeout(PAUSE_MS);
  await commit.wait(1, 1);
  expect(await sendTwo()).toBe(2);
});
