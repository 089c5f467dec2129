import { beforeEach, describe, expect, test } from "vitest";
import { createMemoryKeyring } from "../../adapters/keyring/memory-keyring.ts";
import { createNumberingPlan } from "../../adapters/numbering/numbering-plan.ts";
import { createChance } from "../../adapters/system/chance.ts";
import { createDigests } from "../../adapters/system/digests.ts";
import type { RequestId } from "../../domain/kernel/identifiers.ts";
import { parsePhoneNumber } from "../../domain/kernel/phone-number.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import {
  type Entry,
  type EventLog,
  LogFullError,
  LogUnavailableError,
  type TopicName,
} from "../../domain/ports/event-log.ts";
import type { Submission } from "../../domain/ports/intake.ts";
import { type Keyring, KeyringUnavailableError } from "../../domain/ports/keyring.ts";
import { parseDraft } from "../../domain/request/parse-draft.ts";
import { BODIES_REMEMBERED_MAX, createIntake } from "../../services/intake.ts";
import type { RequestBoard } from "../../services/request-board.ts";
import { createFakeOperatorLog, type FakeOperatorLog } from "../support/fake-operator-log.ts";
import { HOTEL, NINE } from "../support/sample-request.ts";
import { createVirtualClock, type VirtualClock } from "../support/virtual-clock.ts";

const DECISION_WAIT_MS = 2_000;

/** Keeps what is appended; `fault` is thrown instead, `hold` keeps every append waiting. */
function createShelf() {
  const shelf = {
    stored: [] as Entry<TopicName>[],
    fault: null as Error | null,
    waiting: [] as (() => void)[],
    holding: false,
  };
  const log: Pick<EventLog, "append"> = {
    async append(_topic, entries) {
      if (shelf.holding) await new Promise<void>((resolve) => shelf.waiting.push(resolve));
      if (shelf.fault !== null) throw shelf.fault;
      shelf.stored.push(...entries);
      return { durable: { at: NINE } as Durable, positions: [] };
    },
  };
  return { shelf, log };
}

type FakeBoard = RequestBoard & {
  asked: { request: RequestId; patience: number }[];
  decide: ReturnType<RequestBoard["decision"]>;
};

function createFakeBoard(): FakeBoard {
  const board: FakeBoard = {
    asked: [],
    decide: Promise.resolve(null),
    start: () => Promise.resolve(),
    ended: new Promise(() => undefined),
    statusOf: () => Promise.resolve(null),
    historyOf: () => Promise.resolve([]),
    knew: () => false,
    accepted: () => undefined,
    decision(request, patience) {
      board.asked.push({ request, patience });
      return board.decide;
    },
    listen: () => () => undefined,
    stop: () => Promise.resolve(),
  };
  return board;
}

let clock: VirtualClock;
let keyring: Keyring;
let operatorLog: FakeOperatorLog;

beforeEach(() => {
  clock = createVirtualClock(NINE);
  keyring = createMemoryKeyring();
  operatorLog = createFakeOperatorLog();
});

/** One gateway's way in; two of them share the keyring, as the processes of one house do. */
function gateway() {
  const { shelf, log } = createShelf();
  const board = createFakeBoard();
  const intake = createIntake(
    {
      deadlineMs: milliseconds(86_400_000),
      decisionWaitMs: milliseconds(DECISION_WAIT_MS),
      trunkCountry: "US",
      source: "gateway",
    },
    {
      log,
      keyring,
      digests: createDigests(),
      numbering: createNumberingPlan(),
      clock,
      chance: createChance(() => clock.now()),
      operatorLog,
      senderOf: () => null,
      board,
      dialled: (number) => number,
    },
  );
  return { shelf, board, intake };
}

function submission(change: Partial<Submission> = {}, body: object = {}): Submission {
  const parsed = parseDraft({
    to: "+12125550123",
    document: { inline: "<vxml/>" },
    userData: "room 12",
    ...body,
  });
  if (!parsed.ok) throw new Error("the sample Request is not valid");
  return {
    who: {
      sender: HOTEL,
      authentication: { mechanism: "password", keyId: "hotel" },
      createdAt: null,
      messageId: null,
    },
    channel: "http",
    draft: parsed.draft,
    attached: [],
    idempotencyKey: "key-1",
    bodySha256: "aa",
    ...change,
  };
}

describe("the idempotency key", () => {
  test("is needed", async () => {
    const { intake, shelf } = gateway();
    expect(await intake.submit(submission({ idempotencyKey: null }))).toEqual({
      ok: false,
      reason: "idempotency-key-missing",
    });
    expect(shelf.stored).toEqual([]);
  });

  test("with the same body is the same Request, said to be a repeat (H09)", async () => {
    const { intake } = gateway();
    const first = await intake.submit(submission());
    const again = await intake.submit(submission());
    expect(first).toMatchObject({ ok: true, replayed: false });
    expect(again).toMatchObject({ ok: true, replayed: true });
    expect(again.ok && again.requestId).toBe(first.ok && first.requestId);
  });

  test("with another body is refused, and that body is not stored", async () => {
    const { intake, shelf } = gateway();
    await intake.submit(submission());
    expect(await intake.submit(submission({ bodySha256: "bb" }))).toEqual({
      ok: false,
      reason: "idempotency-key-reused",
    });
    expect(shelf.stored).toHaveLength(1);
  });

  test("with another body is refused too when both come at once", async () => {
    const { intake, shelf } = gateway();
    const answers = await Promise.all([
      intake.submit(submission()),
      intake.submit(submission({ bodySha256: "bb" })),
    ]);
    expect(answers.map(({ ok }) => ok)).toEqual([true, false]);
    expect(shelf.stored).toHaveLength(1);
  });

  test("of fifty equal posts at once gives one id, and one of them is the first", async () => {
    const { intake } = gateway();
    const answers = await Promise.all(Array.from({ length: 50 }, () => intake.submit(submission())));
    expect(new Set(answers.map((answer) => answer.ok && answer.requestId)).size).toBe(1);
    expect(answers.filter((answer) => answer.ok && !answer.replayed)).toHaveLength(1);
  });

  test("gives the same id through another gateway, for the partition to recognise", async () => {
    const [here, there] = [gateway(), gateway()];
    const first = await here.intake.submit(submission());
    const second = await there.intake.submit(submission());
    expect(first.ok && second.ok && first.requestId === second.requestId).toBe(true);
    expect(here.shelf.stored[0]?.slot).toBe(there.shelf.stored[0]?.slot);
  });

  test("belongs to its Sender and its Customer: another of either is another Request", async () => {
    const { intake } = gateway();
    const who = { ...submission().who, sender: "other" as typeof HOTEL };
    const answers = [
      await intake.submit(submission()),
      await intake.submit(submission({ who })),
      await intake.submit(submission({}, { to: "+12125550124" })),
    ];
    expect(new Set(answers.map((answer) => answer.ok && answer.requestId)).size).toBe(3);
  });

  test("is the signed id where the message carries one, whatever the header says", async () => {
    const { intake } = gateway();
    const who = { ...submission().who, messageId: "m-1" };
    const first = await intake.submit(submission({ who, idempotencyKey: "x" }));
    const again = await intake.submit(submission({ who, idempotencyKey: "y" }));
    expect(first.ok && again.ok && first.requestId === again.requestId).toBe(true);
  });

  test(`is remembered with its body for ${BODIES_REMEMBERED_MAX} Requests; then the partition alone decides`, async () => {
    const { intake } = gateway();
    await intake.submit(submission());
    const other = submission({}, { document: { url: "https://hotel.example/" } });
    for (let n = 0; n < BODIES_REMEMBERED_MAX; n += 1) {
      await intake.submit({ ...other, idempotencyKey: `other-${n}` });
    }
    expect(await intake.submit(submission({ bodySha256: "bb" }))).toMatchObject({ ok: true });
  }, 120_000);
});

describe("a log that takes nothing", () => {
  test.each([
    ["unavailable", new LogUnavailableError("locked")],
    ["full", new LogFullError("no space")],
  ])("because it is %s: nothing is acknowledged, and the Sender is told when to come again", async (_why, fault) => {
    const { intake, shelf } = gateway();
    shelf.fault = fault;
    const answer = await intake.submit(submission());
    expect(answer).toMatchObject({ ok: false, reason: "unavailable" });
    expect(!answer.ok && "retryAfterSeconds" in answer && answer.retryAfterSeconds).toBeGreaterThan(0);
    expect(shelf.stored).toEqual([]);
    expect(operatorLog.lines).toMatchObject([{ level: "error" }]);
    expect(JSON.stringify(operatorLog.lines)).not.toContain("2125550123");
  });

  test("nor a keyring that can store no key: what can't be sealed is not stored", async () => {
    keyring = { ...keyring, sealForLog: () => Promise.reject(new KeyringUnavailableError("disk full")) };
    const { intake, shelf } = gateway();
    expect(await intake.submit(submission())).toMatchObject({ ok: false, reason: "unavailable" });
    expect(shelf.stored).toEqual([]);
  });

  test("forgets the body of what it turned away: mended, it may come under the same key", async () => {
    const { intake, shelf } = gateway();
    shelf.fault = new LogFullError("no space");
    await intake.submit(submission());
    shelf.fault = null;
    expect(await intake.submit(submission({ bodySha256: "bb" }))).toMatchObject({
      ok: true,
      replayed: false,
    });
  });

  test("fails loudly when its failure has no name", async () => {
    const { intake, shelf } = gateway();
    shelf.fault = new TypeError("a fault of ours");
    await expect(intake.submit(submission())).rejects.toThrow("a fault of ours");
  });
});

describe("the answer", () => {
  test("waits for the log to be durable", async () => {
    const { intake, shelf } = gateway();
    shelf.holding = true;
    let answered = false;
    const answer = intake.submit(submission()).then((value) => {
      answered = true;
      return value;
    });
    await clock.settle(() => shelf.waiting.length === 1, "the append is waiting");
    await clock.advance(60_000);
    expect(answered).toBe(false);
    shelf.waiting[0]?.();
    expect(await answer).toMatchObject({ ok: true });
  });

  test("does not wait for a decision where none is expected soon", async () => {
    const { intake, board } = gateway();
    expect(await intake.submit(submission())).toMatchObject({ decided: null });
    expect(board.asked).toEqual([]);
  });

  test.each([
    "+19115550123",
    "+15550100",
    "+19005550123",
    "+870773111632",
  ])("about %s, which policy will refuse, waits a moment for the refusal", async (to) => {
    const { intake, board } = gateway();
    const rejected = { type: "PolicyRejected", at: NINE, verdicts: [] } as const;
    board.decide = Promise.resolve(rejected);
    expect(await intake.submit(submission({}, { to }))).toMatchObject({ ok: true, decided: rejected });
    expect(board.asked).toMatchObject([{ patience: DECISION_WAIT_MS }]);
  });
});

test("number, program and user data go into the log sealed, under the Customer's pseudonym (reliability 54)", async () => {
  const { intake, shelf } = gateway();
  await intake.submit(submission({}, { from: "+12125550100" }));
  const [entry] = shelf.stored;
  const text = JSON.stringify(entry);
  for (const secret of ["2125550123", "2125550100", "room 12", "<vxml/>"]) expect(text).not.toContain(secret);
  const number = parsePhoneNumber("+12125550123");
  expect(entry?.key).toBe(number && keyring.pseudonym(number));
});

const status = (change: object) =>
  Promise.resolve({ sender: HOTEL, status: "queued", final: false, ...change } as never);

describe("cancelling", () => {
  const request = "rq_0123456789abcdefghjkmnpqrs_0a1" as RequestId;

  test.each([
    ["an unknown Request", Promise.resolve(null), "not-found"],
    ["another Sender's Request, as if there were none", status({ sender: "other" }), "not-found"],
    ["what is over", status({ status: "completed", final: true }), "over"],
    ["what a server has accepted", status({ status: "accepted" }), "too-late"],
    ["a call that is being placed", status({ status: "calling" }), "too-late"],
    ["a call under way", status({ status: "in-call" }), "too-late"],
  ])("%s is refused", async (_what, found, reason) => {
    const { intake, shelf, board } = gateway();
    board.statusOf = () => found;
    expect(await intake.cancel(submission().who, request)).toEqual({ ok: false, reason });
    expect(shelf.stored).toEqual([]);
  });

  test("says when the log takes nothing", async () => {
    const { intake, shelf, board } = gateway();
    board.statusOf = () => status({});
    shelf.fault = new LogUnavailableError("locked");
    expect(await intake.cancel(submission().who, request)).toMatchObject({
      ok: false,
      reason: "unavailable",
    });
  });

  test("is a command to the Request's own partition", async () => {
    const { intake, shelf, board } = gateway();
    board.statusOf = () => status({});
    expect(await intake.cancel(submission().who, request)).toMatchObject({ ok: true });
    expect(shelf.stored).toMatchObject([{ slot: 0x0a1, message: { type: "CancelRequest", sender: HOTEL } }]);
  });
});
