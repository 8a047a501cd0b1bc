/** One call that the table asks of an SDK. */
export interface Ask {
  /** What the user says; markers in it steer the simulator. */
  readonly prompt: string;
  /** How often the SDK may try again, where it can. */
  readonly maxRetries: number;
  /** Ends the call when the app says so. */
  readonly signal?: AbortSignal;
}

/** One SDK, at one version, as the table uses it. Results are handed back as the app gets them. */
export interface SdkAdapter {
  create(ask: Ask): Promise<unknown>;
  stream(ask: Ask): Promise<AsyncIterable<unknown>>;
  /** `.parse()`, or the nearest thing that the SDK has. */
  parse(ask: Ask): Promise<unknown>;
  /** Two calls: a plain one with the response beside its result, a streamed one as the response alone; or the nearest things. */
  respondRaw(ask: Ask): Promise<unknown>;
  /** Two calls: the model asks for a tool, and is given its result. */
  callTool(ask: Ask): Promise<unknown>;
  /** Closes connections that would stay open. */
  close?(): void;
}

/** The tool of `callTool`: its name, what it is for, and the schema of its arguments. */
export const WEATHER_TOOL = {
  name: "get_weather",
  description: "The weather in a city",
  schema: {
    type: "object" as const,
    properties: { city: { type: "string" as const } },
    required: ["city"],
    additionalProperties: false,
  },
  result: "sunny",
};

/** The schema of `parse`. */
export const CITY_SCHEMA = {
  type: "object" as const,
  properties: { name: { type: "string" as const }, inhabitants: { type: "integer" as const } },
  required: ["name", "inhabitants"],
  additionalProperties: false,
};
