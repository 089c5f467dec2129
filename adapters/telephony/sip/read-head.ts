/**
 * The first step of reading a message: bytes to a start line and header lines. Sizes are checked and blanks
 * collapsed before any pattern sees a line: 15 KB of spaces inside a Via once cost half a second.
 */
import { type RawHeaders, SipSyntaxError } from "./sip-syntax-error.ts";

const HEAD_BYTES_MAX = 16_384;
const HEAD_LINES_MAX = 256;
/** Of a header that is taken apart further; RFC 4475's longest legal one has 1,003. */
const STRUCTURED_LINE_CHARACTERS_MAX = 2_048;

export type Head = {
  readonly startLine: string;
  readonly headers: RawHeaders;
  /** Offset of the first byte after the empty line. */
  readonly bodyAt: number;
};

// RFC 3261 7.3.3 and 20; Refer-To, Event, Allow-Events, Session-Expires from their own RFCs.
const COMPACT_NAMES: ReadonlyMap<string, string> = new Map([
  ["v", "via"],
  ["f", "from"],
  ["t", "to"],
  ["i", "call-id"],
  ["m", "contact"],
  ["l", "content-length"],
  ["c", "content-type"],
  ["k", "supported"],
  ["r", "refer-to"],
  ["s", "subject"],
  ["e", "content-encoding"],
  ["o", "event"],
  ["b", "referred-by"],
  ["u", "allow-events"],
  ["x", "session-expires"],
]);

const STRUCTURED: ReadonlySet<string> = new Set([
  "via",
  "from",
  "to",
  "call-id",
  "cseq",
  "contact",
  "route",
  "record-route",
  "content-length",
  "content-type",
  "content-disposition",
  "max-forwards",
  "refer-to",
  "event",
]);

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Throws `SipSyntaxError` (400, or 513 when it is too large). Header names come in lower case, never compact. */
export function readHead(bytes: Buffer): Head {
  const start = skipEmptyLines(bytes);
  const end = bytes.indexOf("\r\n\r\n", start, "latin1");
  if (end - start > HEAD_BYTES_MAX || (end < 0 && bytes.length - start > HEAD_BYTES_MAX)) {
    throw new SipSyntaxError(`header of more than ${HEAD_BYTES_MAX} bytes`, 513);
  }
  if (end < 0) throw new SipSyntaxError("no empty line ends the header");
  // RFC 3261 7.3.1: a line that begins with a blank goes on from the one before.
  const text = bytes.toString("utf8", start, end);
  const isFolded = text.includes("\r\n ") || text.includes("\r\n\t");
  const lines = (isFolded ? text.replaceAll(/\r\n[ \t]+/g, " ") : text).split("\r\n");
  const [startLine = "", ...rest] = lines;
  const headers = new Map<string, string[]>();
  const head = { startLine, headers, bodyAt: end + 4 };
  if (lines.length > HEAD_LINES_MAX) {
    throw withHead(new SipSyntaxError(`more than ${HEAD_LINES_MAX} header lines`, 513), head);
  }
  for (const line of rest) {
    const fault = readLine(line, headers);
    if (fault !== null) throw withHead(new SipSyntaxError(fault), head);
  }
  return head;
}

/** Adds what a refusal needs to know: whom to answer. */
export function withHead(error: SipSyntaxError, head: Head): SipSyntaxError {
  const method = head.startLine.slice(0, Math.max(0, head.startLine.indexOf(" ")));
  error.method = isToken(method) ? method : null;
  error.headers = head.headers;
  return error;
}

/** RFC 3261 7.5: empty lines before the start line are to be ignored. */
function skipEmptyLines(bytes: Buffer): number {
  let start = 0;
  while (bytes[start] === 13 && bytes[start + 1] === 10) start += 2;
  return start;
}

function readLine(line: string, headers: Map<string, string[]>): string | null {
  const colon = line.indexOf(":");
  if (colon < 1) return "header line without a name";
  const written = line.slice(0, colon);
  const name = headerNames.get(written) ?? readName(written);
  if (name === "") return "header name that is no token";
  // The core reads "_" in a name as "-", so that Record_Route would steer our routing.
  if (name.includes("_")) return null;
  const value = collapseBlanks(line.slice(colon + 1)).trim();
  if (STRUCTURED.has(name) && value.length > STRUCTURED_LINE_CHARACTERS_MAX) {
    return `${name} of more than ${STRUCTURED_LINE_CHARACTERS_MAX} characters`;
  }
  const values = headers.get(name);
  if (values === undefined) headers.set(name, [value]);
  else values.push(value);
  return null;
}

/** As peers write them, to what they mean. Bounded: a peer may invent names without end. */
const headerNames = new Map<string, string>();
const HEADER_NAMES_MAX = 512;
const HEADER_NAME_CHARACTERS_MAX = 64;

/** In lower case and in full; "" when it is no token. */
function readName(written: string): string {
  const lower = written.trimEnd().toLowerCase();
  const name = isToken(lower) ? (COMPACT_NAMES.get(lower) ?? lower) : "";
  if (headerNames.size < HEADER_NAMES_MAX && written.length <= HEADER_NAME_CHARACTERS_MAX) {
    headerNames.set(written, name);
  }
  return name;
}

function collapseBlanks(value: string): string {
  return value.includes("  ") || value.includes("\t") ? value.replaceAll(/[ \t]+/g, " ") : value;
}
