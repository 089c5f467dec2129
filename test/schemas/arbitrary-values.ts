/** Generators for what messages are made of. Brands are not parsed here: the codec must carry any string. */
import fc, { type Arbitrary } from "fast-check";
import type { Brand } from "../../domain/kernel/brand.ts";
import type { Envelope } from "../../domain/kernel/envelope.ts";
import type { CustomerKey, OfferId, RequestId, SenderId, ServerId } from "../../domain/kernel/identifiers.ts";
import type { Sealed } from "../../domain/kernel/sealed.ts";
import { type Instant, instant, type Milliseconds, milliseconds } from "../../domain/kernel/time.ts";
import type { Verdict } from "../../domain/policy/verdict.ts";
import type {
  Authentication,
  DailyWindow,
  DocumentSource,
  RequestTerms,
} from "../../domain/request/terms.ts";
import { LONG_MAX } from "../../schemas/avro-type.ts";

/** The largest that the codec carries; see `schemas/avro-type.ts`. */
const LARGEST = LONG_MAX - 1;

export const text = fc.string({ unit: "grapheme", maxLength: 12 });
export const whole = fc.integer({ min: 0, max: 2 ** 31 - 1 });
export const big = fc.integer({ min: 0, max: LARGEST });
export const flag = fc.boolean();
/** Minus zero is zero on the wire of a long, but not of a double: leave it out everywhere. */
export const real = fc.double({ noNaN: true }).map((value) => (value === 0 ? 0 : value));

/** A string of any brand. */
function branded<T extends Brand<string, string>>(): Arbitrary<T> {
  return text.map((value) => value as T);
}

export const aCustomer = branded<CustomerKey>();
export const aServer = branded<ServerId>();
export const aSender = branded<SenderId>();
export const aRequest = branded<RequestId>();
export const anOffer = branded<OfferId>();
export const sealed = branded<Sealed>();

export const anInstant: Arbitrary<Instant> = fc.integer({ min: -LARGEST, max: LARGEST }).map(instant);
export const aLength: Arbitrary<Milliseconds> = big.map(milliseconds);
export const maybe = <T>(arbitrary: Arbitrary<T>): Arbitrary<T | null> => fc.option(arbitrary, { nil: null });

export function oneOf<T extends string>(...values: readonly T[]): Arbitrary<T> {
  return fc.constantFrom(...values);
}

export const aWindow: Arbitrary<DailyWindow> = fc.record({
  fromMinute: whole,
  toMinute: whole,
  zone: maybe(text),
});

export const aVerdict: Arbitrary<Verdict> = fc.record({
  check: oneOf<Verdict["check"]>("number.form", "deadline", "hours.customer"),
  setBy: oneOf<Verdict["setBy"]>("law", "receiver", "customer", "sender"),
  rule: text,
  says: oneOf<Verdict["says"]>("allow", "wait", "refuse"),
  reason: maybe(oneOf("hours.closed", "deadline.passed")),
  until: maybe(anInstant),
  // fast-check's own dictionaries may hold "__proto__", which no check of ours writes.
  facts: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), text, { maxKeys: 3, noNullPrototype: true }),
});

export const aDocument: Arbitrary<DocumentSource> = fc.oneof(
  fc.record({
    kind: fc.constant("url" as const),
    url: text,
    sealed: fc.constant(null),
    sha256: fc.constant(null),
  }),
  fc.record({ kind: fc.constant("inline" as const), url: fc.constant(null), sealed: sealed, sha256: text }),
);

export const anAuthentication: Arbitrary<Authentication> = fc.record({
  mechanism: oneOf<Authentication["mechanism"]>("password", "api-key", "message-digest"),
  keyId: text,
});

export const terms: Arbitrary<RequestTerms> = fc.record({
  sender: aSender,
  customer: aCustomer,
  to: sealed,
  prefix: text,
  from: maybe(sealed),
  document: aDocument,
  ringTimeoutMs: aLength,
  maxSessionMs: aLength,
  notBefore: maybe(anInstant),
  notAfter: anInstant,
  window: maybe(aWindow),
  serviceLevel: oneOf<RequestTerms["serviceLevel"]>("basic", "enhanced"),
  bulkiness: oneOf<RequestTerms["bulkiness"]>("solitary", "bulk"),
  rank: whole,
  purpose: oneOf<RequestTerms["purpose"]>("marketing", "informational", "transactional", "emergency"),
  onLost: oneOf<RequestTerms["onLost"]>("stop", "retry"),
  maxAttempts: whole,
  resources: fc.array(fc.record({ name: text, url: maybe(text), sha256: maybe(text) }), { maxLength: 3 }),
  attached: fc.array(text, { maxLength: 3 }),
  userData: maybe(sealed),
  notify: fc.array(text, { maxLength: 3 }),
});

export const anEnvelope: Arbitrary<Envelope> = fc.record({
  id: text,
  source: text,
  subject: maybe(text),
  // RFC 3339 has four digits for the year.
  time: fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }).map(instant),
  sequence: maybe(big),
  correlationId: text,
  causationId: maybe(text),
  causeOffset: maybe(big),
  ownerEpoch: maybe(big),
});
