import { expect, test } from "vitest";
import { createMemoryJournal } from "../../../adapters/call-journal/memory-journal.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Durable } from "../../../domain/ports/durable.ts";
import { KeyringUnavailableError } from "../../../domain/ports/keyring.ts";
import { ADMISSION_LIMITS } from "../../../domain/server/admission.ts";
import { createPortTable, freePorts } from "../../../domain/server/port-table.ts";
import type { Facts } from "../../../services/telephony/facts.ts";
import { createGrantedCalls } from "../../../services/telephony/granted-calls.ts";
import { createHolds } from "../../../services/telephony/holds.ts";
import { createServerPorts } from "../../../services/telephony/server-ports.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { createFakeDialogs, createFakeTelephony } from "../../support/fake-telephony.ts";
import { NINE } from "../../support/sample-request.ts";
import { createVirtualClock } from "../../support/virtual-clock.ts";
import { sampleGrant, sampleOffer } from "./sample-grant.ts";

const PORTS = 2;

/** A server whose keys answer when the test says so, each look-up in turn. */
function serverWithSlowKeys() {
  const clock = createVirtualClock(NINE);
  const journal = createMemoryJournal();
  const operatorLog = createFakeOperatorLog();
  const telephony = createFakeTelephony(clock, () => ({ does: "ring" }));
  const durable = { at: NINE } as Durable;
  const told: string[] = [];
  const facts: Facts = {
    offerAccepted: () => undefined,
    offerRejected: () => undefined,
    callStep: async (_call, step) => {
      told.push(step.type);
      return durable;
    },
    callLost: async (_call, { how }) => {
      told.push(`CallLost ${how}`);
      return durable;
    },
    inbound: async () => durable,
  };
  const ports = createServerPorts(createPortTable(PORTS, 0), () => undefined);
  const now = () => clock.now();
  const holds = createHolds(
    { holdMs: milliseconds(5_000), admission: ADMISSION_LIMITS },
    { facts, ports, now, steadyNow: now, condition: () => ({ draining: false, mediaLatenessMs: 0 }) },
  );
  const lookUps: PromiseWithResolvers<string | null>[] = [];
  const open = (): Promise<string | null> => {
    const answer = Promise.withResolvers<string | null>();
    lookUps.push(answer);
    return answer.promise;
  };
  const keyring = { open, seal: () => Promise.reject(new Error("nothing is sealed in this test")) };
  const granted = createGrantedCalls({
    log: { durable: async () => durable },
    journal,
    facts,
    holds,
    ports,
    outbound: {
      telephony,
      dialogs: createFakeDialogs(clock, 1_000),
      keyring,
      now,
      steadyNow: now,
      localUri: "sip:reveille@test.invalid",
    },
    operatorLog,
    steadyNow: now,
    isStopped: () => false,
    observe: null,
    fail: (error) => {
      throw error;
    },
  });
  return { clock, granted, holds, lookUps, ports, telephony, told };
}

test("a call taken back while its keys could not be looked up leaves nothing behind: the next grant is obeyed", async () => {
  const { clock, granted, holds, lookUps, ports, telephony, told } = serverWithSlowKeys();
  const [offer, grant] = [sampleOffer(), sampleGrant()];
  holds.take(offer, 1, "cause");
  granted.take(grant, "cause");
  expect(granted.hangUp(grant.offer)).toBe(true);
  lookUps[0]?.reject(new KeyringUnavailableError("the log does not answer"));
  await clock.settle(() => told.length === 1, "the call is given back");
  expect(told).toEqual(["CallLost hold-gone"]);
  expect(freePorts(ports.table())).toBe(PORTS);

  holds.take(offer, 1, "cause");
  granted.take(grant, "cause");
  lookUps[1]?.resolve("+12125550123");
  await clock.settle(() => telephony.placed.length === 1, "the call is placed");
  expect(told).toContain("CallPlaced");
});

test("a call taken back on its way to the journal is not placed", async () => {
  const { clock, granted, holds, lookUps, ports, telephony, told } = serverWithSlowKeys();
  const [offer, grant] = [sampleOffer(), sampleGrant()];
  holds.take(offer, 1, "cause");
  granted.take(grant, "cause");
  expect(granted.hangUp(grant.offer)).toBe(true);
  lookUps[0]?.resolve("+12125550123");
  await clock.settle(() => told.includes("CallCompleted"), "the call is over");
  expect(telephony.placed).toEqual([]);
  expect(freePorts(ports.table())).toBe(PORTS);
});
