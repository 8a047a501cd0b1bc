import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPublicSql, type PublicSql, type Store } from "../src/index.ts";
import { callRow } from "./rows.ts";
import { startTestStore, type TestStore } from "./test-store.ts";

let test: TestStore;
let store: Store;
let publicSql: PublicSql;

beforeAll(async () => {
  test = await startTestStore();
  store = test.store;
  await test.ingest([callRow()]);
  publicSql = createPublicSql(store.client);
});

afterAll(() => test.stop());

async function run(sql: string, params?: Record<string, string>): Promise<string> {
  return (await text(await publicSql.run({ sql, format: "TSV", ...(params === undefined ? {} : { params }) }))).trim();
}

describe("public SQL answers", () => {
  it.each([
    ["SELECT tenant_id, sum(cost) FROM calls GROUP BY 1", "acme\t0.00025"],
    [
      "SELECT tenant_id, sum(cost) FROM spancost.calls AS c GROUP BY tenant_id ORDER BY 1 -- a comment",
      "acme\t0.00025",
    ],
    ["WITH x AS (SELECT tenant_id, cost FROM spend) SELECT sumIf(cost, tenant_id = 'acme') FROM x;", "0.00025"],
    [
      "SELECT count() FROM calls WHERE tenant_id IN (SELECT tenant_id FROM spend) AND provider IN ('openai', 'anthropic')",
      "1",
    ],
    ["SELECT a.feature FROM calls AS a JOIN spend AS b ON a.tenant_id = b.tenant_id", "chat"],
    [
      "SELECT toStartOfDay(started_at) AS day, round(avg(duration_ms)), quantileExact(0.5)(duration_ms), count(DISTINCT user_id) FROM calls GROUP BY day",
      "2026-05-28 00:00:00\t1500\t1500\t1",
    ],
    ["SELECT CASE WHEN cost > 0 THEN 'paid' ELSE 'free' END, labels['plan'] FROM calls", "paid\tpro"],
    ["SELECT row_number() OVER (PARTITION BY tenant_id ORDER BY cost) FROM calls", "1"],
    [
      "SELECT arrayMap(x -> x * 2, [1, 2]), DATE_TRUNC('hour', toDateTime('2026-01-01 10:20:00')), lower('A')",
      "[2,4]\t2026-01-01 10:00:00\ta",
    ],
    ["SELECT 1 UNION ALL SELECT 2 ORDER BY 1 FORMAT CSV", "1\n2"],
  ])("%s", async (sql, expected) => {
    expect(await run(sql)).toBe(expected);
  });

  it("takes parameters as values, whatever is in them", async () => {
    expect(await run("SELECT count() FROM calls WHERE tenant_id = {tenant:String}", { tenant: "acme" })).toBe("1");
    expect(await run("SELECT {t:String}", { t: "\\' OR 1=1; DROP TABLE x --" })).toBe("\\' OR 1=1; DROP TABLE x --");
  });

  it("describes public tables", async () => {
    expect(await run("DESCRIBE TABLE spancost.spend")).toContain("tenant_id\tString");
  });
});

describe("public SQL refuses", () => {
  it.each([
    ["SELECT 1; SELECT 2"],
    ["DROP TABLE spancost.llm_calls"],
    ["INSERT INTO spancost.llm_calls (tenant_id) VALUES ('x')"],
    ["SYSTEM STOP MERGES"],
    ["KILL QUERY WHERE 1"],
    ["SET max_threads = 1"],
    ["SELECT * FROM spancost.llm_calls"],
    ["SELECT * FROM llm_calls"],
    ["SELECT * FROM `llm_calls`"],
    ["SELECT * FROM system.tables"],
    ["SELECT * FROM information_schema.tables"],
    ["SELECT * FROM schema_migrations"],
    ["SELECT * FROM file('/etc/passwd')"],
    ["SELECT * FROM url('http://127.0.0.1/', CSV, 'a String')"],
    ["SELECT * FROM merge('spancost', '.*')"],
    ["SELECT * FROM mergeTreeIndex('spancost', 'llm_calls')"],
    ["SELECT * FROM view(SELECT 1)"],
    ["SELECT * FROM numbers(10)"],
    ["SELECT file('/etc/passwd')"],
    ["SELECT * APPLY (file) FROM (SELECT '/etc/passwd' AS p)"],
    ["SELECT 1 INTO OUTFILE '/tmp/spancost-outfile-test'"],
    ["SELECT 1 INTO OUTFILE '/tmp/spancost-outfile-test' TRUNCATE FORMAT CSV"],
    ["SELECT 1 SETTINGS readonly = 0"],
    ["SELECT * FROM (SELECT 1 SETTINGS max_threads = 8)"],
    ["SELECT count() FROM calls WHERE ('spancost', 'calls') IN system.tables"],
    ["SELECT 1 WHERE 'x' IN llm_calls"],
    ["SELECT arrayMap(file, ['/etc/passwd'])"],
    ["SELECT arrayMap(FILE, ['/etc/passwd'])"],
    ["SELECT arrayMap(`file`, ['/etc/passwd'])"],
    ["SELECT arrayMap({f:Identifier}, ['/etc/passwd'])", { f: "file" }],
    ["WITH file AS f SELECT arrayMap(f, ['/etc/passwd'])"],
    ["SELECT arrayFold(joinGet, [1], 1)"],
    ["SELECT sleep(1)"],
    ["SELECT dictGet('a', 'b', 1)"],
    ["SELECT joinGet('a', 'b', 1)"],
    ["SELECT getSetting('max_threads')"],
    ["SELECT hostName(), currentUser()"],
    ["SELECT catboostEvaluate('/etc/passwd', 1)"],
    ["SELECT * FROM {t:Identifier}", { t: "llm_calls" }],
    ["DESCRIBE TABLE system.users"],
    ["DESCRIBE TABLE file('/etc/passwd')"],
    ["SHOW DATABASES"],
    ["EXPLAIN SELECT 1"],
    ["CREATE TABLE x (a Int8) ENGINE = Memory"],
    ["ATTACH TABLE spancost.x"],
    ["GRANT ALL ON *.* TO default"],
    ["not sql at all"],
    [""],
  ])("%s", async (sql: string, params?: Record<string, string>) => {
    await expect(run(sql, params)).rejects.toMatchObject({ code: "query-refused" });
    expect(existsSync("/tmp/spancost-outfile-test")).toBe(false);
  });
});

describe("public SQL whose client has gone", () => {
  const SLOW = "SELECT sum(cityHash64(arrayJoin(range(2000000)), x)) FROM (SELECT arrayJoin(range(30)) AS x)";

  /** How many of the slow queries the engine is at. */
  async function countRunning(): Promise<number> {
    const query = "SELECT count() AS n FROM system.processes WHERE startsWith(query, 'SELECT sum(cityHash64')";
    const result = await store.client.query({ query, format: "JSONEachRow" });
    return Number((await result.json<{ n: string }>())[0]?.n);
  }

  it("keeps its turn until the engine has answered, so that no more queries run at once than may", async () => {
    const abort = new AbortController();
    const gone = publicSql.run({ sql: SLOW, format: "TSV" }, abort.signal);
    while ((await countRunning()) === 0);
    abort.abort();
    await expect(gone).rejects.toThrow(/abort/i);
    expect(await countRunning()).toBe(0);
  });
});
