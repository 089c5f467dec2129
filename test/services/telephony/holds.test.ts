import { expect, test } from "vitest";
import type { Instant } from "../../../domain/kernel/time.ts";
import { milliseconds } from "../../../domain/kernel/time.ts";
import { ADMISSION_LIMITS } from "../../../domain/server/admission.ts";
import { createPortTable } from "../../../domain/server/port-table.ts";
import { createHolds } from "../../../services/telephony/holds.ts";
import { createServerPorts } from "../../../services/telephony/server-ports.ts";
import { later, NINE } from "../../support/sample-request.ts";
import { sampleOffer } from "./sample-grant.ts";

const HOLD_MS = 5_000;

function holdsAt(steady: { now: Instant }) {
  const said: string[] = [];
  const ports = createServerPorts(createPortTable(2, 0), () => undefined);
  const holds = createHolds(
    { holdMs: milliseconds(HOLD_MS), admission: ADMISSION_LIMITS },
    {
      facts: {
        offerAccepted: () => void said.push("accepted"),
        offerRejected: (_offer, reason) => void said.push(reason),
      },
      ports,
      now: () => steady.now,
      steadyNow: () => steady.now,
      condition: () => ({ draining: false, mediaLatenessMs: 0 }),
    },
  );
  return { holds, said, ports };
}

test("a grant finds its hold, and until when the call must have left", () => {
  const steady = { now: NINE };
  const { holds } = holdsAt(steady);
  const offer = sampleOffer();
  holds.take(offer, 1, "cause");
  steady.now = later(1_000);
  expect(holds.seize(offer.offer, steady.now)).toEqual({ port: 2, until: later(HOLD_MS) });
});

test("a grant that comes after its hold ran out finds none, though nobody has said so yet (I3)", () => {
  const steady = { now: NINE };
  const { holds, ports } = holdsAt(steady);
  const offer = sampleOffer();
  holds.take(offer, 1, "cause");
  steady.now = later(HOLD_MS);
  expect(holds.seize(offer.offer, steady.now)).toBeNull();
  expect(ports.table().inUse.size).toBe(0);
});

test("a second copy of an offer holds no port again when its hold is over (I3)", () => {
  const steady = { now: NINE };
  const { holds, said, ports } = holdsAt(steady);
  const offer = sampleOffer();
  holds.take(offer, 1, "cause");
  steady.now = later(HOLD_MS);
  holds.expire();
  holds.take(offer, 1, "cause");
  expect(said).toEqual(["accepted", "hold-expired", "hold-expired"]);
  expect(ports.table().inUse.size).toBe(0);
});
