/** The judge of a run has to find what it looks for: each fault is planted into evidence that is otherwise sound. */
import { describe, expect, test } from "vitest";
import { type OfferId, offerId, type ServerId } from "../../domain/kernel/identifiers.ts";
import { instant } from "../../domain/kernel/time.ts";
import type { RequestEvent } from "../../domain/request/events.ts";
import type { Kept } from "../simulation/sim-store.ts";
import {
  acceptedOffer,
  CUSTOMER,
  completed,
  dispatched,
  queued,
  REQUEST,
  received,
} from "../support/sample-request.ts";
import { checkHouse, lostRequests } from "./check-house.ts";
import type { HouseEvidence, KnownCall } from "./evidence.ts";

const BEGAN = 1_000_000;
const SERVER = "one" as ServerId;
const OFFER: OfferId = offerId(REQUEST, 1);

function kept(message: RequestEvent, sequence: number): Kept<"events"> {
  const envelope = {
    id: `e${sequence}`,
    source: "dispatcher",
    subject: REQUEST,
    time: instant(BEGAN),
    sequence,
    correlationId: REQUEST,
    causationId: null,
    causeOffset: sequence,
    ownerEpoch: 1,
  };
  return { key: CUSTOMER, slot: 0 as never, offset: sequence, at: BEGAN + sequence, envelope, message };
}

const step = { attempt: 1, offer: OFFER, server: SERVER };
const STORY: readonly RequestEvent[] = [
  received(),
  queued,
  { ...dispatched(), ...step },
  { ...acceptedOffer(), ...step },
  {
    type: "CallPlaced",
    ...step,
    factSeq: 1,
    at: instant(BEGAN),
    sipCallId: "sip-1",
    trunk: "main",
  },
  { type: "CallLost", ...step, factSeq: 2, at: instant(BEGAN), phase: "invited", how: "journal" },
  { type: "RequestFailed", at: instant(BEGAN), attempts: 1, outcome: "lost" },
];

const over = { at: instant(BEGAN + 450), attempts: 1, outcome: "completed" };

const CALL: KnownCall = {
  callId: "sip-1",
  server: SERVER,
  number: "+12125550123",
  beganAt: BEGAN,
  script: "answer",
  answeredAt: null,
  endedAt: BEGAN + 500,
  orphaned: false,
  offer: OFFER,
  request: REQUEST,
};

function evidenceOf(change: {
  story?: readonly RequestEvent[];
  calls?: readonly KnownCall[];
}): HouseEvidence {
  const { story = STORY, calls = [CALL] } = change;
  const events = story.map((event, index) => kept(event, index + 1));
  const store = {
    partitionCount: () => 1,
    records: (topic: string) => (topic === "events" ? events : []),
    all: (topic: string) => (topic === "events" ? events : []),
  } as unknown as HouseEvidence["store"];
  return {
    store,
    truth: { calls, silences: [] },
    acknowledged: new Map([["key", REQUEST]]),
    broken: [],
    gateway: { board: null },
    timeline: { now: () => BEGAN + 10_000 },
    calls,
    unreadable: 0,
  };
}

async function found(evidence: HouseEvidence, doubled: readonly string[] = []): Promise<readonly string[]> {
  return [...new Set((await checkHouse(evidence, doubled)).map(({ invariant }) => invariant))];
}

describe("the judge", () => {
  test("has nothing to say about a sound run", async () => {
    expect(await checkHouse(evidenceOf({}), [])).toEqual([]);
    expect(lostRequests(evidenceOf({}))).toEqual([]);
  });

  test("finds what was acknowledged and has no end", async () => {
    const evidence = evidenceOf({ story: STORY.slice(0, -1) });
    expect(lostRequests(evidence)).toEqual([REQUEST]);
    expect(await found(evidence)).toContain("I1");
  });

  test("finds two calls at once to one Customer, be they of two Requests", async () => {
    const second = { ...CALL, callId: "sip-2", beganAt: BEGAN + 200, offer: null, request: null };
    expect(await found(evidenceOf({ calls: [CALL, second] }))).toEqual(expect.arrayContaining(["I3", "I15"]));
    const afterwards = { ...second, beganAt: BEGAN + 600 };
    expect(await found(evidenceOf({ calls: [CALL, afterwards] }))).not.toContain("I3");
  });

  test("knows a BYE that is still on its way from a call that goes on", async () => {
    const talked: RequestEvent = {
      ...completed(),
      ...step,
      factSeq: 2,
      at: instant(BEGAN + 400),
    };
    const story = [...STORY.slice(0, 5), talked, { ...over, type: "RequestCompleted" as const }];
    const next = { ...CALL, callId: "sip-2", offer: null, request: null };
    const soon = { ...next, beganAt: BEGAN + 450 };
    expect(await found(evidenceOf({ story, calls: [CALL, soon] }))).not.toContain("I3");
    // Before the log had it over; and when the far end still had not heard half a second later.
    const early = { ...next, beganAt: BEGAN + 390 };
    expect(await found(evidenceOf({ story, calls: [CALL, early] }))).toContain("I3");
    const long = { ...CALL, endedAt: BEGAN + 1_000 };
    expect(await found(evidenceOf({ story, calls: [long, soon] }))).toContain("I3");
  });

  test("finds an offer that was called twice", async () => {
    const again = { ...CALL, callId: "sip-2", beganAt: BEGAN + 900, endedAt: BEGAN + 950 };
    expect(await found(evidenceOf({ calls: [CALL, again] }))).toContain("I15");
  });

  test("finds a call after its Request had ended", async () => {
    expect(
      await found(evidenceOf({ calls: [{ ...CALL, beganAt: BEGAN + 100, endedAt: BEGAN + 200 }] })),
    ).toEqual(["I4"]);
  });

  test("finds one message that became two Requests", async () => {
    expect(await found(evidenceOf({}), ["key: one and two"])).toEqual(["I13"]);
  });
});
