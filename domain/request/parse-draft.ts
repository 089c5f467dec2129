/**
 * The one door for what a Sender asks, whether it came by HTTP or by mail (B15). `schemas/request.schema.json`
 * says the same for machines, and a test holds the two together; rules between fields stand here only.
 */
import { parsePhoneNumber } from "../kernel/phone-number.ts";
import { seconds } from "../kernel/time.ts";
import type { DraftError, RequestDraft } from "./draft.ts";
import {
  fault,
  listOf,
  object,
  oneOf,
  optional,
  parseMoment,
  type Reader,
  type Reading,
  required,
  text,
  wholeNumber,
} from "./draft-fields.ts";
import type { DailyWindow, Resource } from "./terms.ts";

export type ParsedDraft =
  | { readonly ok: true; readonly draft: RequestDraft }
  | { readonly ok: false; readonly errors: readonly DraftError[] };

export const URL_CHARACTERS_MAX = 2_048;
export const INLINE_CHARACTERS_MAX = 262_144;
/** Sealed it takes 4/3 of that, and must fit into one record with all the rest (adapters/event-log/input-size.ts). */
export const INLINE_BYTES_MAX = 600_000;
export const USER_DATA_BYTES_MAX = 4_096;
export const RESOURCES_MAX = 20;
/** Errors told back at most: the first ones are enough to mend a Request. */
export const DRAFT_ERRORS_MAX = 20;

/** Moments that a Sender can ask to be told of (B13, M01–M06). */
export const NOTICES = [
  "request.received",
  "request.rejected",
  "request.scheduled",
  "request.dispatched",
  "request.declined",
  "request.accepted",
  "request.rescheduled",
  "request.completed",
  "request.failed",
  "request.expired",
  "request.cancelled",
  "request.lost",
  "call.ringing",
  "call.answered",
  "call.completed",
  "call.failed",
  "optout.recorded",
] as const;

/**
 * Reads a Request. `isZone` knows the time zones of this machine (`ZoneClock.isZone`); without it any name of
 * the right form passes, to be judged later. Pointers of the errors are RFC 6901, codes are stable.
 */
export function parseDraft(json: unknown, isZone: (name: string) => boolean = () => true): ParsedDraft {
  const reading = requestReader(isZone)(json, "");
  if (!reading.ok) return { ok: false, errors: reading.errors.slice(0, DRAFT_ERRORS_MAX) };
  const { ringTimeoutSeconds, maxSessionSeconds, kind, ...same } = reading.value;
  const draft: RequestDraft = {
    ...same,
    bulkiness: kind,
    ringTimeoutMs: seconds(ringTimeoutSeconds),
    maxSessionMs: seconds(maxSessionSeconds),
  };
  const errors = betweenFields(draft);
  return errors.length === 0 ? { ok: true, draft } : { ok: false, errors };
}

type Wire = Omit<RequestDraft, "ringTimeoutMs" | "maxSessionMs" | "bulkiness"> & {
  readonly ringTimeoutSeconds: number;
  readonly maxSessionSeconds: number;
  readonly kind: RequestDraft["bulkiness"];
};

function requestReader(isZone: (name: string) => boolean): Reader<Wire> {
  return object<Wire>("a Request", {
    to: required(phoneNumber),
    from: optional(phoneNumber, null),
    document: required(programSource),
    ringTimeoutSeconds: optional(wholeNumber("seconds", 1, 600), 35),
    maxSessionSeconds: optional(wholeNumber("seconds", 1, 7_200), 600),
    notBefore: optional(moment, null),
    notAfter: optional(moment, null),
    window: optional(dailyWindow(isZone), null),
    serviceLevel: optional(oneOf("basic", "enhanced"), null),
    kind: optional(oneOf("solitary", "bulk"), null),
    rank: optional(wholeNumber("rank", 0, 9), 0),
    purpose: optional(oneOf("marketing", "informational", "transactional", "emergency"), "informational"),
    onLost: optional(oneOf("stop", "retry"), "stop"),
    maxAttempts: optional(wholeNumber("calls", 1, 10), 1),
    resources: optional(resources, []),
    userData: optional(userData, null),
    notify: optional(listOf(oneOf(...NOTICES), NOTICES.length), []),
  });
}

const phoneNumber = text(
  "number.malformed",
  "a number as in +12125550123: a plus sign and 7 to 15 digits",
  parsePhoneNumber,
);

const moment = text(
  "time.malformed",
  "an RFC 3339 time with its offset, in the years 2000 to 2099",
  parseMoment,
);

// Host and path in plain ASCII, and no user:password@ before the host: what looks like one host must be it.
const WEB_URL = /^https?:\/\/(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:[/?#][!-~]*)?$/;

function parseWebUrl(value: string): string | null {
  return value.length <= URL_CHARACTERS_MAX && WEB_URL.test(value) && URL.canParse(value) ? value : null;
}

const webUrl = text(
  "url.malformed",
  `an http or https URL in ASCII of at most ${URL_CHARACTERS_MAX} characters, without a user name`,
  parseWebUrl,
);

const inlineProgram = text(
  "field.range",
  `the program, 1 to ${INLINE_CHARACTERS_MAX} characters in at most ${INLINE_BYTES_MAX} bytes of UTF-8`,
  (value) =>
    value.length >= 1 && value.length <= INLINE_CHARACTERS_MAX && utf8Bytes(value) <= INLINE_BYTES_MAX
      ? value
      : null,
);

function utf8Bytes(value: string): number {
  return new TextEncoder().encode(value).byteLength;
}

function programSource(value: unknown, pointer: string): Reading<RequestDraft["document"]> {
  const read = object<{ url: string | null; inline: string | null }>("document", {
    url: optional(webUrl, null),
    inline: optional(inlineProgram, null),
  });
  const reading = read(value, pointer);
  if (!reading.ok) return reading;
  const { url, inline } = reading.value;
  if (url !== null && inline !== null) {
    return fault(pointer, "field.conflict", 'must have "url" or "inline", not both');
  }
  if (url !== null) return { ok: true, value: { kind: "url", url } };
  if (inline !== null) return { ok: true, value: { kind: "inline", text: inline } };
  return fault(pointer, "field.missing", 'must have "url" or "inline"');
}

const CLOCK_TIME = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/;

const minuteOfDay = text("time.malformed", 'a time of day as in "20:30"', (value) =>
  CLOCK_TIME.test(value) ? Number(value.slice(0, 2)) * 60 + Number(value.slice(3)) : null,
);

const ZONE = /^[A-Za-z][A-Za-z0-9_+-]{0,31}(?:\/[A-Za-z0-9_+-]{1,31}){0,2}$/;

function dailyWindow(isZone: (name: string) => boolean): Reader<DailyWindow> {
  const zone = text("zone.unknown", 'the name of a time zone as in "Europe/Paris"', (value) =>
    ZONE.test(value) && isZone(value) ? value : null,
  );
  const read = object<{ from: number; to: number; zone: string | null }>("window", {
    from: required(minuteOfDay),
    to: required(minuteOfDay),
    zone: optional(zone, null),
  });
  return (value, pointer) => {
    const reading = read(value, pointer);
    if (!reading.ok) return reading;
    return {
      ok: true,
      value: { fromMinute: reading.value.from, toMinute: reading.value.to, zone: reading.value.zone },
    };
  };
}

// Also the name of a file in a mail: nothing that could climb out of a folder.
const RESOURCE_NAME = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,127}$/;

const resources = listOf(
  object<Resource>("a resource", {
    name: required(
      text("name.malformed", "a file name of letters, digits, dot, hyphen, underscore or space", (value) =>
        RESOURCE_NAME.test(value) ? value : null,
      ),
    ),
    url: optional(webUrl, null),
    sha256: optional(
      text("digest.malformed", "a SHA-256 in 64 hexadecimal digits", (value) =>
        /^[0-9A-Fa-f]{64}$/.test(value) ? value.toLowerCase() : null,
      ),
      null,
    ),
  }),
  RESOURCES_MAX,
);

const userData = text("field.range", `at most ${USER_DATA_BYTES_MAX} bytes of UTF-8`, (value) =>
  utf8Bytes(value) <= USER_DATA_BYTES_MAX ? value : null,
);

/** What no single field can tell. */
function betweenFields(draft: RequestDraft): readonly DraftError[] {
  const errors: DraftError[] = [];
  if (draft.window !== null && draft.window.fromMinute === draft.window.toMinute) {
    errors.push({
      pointer: "/window",
      code: "field.conflict",
      message: "must not begin and end at the same time",
    });
  }
  if (draft.notBefore !== null && draft.notAfter !== null && draft.notAfter <= draft.notBefore) {
    errors.push({ pointer: "/notAfter", code: "field.conflict", message: 'must be later than "notBefore"' });
  }
  return [...errors, ...repeatedNames(draft.resources)];
}

function repeatedNames(all: readonly Resource[]): readonly DraftError[] {
  return all.flatMap((resource, index) =>
    all.findIndex((other) => other.name === resource.name) === index
      ? []
      : [
          {
            pointer: `/resources/${index}/name`,
            code: "field.conflict",
            message: "is the name of another resource too",
          },
        ],
  );
}
