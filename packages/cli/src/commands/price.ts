import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { priceRequest } from "@spancost/rates";
import type { Command } from "commander";
import { CliError, EXIT_CODE } from "../cli-error.ts";

/** Usage names of a price request, and what they count. */
const USAGE = {
  input_total: "input tokens, cached ones included",
  cache_read: "input tokens read from the cache",
  cache_write_5m: "input tokens written to the cache for 5 minutes",
  cache_write_1h: "input tokens written to the cache for 1 hour",
  output: "output tokens, reasoning included",
  reasoning: "output tokens spent on reasoning",
  audio_in: "audio input tokens",
  audio_out: "audio output tokens",
  image_in: "image input tokens",
  image_out: "image output tokens",
  images: "generated images",
  video_seconds: "seconds of generated video",
  audio_seconds: "seconds of audio",
  characters: "characters of speech",
  web_search_requests: "web searches",
} as const;
/** Lines written at once: a write a line is what makes a hundred thousand slow. */
const LINES_A_WRITE = 1_000;

type PriceFlags = Readonly<Record<string, string | undefined>>;

/** `spancost price`: what one usage costs, or a stream of them, without a server. */
export function addPriceCommand(program: Command): void {
  const command = program
    .command("price")
    .description("price a usage by the catalogue; without a server")
    .option("--model <name>", "model, as the provider or a producer names it")
    .option("--provider <name>", "provider")
    .option("--timestamp <time>", "moment of the call (default: now)")
    .option("--service-tier <name>", "served tier: batch, flex, priority, ...")
    .option("--inference-region <name>", "where it ran, where that has a price of its own")
    .option("--ndjson <file>", "price requests from standard input (-), a JSON object a line");
  for (const [name, meaning] of Object.entries(USAGE)) command.option(`${toFlag(name)} <n>`, meaning);
  command.action(async (flags: PriceFlags) => {
    if (flags["ndjson"] === undefined) priceOne(flags);
    else if (flags["ndjson"] === "-") await priceLines(process.stdin);
    else throw new CliError('--ndjson takes "-": requests are read from standard input.', EXIT_CODE.usage);
  });
}

/** `--input` for the total, and the bucket's name for the others. */
function toFlag(name: string): string {
  return `--${name === "input_total" ? "input" : name.replaceAll("_", "-")}`;
}

function toOption(name: string): string {
  return toFlag(name)
    .slice(2)
    .replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function priceOne(flags: PriceFlags): void {
  if (flags["model"] === undefined)
    throw new CliError("Name a model with --model, or stream requests with --ndjson -.", EXIT_CODE.usage);
  const usage: Record<string, number | string> = {};
  for (const name of Object.keys(USAGE)) {
    const value = flags[toOption(name)];
    if (value !== undefined) usage[name] = name.endsWith("_seconds") ? value : Number(value);
  }
  const response = priceRequest({
    id: null,
    provider: flags["provider"] ?? "",
    model: flags["model"],
    timestamp: flags["timestamp"] ?? new Date().toISOString(),
    service_tier: flags["serviceTier"] ?? null,
    inference_region: flags["inferenceRegion"] ?? null,
    usage,
  });
  console.log(JSON.stringify(response, null, 2));
}

async function priceLines(input: Readable): Promise<void> {
  let pending: string[] = [];
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    pending.push(JSON.stringify(priceRequest(parseLine(line))));
    if (pending.length >= LINES_A_WRITE) {
      await write(pending);
      pending = [];
    }
  }
  await write(pending);
}

/** A line that is no JSON is answered like any other request that makes no sense. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function write(lines: readonly string[]): Promise<void> {
  if (lines.length === 0 || process.stdout.write(`${lines.join("\n")}\n`)) return;
  await new Promise((resolve) => process.stdout.once("drain", resolve));
}
