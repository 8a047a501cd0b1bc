import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { planResult } from "../../src/engine/plan-result.ts";
import { ask, askBytes, startEngine, until } from "./engine-harness.ts";

describe("INSERT FROM INFILE", () => {
  it("takes Native files by absolute path, one or several in braces, as a plain query", async () => {
    const { engine, dataDir } = await startEngine();
    const { socketPath } = engine;
    await ask(socketPath, "CREATE DATABASE d");
    await ask(socketPath, "CREATE TABLE d.t (n UInt64, s String, other UInt8) ENGINE = MergeTree ORDER BY n");
    for (const [index, name] of ["a", "b", "c"].entries()) {
      const sql = `SELECT number + ${index * 100} AS n, toString(n) AS s FROM numbers(100) FORMAT Native`;
      writeFileSync(join(dataDir, `${name}.native`), await askBytes(socketPath, sql));
    }
    await ask(socketPath, `INSERT INTO d.t (n, s) FROM INFILE '${dataDir}/a.native' FORMAT Native`);
    expect(await ask(socketPath, "SELECT count(), max(n), max(other) FROM d.t")).toBe("100\t99\t0");
    await ask(socketPath, `INSERT INTO d.t (n, s) FROM INFILE '${dataDir}/{b,c}.native' FORMAT Native`);
    expect(await ask(socketPath, "SELECT count(), max(n), sum(s = toString(n)) FROM d.t")).toBe("300\t299\t300");
  });

  it("fails for a file that is damaged or missing, and inserts nothing of it", async () => {
    const { engine, dataDir } = await startEngine();
    const { socketPath } = engine;
    await ask(socketPath, "CREATE DATABASE d");
    await ask(socketPath, "CREATE TABLE d.t (n UInt64) ENGINE = MergeTree ORDER BY n");
    const block = await askBytes(socketPath, "SELECT number AS n FROM numbers(1000) FORMAT Native");
    writeFileSync(join(dataDir, "half.native"), block.subarray(0, block.length / 2));
    for (const name of ["half", "missing"]) {
      const sql = `INSERT INTO d.t (n) FROM INFILE '${dataDir}/${name}.native' FORMAT Native`;
      await expect(ask(socketPath, sql)).rejects.toThrow(/DB::Exception/);
    }
    expect(await ask(socketPath, "SELECT count() FROM d.t")).toBe("0");
  });
});

const FORMATS =
  "Native RowBinary TSV CSV JSONEachRow JSONCompactEachRow JSON JSONCompact CSVWithNames PrettyCompact Parquet XML".split(
    " ",
  );

/** The one thing that differs from query to query. */
function withoutTime(answer: Buffer): string {
  return answer.toString("latin1").replace(/(?<="elapsed": |<elapsed>)[\d.e-]+/, "");
}

describe("a result", () => {
  it("is the same whether it goes by a file or as a whole", async () => {
    const { engine } = await startEngine();
    for (const format of FORMATS) {
      for (const rows of [0, 1, 200_000]) {
        const select = `SELECT number AS n, repeat('ü', number % 100) AS s FROM numbers(${rows})`;
        const streamed = await askBytes(engine.socketPath, `${select} FORMAT ${format}`);
        // A comment makes it uncertain which format counts, so this one is read as a whole.
        const whole = await askBytes(engine.socketPath, `${select} /* whole */ FORMAT ${format}`);
        expect(withoutTime(streamed) === withoutTime(whole), `${format}, ${rows} rows`).toBe(true);
      }
    }
  });

  it("of a format with a frame around it is one document", async () => {
    const { engine } = await startEngine();
    const answer = await ask(engine.socketPath, "SELECT number FROM numbers(200000) FORMAT JSONCompact");
    expect((JSON.parse(answer) as { data: unknown[] }).data).toHaveLength(200_000);
  });

  it.each(["TSV", "CSVWithNames"])("that is large does not stay on the disk, as %s", async (format) => {
    const { engine, dataDir } = await startEngine({ maxMemoryBytes: 400 * 1_048_576 });
    const sql = `SELECT number FROM numbers(5000000) FORMAT ${format}`;
    const sizes = await Promise.all([1, 2, 3].map(async () => (await askBytes(engine.socketPath, sql)).length));
    expect(new Set(sizes).size).toBe(1);
    expect(sizes[0]).toBeGreaterThan(38_000_000);
    expect(readdirSync(join(dataDir, "scratch"))).toEqual([]);
  });

  it("whose statement is wrong is an error that shows nothing of the engine's files", async () => {
    const { engine, dataDir } = await startEngine();
    const answer = await ask(engine.socketPath, "SELECT FROM WHERE FORMAT JSON").catch(String);
    expect(answer).toContain("SYNTAX_ERROR");
    expect(answer).not.toContain(dataDir);
  });

  it("that fails in the middle is an error, not a part", async () => {
    const { engine, dataDir } = await startEngine();
    const sql = "SELECT number, throwIf(number = 9000000) FROM numbers(10000000)";
    for (const format of ["TSV", "JSON"]) {
      await expect(ask(engine.socketPath, `${sql} FORMAT ${format}`)).rejects.toThrow(
        /FUNCTION_THROW_IF_VALUE_IS_NON_ZERO/,
      );
    }
    expect(readdirSync(join(dataDir, "scratch"))).toEqual([]);
  });

  it.each([
    "SELECT number FROM system.numbers WHERE number % 1000 = 0",
    "SELECT (SELECT count() FROM system.numbers WHERE number % 3 = 0)",
  ])("is no longer worked out when its client has gone: %s", async (sql) => {
    const { engine, dataDir } = await startEngine({ sessions: 1 });
    const abort = new AbortController();
    const endless = ask(engine.socketPath, sql, { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    await expect(endless).rejects.toThrow(/abort/i);
    // The one session is free again.
    await until(async () => (await ask(engine.socketPath, "SELECT 1")) === "1");
    expect(readdirSync(join(dataDir, "scratch"))).toEqual([]);
    expect(engine.restarts).toEqual({ died: 0, unresponsive: 0 });
  });

  it("that takes long to plan keeps no other query waiting", async () => {
    const { engine } = await startEngine();
    const order: string[] = [];
    const answered = (name: string) => () => void order.push(name);
    const slow = ask(engine.socketPath, "SELECT (SELECT sleep(2))").then(answered("slow"));
    await until(
      async () =>
        (await ask(engine.socketPath, "SELECT count() FROM system.processes WHERE query LIKE '%sleep(2)%'")) > "1",
    );
    await ask(engine.socketPath, "SELECT 1").then(answered("quick"));
    await slow;
    expect(order).toEqual(["quick", "slow"]);
  });

  it.each([
    ["SELECT 1 FORMAT Native", "TSV", "file"],
    ["with x AS (SELECT 1) SELECT * FROM x;", "Native", "file"],
    ["SELECT 1 FORMAT JSON", "TSV", "file"],
    ["SELECT 1", "JSON", "file"],
    ["SELECT 1", "JSON; DROP TABLE t", "memory"],
    ["SELECT 1 FORMAT JSON -- FORMAT TSV", "TSV", "memory"],
    ["SELECT 1 FORMAT JSON SETTINGS max_threads = 1", "TSV", "memory"],
    ["SELECT 1 INTO OUTFILE 'x' FORMAT TSV", "TSV", "memory"],
    ["SELECT 1; SELECT 2", "TSV", "memory"],
    ["SHOW DATABASES", "TSV", "memory"],
    ["INSERT INTO t SELECT 1", "TSV", "memory"],
    ["WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", "TSV", "memory"],
  ])("of %s, by default %s, goes by %s", (sql, format, expected) => {
    expect(planResult(sql, format).by).toBe(expected);
  });

  it("by a file is asked for with FORMAT last, without the semicolon", () => {
    const plan = planResult("SELECT 1 SETTINGS max_threads = 1\nFORMAT JSON ; ", "TSV");
    expect(plan.by === "file" && plan.toSql("'f'")).toBe(
      "SELECT 1 SETTINGS max_threads = 1 INTO OUTFILE 'f' FORMAT JSON",
    );
  });
});
