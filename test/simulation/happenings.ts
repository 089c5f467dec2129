/** Makes the plan of a scenario come true: Senders, callers and faults. */
import { parseRequestId, slotOfRequest } from "../../domain/kernel/identifiers.ts";
import { instant, milliseconds } from "../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../domain/policy/default-rules.ts";
import type { Submission } from "../../domain/ports/intake.ts";
import { START } from "./incarnation.ts";
import { type PlannedFault, type PlannedRequest, QUIET_AT_MS } from "./scenario.ts";
import { numberOf, type Proc, SENDER, senderAccount, type World } from "./world.ts";

const ASK_AGAIN_MS = 300;
const PATIENCE_MS = 3_000;

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
      maxSessionMs: milliseconds(15_000),
      notBefore: planned.notBefore === null ? null : instant(START + planned.notBefore),
      notAfter: instant(START + planned.deadline),
      window: null,
      serviceLevel: planned.enhanced ? "enhanced" : "basic",
      bulkiness: "solitary",
      rank: 5,
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
  let answered = false;
  const again = (): void => {
    if (answered) return;
    answered = true;
    timeline.at(ASK_AGAIN_MS, null, () => post(world, planned));
  };
  const { intake } = gateway;
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

function cancel(world: World, planned: PlannedRequest): void {
  const request = world.acknowledged.get(planned.key);
  if (request === undefined) return;
  if (world.dice.happens(0.5)) {
    world.gateway.intake?.cancel(WHO, request).catch(() => undefined);
    return;
  }
  // The console's way: whatever the phase.
  const at = instant(START + world.timeline.now());
  const id = `cancel-${planned.key}`;
  const envelope = {
    id,
    source: "console",
    subject: request,
    time: at,
    sequence: null,
    correlationId: request,
    causationId: null,
    causeOffset: null,
    ownerEpoch: null,
  };
  const message = { type: "CancelRequest", requestId: request, sender: SENDER, at } as const;
  if (parseRequestId(request) === null) return;
  world.store.write({ requests: [{ key: request, slot: slotOfRequest(request), envelope, message }] });
}

function procOf(world: World, fault: PlannedFault): Proc {
  const all: readonly Proc[] = [...world.servers, ...world.dispatchers, world.gateway];
  const server = world.servers[fault.which % world.servers.length];
  const dispatcher = world.dispatchers[fault.which % world.dispatchers.length];
  if (fault.kind.endsWith("server") && server !== undefined) return server;
  if (fault.kind.endsWith("dispatcher") && dispatcher !== undefined) return dispatcher;
  if (fault.kind.endsWith("gateway")) return world.gateway;
  return all[fault.which % all.length] ?? world.gateway;
}

function pause(world: World, proc: Proc, lengthMs: number): void {
  const { timeline, coordinator, dice } = world;
  const until = timeline.now() + lengthMs;
  proc.life.pausedUntil = until;
  world.truth.silences.push({ server: proc.name, from: timeline.now(), until });
  if (proc.role !== "dispatcher") return;
  timeline.at(dice.between(1_000, 3_000), null, coordinator.rebalance);
  timeline.at(lengthMs + dice.between(0, 500), null, coordinator.rebalance);
}

function strike(world: World, fault: PlannedFault): void {
  const proc = procOf(world, fault);
  const { timeline } = world;
  const rules = { ...defaultReceiverRules(instant(START)), volumeMax: 30 };
  switch (fault.kind) {
    case "crash-server":
    case "crash-dispatcher":
    case "crash-gateway":
      return proc.crash();
    case "pause-server":
    case "pause-dispatcher":
      return pause(world, proc, fault.lengthMs);
    case "cut-off":
      proc.life.cutOffUntil = timeline.now() + fault.lengthMs;
      world.truth.silences.push({ server: proc.name, from: timeline.now(), until: proc.life.cutOffUntil });
      return;
    case "outage":
      return world.startOutage(fault.lengthMs);
    case "step-clock":
      proc.life.wallOffsetMs = fault.lengthMs;
      return;
    case "rebalance":
      return world.coordinator.rebalance();
    case "power-cut":
      return world.cutPower();
    case "close-country":
      world.announce({ ...rules, version: "closed", countries: ["FR"] }, "receiver");
      timeline.at(fault.lengthMs, null, () => world.announce(rules, "receiver"));
      return;
    case "suspend-sender":
      world.announce(senderAccount("suspended"), SENDER);
      timeline.at(fault.lengthMs, null, () => world.announce(senderAccount("active"), SENDER));
      return;
    default:
      return fault.kind satisfies never;
  }
}

export function begin(world: World): void {
  const { scenario, timeline } = world;
  for (const planned of scenario.requests) {
    timeline.at(planned.at, null, () => post(world, planned));
    if (planned.cancelAt !== null) timeline.at(planned.cancelAt, null, () => cancel(world, planned));
    if (planned.replayAt !== null) timeline.at(planned.replayAt, null, () => post(world, planned));
  }
  for (const caller of scenario.callers) {
    timeline.at(caller.at, null, () => {
      const server = world.servers[caller.server % world.servers.length];
      if (server === undefined || !server.life.alive || server.life.pausedUntil > timeline.now()) return;
      const number = caller.customer === null ? null : numberOf(caller.customer);
      server.telephony?.ringIn(number, caller.talkMs);
    });
  }
  for (const fault of scenario.faults) timeline.at(fault.at, null, () => strike(world, fault));
  // Clocks are set right when the faults end, as time daemons do.
  timeline.at(QUIET_AT_MS, null, () => {
    for (const { life } of [...world.servers, ...world.dispatchers, world.gateway]) life.wallOffsetMs = 0;
  });
}
