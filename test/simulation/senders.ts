/** Whoever posts Requests and takes them back. */
import { unownedEnvelope } from "../../domain/kernel/envelope.ts";
import { type RequestId, slotOfRequest } from "../../domain/kernel/identifiers.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import type { Submission } from "../../domain/ports/intake.ts";
import { START } from "./incarnation.ts";
import { numberOf, SENDER } from "./rules.ts";
import type { PlannedRequest } from "./scenario.ts";
import { PARTITIONS } from "./sim-store.ts";
import { GIVEN_UP, type World } from "./world.ts";

/** Long enough for some calls to outlast a server's silence. */
const SESSION_MS_MAX = 45_000;
const ASK_AGAIN_MS = 300;
const PATIENCE_MS = 3_000;
/** How long the console takes to say what somebody wanted the moment they saw something. */
const REACTION_MS_MAX = 400;

const WHO = {
  sender: SENDER,
  authentication: { mechanism: "password", keyId: "hotel" },
  createdAt: null,
  messageId: null,
} as const;

function submissionOf(planned: PlannedRequest): Submission {
  return {
    who: WHO,
    channel: "http",
    draft: {
      to: numberOf(planned.customer),
      from: null,
      document: { kind: "url", url: "https://hotel.example/wake-up.vxml" },
      ringTimeoutMs: milliseconds(8_000),
      maxSessionMs: milliseconds(SESSION_MS_MAX),
      notBefore: planned.notBefore === null ? null : instant(START + planned.notBefore),
      notAfter: instant(START + planned.deadline),
      window: null,
      serviceLevel: planned.enhanced ? "enhanced" : "basic",
      bulkiness: planned.bulk ? "bulk" : "solitary",
      rank: planned.rank,
      purpose: "informational",
      onLost: planned.onLost,
      maxAttempts: planned.maxAttempts,
      resources: [],
      userData: null,
      notify: [],
    },
    attached: [],
    idempotencyKey: planned.key,
    bodySha256: "00",
  };
}

/** Posts until it is acknowledged, as a Sender does. */
function post(world: World, planned: PlannedRequest): void {
  const { timeline, gateway } = world;
  let answered = world.acknowledged.get(planned.key) === GIVEN_UP;
  if (answered) return;
  const again = (): void => {
    if (answered) return;
    answered = true;
    timeline.at(ASK_AGAIN_MS, null, () => post(world, planned));
  };
  const intake = gateway.intake();
  if (intake === null) return again();
  timeline.at(PATIENCE_MS, null, again);
  const ask = async (): Promise<void> => {
    const answer = await intake.submit(submissionOf(planned));
    if (answered) return;
    if (!answer.ok) return again();
    answered = true;
    const known = world.acknowledged.get(planned.key);
    if (known !== undefined && known !== answer.requestId) {
      world.broken.push(`I13: one message became two Requests, ${known} and ${answer.requestId}`);
    }
    world.acknowledged.set(planned.key, answer.requestId);
  };
  ask().catch(again);
}

/** As the API does it: only while no call was granted. */
function cancelByApi(world: World, request: RequestId): void {
  world.gateway
    .intake()
    ?.cancel(WHO, request)
    .catch(() => undefined);
}

/** The console's way: whatever the phase. */
function cancelByConsole(world: World, request: RequestId): void {
  const at = instant(START + world.timeline.now());
  const id = world.chance.ulid();
  const envelope = unownedEnvelope({ id, source: "console", subject: request, time: at, causationId: null });
  const message = { type: "CancelRequest", requestId: request, sender: SENDER, at } as const;
  world.store.write({ requests: [{ key: request, slot: slotOfRequest(request), envelope, message }] });
}

function cancel(world: World, planned: PlannedRequest): void {
  const request = world.acknowledged.get(planned.key);
  if (request === undefined || request === GIVEN_UP) return;
  if (world.dice.happens(0.5)) cancelByApi(world, request);
  else cancelByConsole(world, request);
}

/** Watches the events for the phases in which Requests are to be taken back. */
function cancelInPhase(world: World): void {
  const wanted = new Map(
    world.scenario.requests
      .filter(({ cancelOn }) => cancelOn !== null)
      .map((planned) => [planned.key, planned]),
  );
  if (wanted.size === 0) return;
  const seen = Array.from({ length: PARTITIONS }, () => 0);
  const isWanted = new Set([...wanted.values()].map(({ cancelOn }) => cancelOn));
  const keyOf = (request: string | null): string | null => {
    for (const [key, acknowledged] of world.acknowledged) if (acknowledged === request) return key;
    return null;
  };
  world.store.onWrite("events", () => {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const records = world.store.records("events", partition);
      for (const { envelope, message } of records.slice(seen[partition] ?? 0)) {
        if (message === null || !isWanted.has(message.type)) continue;
        const planned = wanted.get(keyOf(envelope.subject) ?? "");
        if (planned === undefined || planned.cancelOn !== message.type) continue;
        wanted.delete(planned.key);
        const delay = world.dice.between(0, REACTION_MS_MAX);
        world.timeline.at(delay, null, () => cancel(world, planned));
      }
      seen[partition] = records.length;
    }
  });
}

export function planSenders(world: World): void {
  const { scenario, timeline } = world;
  for (const planned of scenario.requests) {
    timeline.at(planned.at, null, () => post(world, planned));
    if (planned.cancelAt !== null) timeline.at(planned.cancelAt, null, () => cancel(world, planned));
    if (planned.replayAt !== null) timeline.at(planned.replayAt, null, () => post(world, planned));
  }
  cancelInPhase(world);
}
