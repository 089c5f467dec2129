import { createHash } from "node:crypto";
import { base32, parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import type { CancelAnswer, Intake, Submission, SubmitAnswer } from "../../domain/ports/intake.ts";
import type { RequestEvent } from "../../domain/request/events.ts";

/** Only a log makes a real one; here it stands for "the fake has it in its list". */
// oxlint-disable-next-line no-unsafe-type-assertion
export const FAKE_DURABLE = { at: instant(0) } as Durable;

export type FakeIntake = Intake & {
  /** What was stored, once per Request. */
  readonly stored: Submission[];
  readonly cancelled: RequestId[];
  /** Every further answer, until it is set to null again. */
  answer: SubmitAnswer | "broken" | null;
  cancelAnswer: CancelAnswer;
  decided: RequestEvent | null;
};

/** Keeps what it gets in memory and derives the id from Sender, key and customer, as the real one does. */
export function createFakeIntake(): FakeIntake {
  const bodies = new Map<RequestId, string>();
  const fake: FakeIntake = {
    stored: [],
    cancelled: [],
    answer: null,
    cancelAnswer: { ok: true, durable: FAKE_DURABLE },
    decided: null,
    async submit(submission) {
      if (fake.answer === "broken") throw new Error("fake intake: told to break");
      if (fake.answer !== null) return fake.answer;
      const key = submission.who.messageId ?? submission.idempotencyKey;
      if (key === null) return { ok: false, reason: "idempotency-key-missing" };
      const requestId = fakeRequestId(`${submission.who.sender}\n${submission.draft.to}\n${key}`);
      const known = bodies.get(requestId);
      if (known !== undefined && known !== submission.bodySha256) {
        return { ok: false, reason: "idempotency-key-reused" };
      }
      bodies.set(requestId, submission.bodySha256);
      if (known === undefined) fake.stored.push(submission);
      return {
        ok: true,
        requestId,
        durable: FAKE_DURABLE,
        replayed: known !== undefined,
        decided: fake.decided,
      };
    },
    async cancel(_who, request) {
      fake.cancelled.push(request);
      return fake.cancelAnswer;
    },
  };
  return fake;
}

export function fakeRequestId(text: string): RequestId {
  const id = parseRequestId(`rq_${base32(createHash("md5").update(text).digest())}_0a1`);
  if (id === null) throw new Error("fake request id: the form has changed");
  return id;
}
