/** ClickHouse's error numbers, read out of the engine's messages, and the HTTP status that its server gives them. */
import { TooManyQueriesError } from "./readers.ts";

export type EngineError = { readonly code: number; readonly status: number; readonly body: string };

const STATUS: Readonly<Record<number, number>> = {
  62: 400,
  516: 401,
  164: 403,
  482: 403,
  497: 403,
  60: 404,
  81: 404,
  202: 503,
};

export function engineError(error: unknown): EngineError {
  if (error instanceof TooManyQueriesError)
    return describe(202, `${error.message}. (TOO_MANY_SIMULTANEOUS_QUERIES)`);
  const message = error instanceof Error ? error.message : String(error);
  const found = /Code: (\d+)\.\s*(?:DB::Exception:\s*)?(.*)/s.exec(message);
  if (found === null) return describe(1002, message);
  return describe(Number(found[1]), found[2] ?? message);
}

export function describe(code: number, text: string): EngineError {
  return { code, status: STATUS[code] ?? 500, body: `Code: ${code}. DB::Exception: ${text.trim()}\n` };
}
