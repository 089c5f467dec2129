/**
 * A directory file as an administrator writes it. It is read strictly: a typing error in a limit or a list of
 * networks must not become an account that is open to all. Values are never told back, for some are secrets.
 */
import { CHOICE_SCHEMES, type ChoiceScheme } from "../domain/dispatch/choose-server.ts";
import { DAY_MS, HOUR_MS } from "../domain/kernel/time.ts";
import {
  type Field,
  fault,
  listOf,
  object,
  oneOf,
  optional,
  type Reader,
  required,
  text,
  wholeNumber,
} from "../domain/request/draft-fields.ts";
import type { DailyWindow } from "../domain/request/terms.ts";
import { isCidr } from "../domain/security/cidr.ts";

/** An account. At least one of the secrets; each becomes a credential. */
export type SenderForm = {
  readonly sender: string;
  /** For HTTP Basic and SMTP AUTH. */
  readonly password?: string;
  /** Of the form `rvl_<key id>_<secret>`. */
  readonly apiKey?: string;
  /** For signed messages: the key id and the secret of at least 16 characters. */
  readonly signingKey?: { readonly keyId: string; readonly secret: string };
  readonly sources?: readonly string[];
  readonly hours?: readonly DailyWindow[];
  readonly serviceLevel?: "basic" | "enhanced";
  readonly kind?: "solitary" | "bulk";
  readonly suspended?: boolean;
};

/** The Receiver's rules; what is left out keeps its default. */
export type RulesForm = {
  readonly version: string;
  readonly hours?: readonly DailyWindow[];
  readonly unknownZone?: "refuse" | "allow";
  readonly volumeMax?: number;
  readonly volumePeriodSeconds?: number;
  readonly countries?: readonly string[];
  readonly highRiskPrefixes?: readonly string[];
  readonly offerRefusalsMax?: number;
  readonly enhancedOfferRefusalsMax?: number;
  readonly serverChoice?: ChoiceScheme;
  readonly loadPercentMax?: number;
  readonly serverLoadPercentMax?: number;
  readonly inboundReserve?: number;
  /** Left out: a Request waits for a free line until its deadline. */
  readonly lineWaitSeconds?: number;
  readonly lostRetrySeconds?: number;
  readonly hoursPrecedence?: "customer" | "sender";
};

export type DirectoryForm = { readonly senders?: readonly SenderForm[]; readonly rules?: RulesForm };

/** What is wrong with a directory file, by field. Trying again unchanged can't help. */
export class DirectoryFormError extends Error {
  readonly retryable = false;
  override readonly name = "DirectoryFormError";
}

export const SENDERS_MAX = 10_000;
const SOURCES_MAX = 100;
const WINDOWS_MAX = 14;
const COUNTRIES_MAX = 300;
const PREFIXES_MAX = 10_000;
const SECRET_CHARACTERS_MAX = 256;
const MINUTES_OF_DAY = DAY_MS / (HOUR_MS / 60);

type Fields<T> = { readonly [Name in keyof T]-?: Field<unknown> };
const maybe = (read: Reader<unknown>): Field<unknown> => optional(read, undefined);

const secret = text("field.range", `1 to ${SECRET_CHARACTERS_MAX} characters`, (value) =>
  value.length >= 1 && value.length <= SECRET_CHARACTERS_MAX ? value : null,
);
const matching = (form: RegExp, expected: string): Reader<string> =>
  text("field.form", expected, (value) => (form.test(value) ? value : null));
const yesOrNo: Reader<boolean> = (value, pointer) =>
  typeof value === "boolean" ? { ok: true, value } : fault(pointer, "field.type", "must be true or false");
const zone: Reader<string | null> = (value, pointer) =>
  value === null
    ? { ok: true, value }
    : matching(/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/, "a time zone or null")(value, pointer);

const hours = listOf(
  object<Record<keyof DailyWindow, unknown>>("a window", {
    fromMinute: required(wholeNumber("minutes after midnight", 0, MINUTES_OF_DAY)),
    toMinute: required(wholeNumber("minutes after midnight", 0, MINUTES_OF_DAY)),
    zone: required(zone),
  }),
  WINDOWS_MAX,
);

const SENDER: Fields<SenderForm> = {
  // Its exact form is the account name's own business, and told with the name.
  sender: required(secret),
  password: maybe(secret),
  apiKey: maybe(secret),
  signingKey: maybe(
    object<{ keyId: unknown; secret: unknown }>("signingKey", {
      keyId: required(matching(/^[A-Za-z0-9._-]{1,64}$/, "letters, digits, dot, hyphen, underscore")),
      secret: required(secret),
    }),
  ),
  sources: maybe(
    listOf(
      text("field.form", "a network as in 192.0.2.0/24", (value) => (isCidr(value) ? value : null)),
      SOURCES_MAX,
    ),
  ),
  hours: maybe(hours),
  serviceLevel: maybe(oneOf("basic", "enhanced")),
  kind: maybe(oneOf("solitary", "bulk")),
  suspended: maybe(yesOrNo),
};

const RULES: Fields<RulesForm> = {
  version: required(
    matching(/^[!-~]{1,64}$/, "a name with its version, as in house@7; it is kept with every verdict"),
  ),
  hours: maybe(hours),
  unknownZone: maybe(oneOf("refuse", "allow")),
  volumeMax: maybe(wholeNumber("calls", 0, 1_000_000)),
  volumePeriodSeconds: maybe(wholeNumber("seconds", 1, 31_536_000)),
  countries: maybe(listOf(matching(/^[A-Z]{2}$/, "a country in two capital letters"), COUNTRIES_MAX)),
  highRiskPrefixes: maybe(listOf(matching(/^[1-9][0-9]{0,14}$/, "digits without plus"), PREFIXES_MAX)),
  offerRefusalsMax: maybe(wholeNumber("refusals", 1, 1_000)),
  enhancedOfferRefusalsMax: maybe(wholeNumber("refusals", 1, 1_000)),
  serverChoice: maybe(oneOf(...CHOICE_SCHEMES)),
  loadPercentMax: maybe(wholeNumber("percent", 0, 100)),
  serverLoadPercentMax: maybe(wholeNumber("percent", 0, 100)),
  inboundReserve: maybe(wholeNumber("ports", 0, 10_000)),
  lineWaitSeconds: maybe(wholeNumber("seconds", 1, 31_536_000)),
  lostRetrySeconds: maybe(wholeNumber("seconds", 1, 86_400)),
  hoursPrecedence: maybe(oneOf("customer", "sender")),
};

const FILE: Fields<DirectoryForm> = {
  senders: maybe(listOf(object<Record<keyof SenderForm, unknown>>("a sender", SENDER), SENDERS_MAX)),
  rules: maybe(object<Record<keyof RulesForm, unknown>>("rules", RULES)),
};

const readFile: Reader<unknown> = object<Record<keyof DirectoryForm, unknown>>("a directory file", FILE);

/** Reads a directory file (JSON, parsed). Throws `DirectoryFormError` with every fault, each by its place. */
export function parseDirectoryForm(value: unknown): DirectoryForm {
  const reading = readFile(value, "");
  if (!reading.ok) {
    const faults = reading.errors.map(
      ({ pointer, message }) => `${pointer === "" ? "the file" : pointer} ${message}`,
    );
    throw new DirectoryFormError(`directory: ${faults.join("\ndirectory: ")}`);
  }
  // Every field of it was read by its own reader just now; what was left out stays left out.
  // oxlint-disable-next-line no-unsafe-type-assertion
  const form = value as DirectoryForm;
  if (form.senders === undefined && form.rules === undefined) {
    throw new DirectoryFormError('directory: the file holds neither "senders" nor "rules"; give one of them');
  }
  return form;
}
