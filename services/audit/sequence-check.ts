/**
 * The numbers of each Request: 1, 2, 3 … without a gap; what came twice is the same both times; one end. Holds
 * every Request of one partition, so its memory has a limit: beyond it the ones that ended first are forgotten,
 * and what comes of them later is counted as not judged, never called a fault.
 */
import type { Finding } from "../../domain/audit/finding.ts";
import { toHex } from "../../domain/kernel/hex.ts";
import { parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import type { Digests } from "../../domain/ports/digests.ts";
import type { Delivered } from "../../domain/ports/event-log.ts";
import { isTerminal } from "../../domain/request/events.ts";

/** Requests of one partition held at once; about 1 KB each. */
const REQUESTS_HELD_MAX = 500_000;
/** Of a body's SHA-256, enough to tell two events of one number apart. */
const BODY_HASH_BYTES = 8;

type Known = {
  seq: number;
  /** Hash of the body under each number: a map, since a forged number may be as high as it likes. */
  readonly bodies: Map<number, string>;
  ended: boolean;
};

export type SequenceCheck = {
  take(record: Delivered<"events">): readonly Finding[];
  requests(): number;
  /** Events of Requests whose beginning is not known here. */
  notJudged(): number;
};

/** Takes the records of one partition, from the first one that is there. */
export function createSequenceCheck(
  digests: Pick<Digests, "sha256">,
  requestsHeldMax: number = REQUESTS_HELD_MAX,
): SequenceCheck {
  const known = new Map<RequestId, Known>();
  const ended: RequestId[] = [];
  let requests = 0;
  let notJudged = 0;
  /** Whether a Request that is not known may have begun before. */
  let forgotten: boolean | null = null;

  function begin(request: RequestId, seq: number, body: string): void {
    requests += 1;
    known.set(request, { seq, bodies: new Map([[seq, body]]), ended: false });
    while (known.size > requestsHeldMax) {
      const oldest = ended.shift() ?? known.keys().next().value;
      if (oldest === undefined) break;
      forgotten = true;
      known.delete(oldest);
    }
  }

  function takeFirst(request: RequestId, seq: number, body: string): Wrong | null {
    if (seq > 1 && forgotten === true) {
      notJudged += 1;
      return null;
    }
    begin(request, seq, body);
    return seq === 1 ? null : { code: "sequence-gap", detail: `its first number is ${seq}` };
  }

  function takeEnd(record: Delivered<"events">, request: RequestId): Wrong | null {
    const one = known.get(request);
    if (one === undefined || !record.ok || record.message === null || !isTerminal(record.message))
      return null;
    if (one.ended) return { code: "second-end", detail: `${record.message.type} after its end` };
    one.ended = true;
    ended.push(request);
    return null;
  }

  return {
    take(record) {
      forgotten ??= record.offset > 0;
      if (!record.ok || record.message === null) return [];
      const request = parseRequestId(record.envelope.subject ?? "");
      const seq = record.envelope.sequence;
      if (request === null || seq === null) return [];
      const body = toHex(digests.sha256(record.proof?.body ?? new Uint8Array()).subarray(0, BODY_HASH_BYTES));
      const one = known.get(request);
      const isRepeat = one !== undefined && seq <= one.seq;
      const wrong = [
        one === undefined ? takeFirst(request, seq, body) : takeNext(one, seq, body),
        isRepeat ? null : takeEnd(record, request),
      ];
      const { topic, partition, offset } = record;
      const place = { topic, partition, offset };
      return wrong.flatMap((what) => (what === null ? [] : [{ ...what, place, request }]));
    },
    requests: () => requests,
    notJudged: () => notJudged,
  };
}

type Wrong = Pick<Finding, "code" | "detail">;

/** Folds the number into `one`, in place. */
function takeNext(one: Known, seq: number, body: string): Wrong | null {
  if (seq <= one.seq) {
    const first = one.bodies.get(seq);
    // The first of the two is missing itself, which was found when the numbers jumped.
    if (first === undefined) return null;
    return first === body
      ? { code: "sequence-repeat", detail: `number ${seq} again` }
      : { code: "repeat-differs", detail: `number ${seq} again, with another event` };
  }
  const before = one.seq;
  one.bodies.set(seq, body);
  one.seq = seq;
  return seq === before + 1 ? null : { code: "sequence-gap", detail: `number ${seq} follows ${before}` };
}
