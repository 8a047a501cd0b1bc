import { readFileSync } from "node:fs";
import { z } from "zod";
import { ServerError } from "../server-error.ts";
import type { ServerConfig } from "./load-config.ts";

/** A token that may send spans and nothing else. */
export interface IngestToken {
  readonly token: string;
  readonly name: string;
  /** Whose spans it may send; without it anybody's. */
  readonly tenants?: readonly string[] | undefined;
  /** Spans of which services (`service.name`); without it of all. */
  readonly services?: readonly string[] | undefined;
}

const MIN_TOKEN_LENGTH = 16;
const name = z.string().min(1).max(256);
const token = z
  .string()
  .min(MIN_TOKEN_LENGTH)
  .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces, since it goes into a header");
const FILE = z.array(
  z.strictObject({
    token,
    name,
    tenants: z.array(name).min(1).optional(),
    services: z.array(name).min(1).optional(),
  }),
);

/** Reads the ingest tokens; none without a file. @throws ServerError `bad-config`, with every problem and no secret */
export function loadIngestTokens({
  ingestTokens: file,
  token: main,
  adminToken,
}: Pick<ServerConfig, "ingestTokens" | "token" | "adminToken">): readonly IngestToken[] {
  if (file === undefined) return [];
  const result = FILE.safeParse(parse(file));
  if (!result.success) throw problemsOf(file, result.error.issues.map(describeIssue));
  const clashes = findClashes(result.data, new Set([main, adminToken]));
  if (clashes.length > 0) throw problemsOf(file, clashes);
  return result.data;
}

function parse(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ServerError("bad-config", `The file of ingest tokens ${file} cannot be read: ${String(cause)}`, {
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the file, which is secret.
    throw new ServerError("bad-config", `The file of ingest tokens ${file} is not JSON. It must be ${SHAPE}.`);
  }
}

const SHAPE = 'a list such as [{"token": "...", "name": "acme-prod", "tenants": ["acme"], "services": ["shop"]}]';

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.length === 0 ? "the file" : issue.path.join(".")}: ${issue.message}`;
}

function findClashes(tokens: readonly IngestToken[], others: ReadonlySet<string | undefined>): string[] {
  const named = new Map<string, string>();
  const names = new Set<string>();
  return tokens.flatMap((entry, index) => {
    const problems: string[] = [];
    const twin = named.get(entry.token);
    if (twin !== undefined) problems.push(`${index}.token: ${entry.name} has the same token as ${twin}`);
    if (others.has(entry.token))
      problems.push(`${index}.token: ${entry.name} has SPANCOST_TOKEN or SPANCOST_ADMIN_TOKEN, which may do more`);
    if (names.has(entry.name)) problems.push(`${index}.name: ${entry.name} is there twice`);
    named.set(entry.token, entry.name);
    names.add(entry.name);
    return problems;
  });
}

function problemsOf(file: string, problems: readonly string[]): ServerError {
  return new ServerError(
    "bad-config",
    `The file of ingest tokens ${file} has problems:\n  - ${problems.join("\n  - ")}\nIt must be ${SHAPE}.`,
  );
}
