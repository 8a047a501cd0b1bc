import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DISK } from "../../src/spool/disk.ts";
import { SpareFiles } from "../../src/spool/spare-files.ts";
import { Spool, type SpooledSegment } from "../../src/spool/spool.ts";
import { createErrno, listFiles, segmentOf, TestFolders, watchDisk } from "./spool-folder.ts";

const folders = new TestFolders();
const MAX_BYTES = 1_000_000;
const NOW = 1_780_000_000_000;
const FILES_OF_A_SEGMENT = 3;

afterEach(() => {
  folders.clear();
  vi.useRealTimers();
});

async function removeAll(spool: Spool): Promise<void> {
  const segments: SpooledSegment[] = [...spool.waiting];
  await spool.remove(
    await Promise.all(segments.map(async (each) => ({ summary: each.summary, manifest: await spool.load(each) }))),
  );
}

const inodesOf = (folder: string) => new Set(listFiles(folder).map((name) => statSync(join(folder, name)).ino));

async function readCalls(spool: Spool): Promise<string[]> {
  for (const segment of spool.waiting) await spool.load(segment);
  const names = listFiles(spool.folder).filter((name) => name.includes("llm_calls"));
  return names.map((name) => readFileSync(join(spool.folder, name), "utf8"));
}

describe("files of inserted segments", () => {
  it("are written again, whether what follows is shorter or longer", async () => {
    const folder = folders.create();
    const spool = await Spool.open({ folder, maxBytes: MAX_BYTES });
    await spool.write(segmentOf("a name that is long"), NOW);
    const inodes = inodesOf(folder);
    for (const name of ["short", "a name that is even longer than the first"]) {
      await removeAll(spool);
      await spool.write(segmentOf(name), NOW);
      expect([inodesOf(folder), await readCalls(spool)]).toEqual([inodes, [`calls of ${name}`]]);
      // The next process holds the files against their checksums.
      const next = await Spool.open({ folder: folders.copy(folder), maxBytes: MAX_BYTES });
      expect(await readCalls(next)).toEqual([`calls of ${name}`]);
    }
  });

  it("are not written again when a statement that failed may still read them", async () => {
    const folder = folders.create();
    const spool = await Spool.open({ folder, maxBytes: MAX_BYTES });
    await spool.write(segmentOf("a"), NOW);
    spool.noteFailure([...spool.waiting]);
    await removeAll(spool);
    expect(listFiles(folder)).toEqual([]);
  });

  it("of an earlier process are not written again", async () => {
    const folder = folders.create();
    await (await Spool.open({ folder, maxBytes: MAX_BYTES })).write(segmentOf("a"), NOW);
    const next = await Spool.open({ folder, maxBytes: MAX_BYTES });
    await removeAll(next);
    expect(listFiles(folder)).toEqual([]);
  });

  it("are never taken for segments, wherever a crash comes", async () => {
    const folder = folders.create();
    const crashes: string[] = [];
    const disk = watchDisk((_step, path) => {
      if (!path.includes("generation")) crashes.push(folders.copy(folder));
    });
    const spool = await Spool.open({ folder, maxBytes: MAX_BYTES, disk });
    await spool.write(segmentOf("a"), NOW);
    await removeAll(spool);
    crashes.splice(0);
    await spool.write(segmentOf("b"), NOW);
    await spool.write(segmentOf("c"), NOW);
    const found = new Set<string>();
    for (const crash of crashes) {
      const next = await Spool.open({ folder: crash, maxBytes: MAX_BYTES });
      found.add((await readCalls(next)).toSorted().join(", "));
      expect(listFiles(crash)).toHaveLength(next.waitingSegments * FILES_OF_A_SEGMENT);
    }
    expect([...found]).toEqual(["", "calls of b", "calls of b, calls of c"]);
  });

  it("that somebody else removed are made anew", async () => {
    const folder = folders.create();
    const spool = await Spool.open({ folder, maxBytes: MAX_BYTES });
    await spool.write(segmentOf("a"), NOW);
    await removeAll(spool);
    for (const name of listFiles(folder)) await DISK.unlink(join(folder, name));
    await spool.write(segmentOf("b"), NOW);
    expect(await readCalls(spool)).toEqual(["calls of b"]);
  });

  it("are removed when they were taken for a segment that could not be written", async () => {
    const folder = folders.create();
    let isBroken = false;
    const disk = watchDisk((step) => {
      if (isBroken && step === "write") throw createErrno("EIO");
    });
    const spool = await Spool.open({ folder, maxBytes: MAX_BYTES, disk });
    await spool.write(segmentOf("a"), NOW);
    await removeAll(spool);
    isBroken = true;
    await expect(spool.write(segmentOf("b"), NOW)).rejects.toMatchObject({ code: "write-failed" });
    expect(listFiles(folder)).toEqual([]);
  });

  it("keep no segment waiting when they cannot be removed, and go with the next start", async () => {
    const folder = folders.create();
    const disk = watchDisk((step) => {
      if (step === "unlink") throw createErrno("EIO");
    });
    const spool = await Spool.open({ folder, maxBytes: MAX_BYTES, disk });
    await spool.write(segmentOf("a"), NOW);
    spool.noteFailure([...spool.waiting]);
    await removeAll(spool);
    expect([spool.waitingSegments, listFiles(folder).length]).toEqual([0, FILES_OF_A_SEGMENT]);
    await Spool.open({ folder, maxBytes: MAX_BYTES });
    expect(listFiles(folder)).toEqual([]);
  });
});

describe("spare files", () => {
  const createSpares = (spoolBytes = MAX_BYTES) => {
    const removed: string[] = [];
    return { removed, spares: new SpareFiles({ unlink: async (path) => void removed.push(path) }, spoolBytes) };
  };

  it("take an eighth of the spool's bound at the most", () => {
    const { spares } = createSpares(800);
    const give = (path: string, sizeBytes: number) => spares.give({ kind: "llm_calls", path, sizeBytes });
    expect([give("a", 60), give("b", 60), give("c", 40), give("d", 1)]).toEqual([true, false, true, false]);
    expect([spares.take("llm_calls"), give("e", 41), give("f", 40)]).toEqual(["c", false, true]);
    expect([spares.take("otel_traces"), spares.take("llm_calls")]).toEqual([undefined, "f"]);
  });

  it("are removed when nobody needed them for a while: they hold spans that may have to be forgotten", async () => {
    vi.useFakeTimers();
    const { spares, removed } = createSpares();
    spares.give({ kind: "llm_calls", path: "old", sizeBytes: 1 });
    await vi.advanceTimersByTimeAsync(6_000);
    spares.give({ kind: "llm_calls", path: "new", sizeBytes: 1 });
    await vi.advanceTimersByTimeAsync(6_000);
    expect(removed).toEqual(["old"]);
    expect(spares.take("llm_calls")).toBe("new");
    spares.give({ kind: "manifest", path: "last", sizeBytes: 1 });
    await vi.advanceTimersByTimeAsync(30_000);
    expect([removed, vi.getTimerCount()]).toEqual([["old", "last"], 0]);
  });
});
