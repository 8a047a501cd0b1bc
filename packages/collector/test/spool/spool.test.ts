import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { DISK } from "../../src/spool/disk.ts";
import { Spool, type SpooledSegment } from "../../src/spool/spool.ts";
import { SpoolError } from "../../src/spool/spool-error.ts";
import { createErrno, listFiles, segmentOf, TestFolders, watchDisk } from "./spool-folder.ts";

const folders = new TestFolders();
const MAX_BYTES = 1_000_000;
const NOW = 1_780_000_000_000;
const STEPS_OF_A_WRITE = ["write", "write", "write", "rename", "sync"];

afterEach(() => folders.clear());

function open(folder: string, disk = DISK): Promise<Spool> {
  return Spool.open({ folder, maxBytes: MAX_BYTES, disk });
}

/** The names that `segmentOf` was given, in the spool's order, read from the files. */
async function readNames(spool: Spool): Promise<string[]> {
  const names: string[] = [];
  for (const segment of spool.waiting) {
    await spool.load(segment);
    const calls = listFiles(spool.folder).find((name) => name.startsWith(`${segment.summary.sequence}.llm_calls`));
    names.push(readFileSync(join(spool.folder, calls ?? "?"), "utf8").replace("calls of ", ""));
  }
  return names;
}

function firstOf(spool: Spool): SpooledSegment {
  const [first] = spool.waiting;
  if (first === undefined) throw new Error("The spool is empty.");
  return first;
}

describe("the spool", () => {
  it("holds what was written, in order, for the next process", async () => {
    const folder = folders.create();
    const spool = await open(folder);
    for (const name of ["a", "b", "c"]) await spool.write(segmentOf(name, 2), NOW);
    expect([spool.waitingSegments, spool.waitingRows, spool.oldestUnixMs]).toEqual([3, 12, NOW]);
    const next = await open(folder);
    expect(await readNames(next)).toEqual(["a", "b", "c"]);
    expect([next.waitingSegments, next.waitingRows, next.oldestUnixMs]).toEqual([3, 12, NOW]);
    expect(next.usedBytes).toBe(spool.usedBytes);
    expect(firstOf(next).manifest?.hours).toEqual(segmentOf("a").hours);
  });

  it("never gives a sequence number twice, though everything before was inserted", async () => {
    const folder = folders.create();
    const sequences: string[] = [];
    for (let start = 0; start < 3; start += 1) {
      const spool = await open(folder);
      await spool.write(segmentOf("a"), NOW);
      const first = firstOf(spool);
      sequences.push(first.summary.sequence);
      await spool.remove([{ summary: first.summary, manifest: await spool.load(first) }]);
      await spool.close();
      expect(listFiles(folder)).toEqual([]);
    }
    expect(sequences).toEqual([...new Set(sequences)].toSorted());
    expect(sequences).toHaveLength(3);
  });

  it("survives a crash before any step of writing: each segment is there whole, or not at all", async () => {
    const folder = folders.create();
    const crashes: { readonly step: string; readonly folder: string }[] = [];
    const disk = watchDisk((step, path) => {
      if (!path.includes("generation")) crashes.push({ step, folder: folders.copy(folder) });
    });
    const spool = await open(folder, disk);
    crashes.splice(0);
    await spool.write(segmentOf("a"), NOW);
    await spool.write(segmentOf("b"), NOW);
    expect(crashes.map(({ step }) => step)).toEqual([...STEPS_OF_A_WRITE, ...STEPS_OF_A_WRITE]);
    for (const [index, crash] of crashes.entries()) {
      const next = await open(crash.folder);
      // Before the sync the rename may or may not be on disk; here it is.
      const expected = index < 4 ? [] : index < 9 ? ["a"] : ["a", "b"];
      expect([index, await readNames(next)]).toEqual([index, expected]);
      expect(listFiles(crash.folder)).toHaveLength(expected.length * 3);
      await next.write(segmentOf("later"), NOW);
      expect(await readNames(next)).toEqual([...expected, "later"]);
    }
  });

  it("survives a crash before any step of removing: a segment comes again, or is gone, but is never half", async () => {
    const folder = folders.create();
    const crashes: string[] = [];
    const disk = watchDisk(() => void crashes.push(folders.copy(folder)));
    const spool = await open(folder, disk);
    for (const name of ["a", "b", "c"]) await spool.write(segmentOf(name), NOW);
    crashes.splice(0);
    const [a, b] = [...spool.waiting];
    if (a === undefined || b === undefined) throw new Error("Two segments were written.");
    const loaded = await Promise.all(
      [a, b].map(async (each) => ({ summary: each.summary, manifest: await spool.load(each) })),
    );
    await spool.remove(loaded);
    expect(spool.waitingSegments).toBe(1);
    const outcomes: string[][] = [];
    for (const crash of crashes) {
      const next = await open(crash);
      outcomes.push(await readNames(next));
      expect(listFiles(crash)).toHaveLength(3 * next.waitingSegments);
    }
    expect(outcomes.slice(0, 3)).toEqual([["a", "b", "c"], ["b", "c"], ["c"]]);
    expect(outcomes.slice(3).every((names) => names.join("") === "c")).toBe(true);
  });

  it("removes what was never acknowledged, and leaves what is not its own", async () => {
    const folder = folders.create();
    await (await open(folder)).write(segmentOf("a"), NOW);
    writeFileSync(join(folder, "00000001-0000000009.llm_calls.20601.5.0badcafe.native"), "never");
    writeFileSync(join(folder, "00000001-0000000009.r1.b1.t1.json.tmp"), "{");
    writeFileSync(join(folder, "a note of the operator.txt"), "hello");
    const spool = await open(folder);
    expect(await readNames(spool)).toEqual(["a"]);
    expect(listFiles(folder).filter((name) => name.includes("0000000009"))).toEqual([]);
    expect(readFileSync(join(folder, "a note of the operator.txt"), "utf8")).toBe("hello");
  });

  it.each(["write", "rename", "sync"])(
    "leaves nothing behind when the disk fails at %s, and goes on after",
    async (step) => {
      const folder = folders.create();
      let isFull = false;
      const disk = watchDisk((at, path) => {
        if (isFull && at === step && (step !== "write" || path.includes("otel_traces"))) throw createErrno("ENOSPC");
      });
      const spool = await open(folder, disk);
      isFull = true;
      const failure = spool.write(segmentOf("a"), NOW);
      await expect(failure).rejects.toBeInstanceOf(SpoolError);
      await expect(failure).rejects.toMatchObject({ code: "write-failed", message: expect.stringContaining("ENOSPC") });
      expect([listFiles(folder), spool.waitingSegments, spool.usedBytes]).toEqual([[], 0, 0]);
      isFull = false;
      await spool.write(segmentOf("b"), NOW);
      expect(await readNames(spool)).toEqual(["b"]);
    },
  );
});

it("a segment whose manifest cannot be taken back is whole at the next start", async () => {
  const folder = folders.create();
  let isBroken = false;
  const disk = watchDisk((step, path) => {
    if (isBroken && (step === "sync" || (step === "unlink" && path.endsWith(".json")))) throw createErrno("EIO");
  });
  const spool = await open(folder, disk);
  isBroken = true;
  await expect(spool.write(segmentOf("a"), NOW)).rejects.toMatchObject({ code: "write-failed" });
  isBroken = false;
  await spool.write(segmentOf("b"), NOW);
  expect([spool.waitingSegments, await readNames(await open(folder))]).toEqual([1, ["a", "b"]]);
});

describe("a damaged segment", () => {
  const damages: readonly [what: string, damage: (path: string) => void, pattern: RegExp][] = [
    ["a changed byte", (path) => writeFileSync(path, readFileSync(path, "utf8").replace("of", "0f")), /\.native$/],
    ["a shorter file", (path) => writeFileSync(path, readFileSync(path).subarray(1)), /\.native$/],
    ["a manifest that is cut", (path) => writeFileSync(path, readFileSync(path).subarray(0, 20)), /\.json$/],
    ["an empty manifest", (path) => writeFileSync(path, ""), /\.json$/],
  ];

  it.each(damages)(
    "with %s is found by the next process, and set aside without a loss",
    async (_what, damage, pattern) => {
      const folder = folders.create();
      await (await open(folder)).write(segmentOf("a"), NOW);
      const name = listFiles(folder).find((each) => pattern.test(each)) ?? "?";
      damage(join(folder, name));
      const spool = await open(folder);
      const segment = firstOf(spool);
      await expect(spool.load(segment)).rejects.toMatchObject({ code: "damaged" });
      await spool.refuse(segment);
      expect([spool.waitingSegments, spool.usedBytes, spool.refusedSegments]).toEqual([0, 0, 1]);
      expect(readdirSync(join(folder, "refused"))).toHaveLength(3);
      const next = await open(folder);
      expect([next.waitingSegments, next.refusedSegments]).toEqual([0, 1]);
    },
  );

  it("survives a crash before any step of setting it aside", async () => {
    const folder = folders.create();
    const crashes: string[] = [];
    const spool = await open(
      folder,
      watchDisk(() => void crashes.push(folders.copy(folder))),
    );
    await spool.write(segmentOf("a"), NOW);
    crashes.splice(0);
    await spool.refuse(firstOf(spool));
    for (const crash of crashes) {
      const next = await open(crash);
      for (const segment of next.waiting) await next.refuse(segment);
      expect(readdirSync(join(crash, "refused"))).toHaveLength(3);
    }
  });
});
