/**
 * The small client of the HTTP interface behind `reveille send`, `status`, `events`, `explain` and `cancel`. A
 * refusal is a value with a sentence for people; an answer that never came is one too.
 */
import { Agent } from "undici";

export type ClientOptions = {
  /** E.g. "http://127.0.0.1:8080", without a path. */
  readonly origin: string;
  readonly credentials:
    | { readonly sender: string; readonly password: string }
    | { readonly apiKey: string }
    | null;
  /** For a whole exchange; event streams are bounded by their caller's signal. */
  readonly timeoutMs?: number;
};

type ClientError = {
  /** Problem code of the gateway, or "unreachable" and "unreadable" of our own. */
  readonly code: string;
  /** 0 where no answer came. */
  readonly status: number;
  /** For people, several lines where there are several faults. */
  readonly message: string;
  /** Whether the same again may succeed. */
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | null;
};

type ClientAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ClientError };

type Receipt = {
  readonly id: string;
  readonly status: string;
  /** The gateway had taken it before. */
  readonly replayed: boolean;
};

/** Bodies are handed on as they came: the CLI prints them, and other versions may say more. */
type Fields = { readonly [name: string]: unknown };

export interface HttpClient {
  send(request: unknown, idempotencyKey: string): Promise<ClientAnswer<Receipt>>;
  /** Now, or as it was at an RFC 3339 time. */
  status(id: string, asOf?: string | null): Promise<ClientAnswer<Fields>>;
  events(id: string): Promise<ClientAnswer<readonly Fields[]>>;
  /** Each event after `afterSeq` as it happens, until the Request is over; resumes by itself when a stream breaks. */
  watch(id: string, afterSeq: number, signal: AbortSignal): AsyncIterable<ClientAnswer<Fields>>;
  explain(id: string): Promise<ClientAnswer<Fields>>;
  cancel(id: string): Promise<ClientAnswer<Receipt>>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MAX = 16_777_216;
/** A line of an event stream; longer ones end the watch. */
const LINE_CHARACTERS_MAX = 1_048_576;
/** Streams that broke in a row without a new event between them. */
const RESUMES_MAX = 3;

type Reply = { readonly status: number; readonly headers: Headers; readonly body: unknown };
type Headers = Readonly<Record<string, string | string[] | undefined>>;
type Ask = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

export function createHttpClient({ origin, credentials, timeoutMs = TIMEOUT_MS }: ClientOptions): HttpClient {
  const agent = new Agent({ maxResponseSize: ANSWER_BYTES_MAX, connect: { timeout: timeoutMs } });
  const authorization = authorizationOf(credentials);

  function request({ headers = {}, ...ask }: Ask, signal: AbortSignal) {
    return agent.request({ origin, ...ask, headers: { ...authorization, ...headers }, signal });
  }

  async function exchange(ask: Ask): Promise<ClientAnswer<Reply>> {
    try {
      const { statusCode: status, headers, body } = await request(ask, AbortSignal.timeout(timeoutMs));
      const reply = { status, headers, body: parseBody(await body.text()) };
      return status < 300 ? { ok: true, value: reply } : { ok: false, error: refusalOf(reply) };
    } catch (error) {
      return { ok: false, error: unreachable(origin, error) };
    }
  }

  async function fieldsOf(path: string): Promise<ClientAnswer<Fields>> {
    const answer = await exchange({ method: "GET", path });
    return answer.ok ? asFields(answer.value.body) : answer;
  }

  async function receiptOf(ask: Ask): Promise<ClientAnswer<Receipt>> {
    const answer = await exchange(ask);
    if (!answer.ok) return answer;
    const { id, status } = members(answer.value.body);
    if (typeof id !== "string" || typeof status !== "string") return UNREADABLE;
    return {
      ok: true,
      value: { id, status, replayed: answer.value.headers["idempotent-replayed"] === "true" },
    };
  }

  async function* streamOnce(
    id: string,
    afterSeq: number,
    signal: AbortSignal,
  ): AsyncGenerator<ClientAnswer<Fields> | "over"> {
    const headers = {
      accept: "text/event-stream",
      ...(afterSeq > 0 ? { "last-event-id": String(afterSeq) } : {}),
    };
    const {
      statusCode: status,
      headers: told,
      body,
    } = await request({ method: "GET", path: `${pathOf(id)}/events`, headers }, signal);
    if (status === 204) {
      await body.dump();
      yield "over";
    } else if (status !== 200) {
      yield { ok: false, error: refusalOf({ status, headers: told, body: parseBody(await body.text()) }) };
    } else {
      for await (const data of dataLines(body)) yield asFields(parseBody(data));
    }
  }

  return {
    send: (body, key) =>
      receiptOf({
        method: "POST",
        path: "/v1/requests",
        headers: { "content-type": "application/json", "idempotency-key": quoted(key) },
        body: JSON.stringify(body),
      }),
    status: (id, asOf = null) =>
      fieldsOf(asOf === null ? pathOf(id) : `${pathOf(id)}?asOf=${encodeURIComponent(asOf)}`),
    explain: (id) => fieldsOf(`${pathOf(id)}/explain`),
    cancel: (id) => receiptOf({ method: "DELETE", path: pathOf(id) }),
    async events(id) {
      const answer = await fieldsOf(`${pathOf(id)}/events`);
      if (!answer.ok) return answer;
      const { events } = answer.value;
      return Array.isArray(events) ? { ok: true, value: events.map(members) } : UNREADABLE;
    },
    async *watch(id, afterSeq, signal) {
      let seen = afterSeq;
      let broken = 0;
      // An end without a last event looks like a stream that broke; asking again gets a 204 when it is over.
      while (!signal.aborted && broken <= RESUMES_MAX) {
        try {
          for await (const answer of streamOnce(id, seen, signal)) {
            if (answer === "over") return;
            yield answer;
            if (!answer.ok) return;
            const { seq } = answer.value;
            if (typeof seq === "number") seen = seq;
            broken = -1;
          }
        } catch (error) {
          if (signal.aborted) return;
          if (broken === RESUMES_MAX) yield { ok: false, error: unreachable(origin, error) };
        }
        broken += 1;
      }
    },
    close: () => agent.destroy(),
  };
}

function pathOf(id: string): string {
  return `/v1/requests/${encodeURIComponent(id)}`;
}

// A Structured Field string (RFC 8941 section 3.3.3).
function quoted(key: string): string {
  return `"${key.replaceAll(/["\\]/g, "\\$&")}"`;
}

function authorizationOf(credentials: ClientOptions["credentials"]): Record<string, string> {
  if (credentials === null) return {};
  if ("apiKey" in credentials) return { authorization: `Bearer ${credentials.apiKey}` };
  const pair = Buffer.from(`${credentials.sender}:${credentials.password}`);
  return { authorization: `Basic ${pair.toString("base64")}` };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, for instance: whoever asks for fields finds none.
    return null;
  }
}

function members(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function asFields(body: unknown): ClientAnswer<Fields> {
  const fields = members(body);
  return Object.keys(fields).length === 0 ? UNREADABLE : { ok: true, value: fields };
}

const UNREADABLE: { readonly ok: false; readonly error: ClientError } = {
  ok: false,
  error: {
    code: "unreadable",
    status: 0,
    message: "what answered does not speak as a Reveille gateway; check the address",
    retryable: false,
    retryAfterSeconds: null,
  },
};

function refusalOf({ status, headers, body }: Reply): ClientError {
  const problem = members(body);
  const { type, title, detail, reasonCode, explain, errors } = problem;
  const code =
    typeof type === "string" && type.startsWith("/problems/")
      ? type.slice("/problems/".length)
      : "unreadable";
  const lines = [
    `${typeof title === "string" ? title : `HTTP ${status}`}: ${typeof detail === "string" ? detail : "no detail"}`,
    ...(typeof reasonCode === "string" && reasonCode !== code ? [`  reason: ${reasonCode}`] : []),
    ...(typeof explain === "string" ? [`  see: ${explain}`] : []),
    ...(Array.isArray(errors) ? errors.map(members).map(faultLine) : []),
  ];
  const retryAfter = Number(headers["retry-after"]);
  return {
    code,
    status,
    message: lines.join("\n"),
    retryable: status === 429 || status >= 500,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null,
  };
}

function faultLine({ pointer, message }: Fields): string {
  return `  ${typeof pointer === "string" && pointer !== "" ? pointer : "the Request"}: ${typeof message === "string" ? message : "not valid"}`;
}

function unreachable(origin: string, error: unknown): ClientError {
  const why = error instanceof Error ? error.message : String(error);
  const message = `no answer from ${origin} (${why}); is the gateway running? Sending again with the same key is safe`;
  return { code: "unreachable", status: 0, message, retryable: true, retryAfterSeconds: null };
}

/** The data of each event of a stream; comments and other fields are for other readers. */
async function* dataLines(body: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_CHARACTERS_MAX) throw new Error("a line of the event stream is longer than 1 MB");
    for (const line of lines) if (line.startsWith("data: ")) yield line.slice("data: ".length);
  }
}
