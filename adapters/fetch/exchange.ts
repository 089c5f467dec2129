/** One request and its response, without redirects: headers out, a bounded body in. */
import { type Dispatcher, request as httpRequest } from "undici";
import type { Fetched, FetchFailure } from "../../domain/ports/fetcher.ts";

/** An expected end without an answer, named as the port names it. */
export class FetchFailedError extends Error {
  readonly failure: FetchFailure;
  override readonly name = "FetchFailedError";
  constructor(failure: FetchFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

export type Exchange = {
  readonly url: URL;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array | null;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
};

/** Answers any status; of a redirect the body is not read. Throws `FetchFailedError` or the library's error. */
export async function exchange(dispatcher: Dispatcher, asked: Exchange): Promise<Fetched> {
  const { statusCode, headers, body } = await httpRequest(asked.url, {
    dispatcher,
    method: asked.method,
    headers: { ...asked.headers, "accept-encoding": "identity" },
    body: asked.bytes,
    signal: asked.signal,
  });
  try {
    const bytes = isRedirect(statusCode, headers)
      ? new Uint8Array()
      : await readBody(body, headers, asked.bytesMax);
    return answerOf(asked.url, statusCode, headers, bytes);
  } finally {
    // What was not read is not waited for; its late errors concern nobody.
    body.on("error", () => undefined).destroy();
  }
}

type Headers = Dispatcher.ResponseData["headers"];

export function isRedirect(status: number, headers: Headers | Readonly<Record<string, string>>): boolean {
  return [301, 302, 303, 307, 308].includes(status) && headers["location"] !== undefined;
}

async function readBody(
  body: AsyncIterable<Uint8Array>,
  headers: Headers,
  bytesMax: number,
): Promise<Uint8Array> {
  const encoding = lastOf(headers["content-encoding"]) ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    // A few compressed kilobytes can become a gigabyte; we asked for none.
    throw new FetchFailedError(
      "connection-failed",
      "fetch: the server compressed its answer although asked not to",
    );
  }
  if (Number(lastOf(headers["content-length"]) ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > bytesMax) throw tooLarge(bytesMax);
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces, size));
}

function tooLarge(bytesMax: number): FetchFailedError {
  return new FetchFailedError("too-large", `fetch: the answer is larger than ${bytesMax} bytes`);
}

function answerOf(url: URL, status: number, headers: Headers, bytes: Uint8Array): Fetched {
  const [type = "", ...parameters] = (lastOf(headers["content-type"]) ?? "").split(";");
  const charset = parameters
    .map((text) => /^\s*charset\s*=\s*"?([^"\s]+)"?\s*$/i.exec(text)?.[1])
    .find(Boolean);
  const cookies = headers["set-cookie"] ?? [];
  return {
    ok: true,
    url: url.href,
    status,
    contentType: type.trim() === "" ? null : type.trim().toLowerCase(),
    charset: charset?.toLowerCase() ?? null,
    headers: flattened(headers),
    setCookies: typeof cookies === "string" ? [cookies] : cookies,
    bytes,
  };
}

function flattened(headers: Headers): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.keys(headers).flatMap((name) => {
      const value = lastOf(headers[name]);
      return value === null || name === "set-cookie" ? [] : [[name.toLowerCase(), value]];
    }),
  );
}

function lastOf(value: string | string[] | undefined): string | null {
  return (typeof value === "string" ? value : value?.at(-1)) ?? null;
}
