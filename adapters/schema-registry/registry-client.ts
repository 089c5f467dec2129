/**
 * What we need of a schema registry's HTTP interface: Confluent's, which Apicurio answers under `/apis/ccompat/v7`.
 * By hand, because it is six questions; the published clients bring between 13 and 171 MB of other things.
 */

export type RegistryAddress = {
  /** Up to where `/subjects` begins. `https://user:password@…` logs in with these. */
  readonly url: string;
  /** Shown as a bearer token instead; null: none. */
  readonly token: string | null;
  /** For a whole answer. Default 10,000 ms. */
  readonly timeoutMs?: number;
};

/** Schemas are JSON text. Every method throws `RegistryUnavailableError` or `RegistryRefusalError`. */
export type RegistryClient = {
  /** For messages: without login. */
  readonly name: string;
  /** The id that the schema has under the subject; null where it is not registered there. */
  lookUp(subject: string, schema: string): Promise<number | null>;
  /** Its id; the same again for a schema that is there already. */
  register(subject: string, schema: string): Promise<number>;
  /** Whether the registry would take the schema as the subject's next version. */
  accepts(subject: string, schema: string): Promise<boolean>;
  /** From now on every version of the subject must read every other. */
  keepCompatible(subject: string): Promise<void>;
  /** Null where the registry knows no such id. */
  schemaOf(id: number): Promise<string | null>;
};

/** No answer, or one that says "not now". Trying again can help. */
export class RegistryUnavailableError extends Error {
  readonly retryable = true;
  override readonly name = "RegistryUnavailableError";
}

/** It answered, and will answer the same again: an operator has to mend the login, the address or the schema. */
export class RegistryRefusalError extends Error {
  readonly retryable = false;
  override readonly name = "RegistryRefusalError";
}

const TIMEOUT_MS = 10_000;
/** A schema of ours has some kilobytes; an answer that is larger is not from a registry. */
export const ANSWER_BYTES_MAX = 1_000_000;
const CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";
const COMPATIBILITY = "FULL_TRANSITIVE";
const REASON_LENGTH_MAX = 300;

/** Asks nothing yet. Throws `TypeError` for what is no URL. */
export function createRegistryClient({
  url,
  token,
  timeoutMs = TIMEOUT_MS,
}: RegistryAddress): RegistryClient {
  const { base, authorization } = addressOf(url, token);
  const headers = { accept: `${CONTENT_TYPE}, application/json`, "content-type": CONTENT_TYPE };

  async function ask(method: string, path: string, content?: object): Promise<Answer> {
    const what = `schema registry ${base}: ${method} ${path}`;
    let status: number;
    let text: string;
    try {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: authorization === null ? headers : { ...headers, authorization },
        // Our login is for this address alone.
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
        ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      });
      status = response.status;
      text = await textWithin(response);
    } catch (error) {
      throw new RegistryUnavailableError(`${what} had no answer within ${timeoutMs} ms`, { cause: error });
    }
    const answer = { what, status, body: parseObject(text) };
    if (status >= 500 || status === 408 || status === 429) {
      throw new RegistryUnavailableError(`${what} answered ${toldBy(answer)}`);
    }
    return answer;
  }

  async function keepCompatible(subject: string): Promise<void> {
    const path = `/config/${encodeURIComponent(subject)}`;
    const set = await ask("PUT", path, { compatibility: COMPATIBILITY });
    if (isOk(set)) return;
    // Apicurio answers 409 to the second of two processes that set it at once.
    const found = await ask("GET", path);
    if (found.body["compatibilityLevel"] !== COMPATIBILITY) throw refusal(set);
  }

  return {
    name: base,
    keepCompatible,
    async lookUp(subject, schema) {
      const answer = await ask("POST", `/subjects/${encodeURIComponent(subject)}`, { schema });
      return answer.status === 404 ? null : requireId(answer);
    },
    async register(subject, schema) {
      return requireId(await ask("POST", `/subjects/${encodeURIComponent(subject)}/versions`, { schema }));
    },
    async accepts(subject, schema) {
      const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest`;
      const answer = await ask("POST", path, { schema });
      // Confluent's: a subject that is not there refuses nothing.
      if (answer.status === 404) return true;
      const verdict = answer.body["is_compatible"];
      if (!isOk(answer) || typeof verdict !== "boolean") throw refusal(answer);
      return verdict;
    },
    async schemaOf(id) {
      const answer = await ask("GET", `/schemas/ids/${id}`);
      if (answer.status === 404) return null;
      const schema = answer.body["schema"];
      if (!isOk(answer) || typeof schema !== "string") throw refusal(answer);
      return schema;
    },
  };
}

type Answer = {
  readonly what: string;
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
};

function addressOf(
  url: string,
  token: string | null,
): { readonly base: string; readonly authorization: string | null } {
  const parsed = new URL(url);
  const login = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
  const basic = login === ":" ? null : `Basic ${Buffer.from(login).toString("base64")}`;
  const base = `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`;
  return { base, authorization: token === null ? basic : `Bearer ${token}` };
}

async function textWithin(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Nothing in it where the text is no JSON object: a proxy's page, most of the time. */
function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isOk({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

function requireId(answer: Answer): number {
  const id = answer.body["id"];
  if (!isOk(answer) || typeof id !== "number" || !Number.isInteger(id)) throw refusal(answer);
  return id;
}

function refusal(answer: Answer): RegistryRefusalError {
  return new RegistryRefusalError(`${answer.what} answered ${toldBy(answer)}`);
}

function toldBy({ status, body }: Answer): string {
  const message = body["message"];
  return typeof message === "string" ? `${status}: ${message.slice(0, REASON_LENGTH_MAX)}` : String(status);
}
