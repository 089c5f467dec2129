import fc from "fast-check";
import { expect, test } from "vitest";
import { type OfferId, parseOfferId } from "../../../domain/kernel/identifiers.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { refusalOf } from "../../../domain/server/admission.ts";
import type { Offer } from "../../../domain/server/offers.ts";
import {
  createPortTable,
  expiredHolds,
  freePorts,
  holdPort,
  type PortTable,
  portOfOffer,
  releasePort,
  seizeHeld,
  seizeInbound,
} from "../../../domain/server/port-table.ts";
import { CUSTOMER, REQUEST, SERVER } from "../../support/sample-request.ts";

const NOW = instant(1_000_000);
const SOON = instant(NOW + 5_000);

function offerNo(n: number): OfferId {
  const id = parseOfferId(`${REQUEST}#${n}`);
  if (id === null) throw new Error("the sample Request id is not valid");
  return id;
}

function offer(n: number, epoch = 1): Offer {
  return {
    type: "Offer",
    server: SERVER,
    offer: offerNo(n),
    requestId: REQUEST,
    customer: CUSTOMER,
    partition: 1,
    epoch,
    at: NOW,
    attempt: 1,
    expiresAt: SOON,
    outboundPercentMax: 100,
    inboundReserve: 0,
  };
}

function held(table: PortTable, n: number): PortTable {
  const hold = holdPort(table, { offer: offerNo(n), now: NOW, until: SOON });
  if (hold === null) throw new Error("no port was free");
  return hold.table;
}

test("offers take the highest port and callers the lowest (I02, J11)", () => {
  const table = held(createPortTable(4, 1), 1);
  expect(portOfOffer(table, offerNo(1))).toBe(4);
  expect(seizeInbound(table, "in_1", NOW)?.port).toBe(1);
});

test("a caller takes a port that was held for an offer without a grant, and it counts as glare", () => {
  const seized = seizeInbound(held(createPortTable(1, 0), 1), "in_1", NOW);
  expect(seized?.withdrawn).toBe(offerNo(1));
  expect(seized?.table.glare).toBe(1);
});

test("a caller does not take a port that carries a call", () => {
  const table = held(createPortTable(1, 0), 1);
  const granted = seizeHeld(table, offerNo(1), NOW);
  expect(granted).not.toBeNull();
  expect(granted && seizeInbound(granted.table, "in_1", NOW)).toBeNull();
});

test("a grant finds its hold once", () => {
  const granted = seizeHeld(held(createPortTable(2, 0), 1), offerNo(1), NOW);
  expect(granted?.port).toBe(2);
  expect(granted && seizeHeld(granted.table, offerNo(1), NOW)).toBeNull();
});

test("a hold without a grant runs out", () => {
  const table = held(createPortTable(2, 0), 1);
  expect(expiredHolds(table, instant(SOON - 1))).toEqual([]);
  expect(expiredHolds(table, SOON)).toEqual([{ port: 2, offer: offerNo(1) }]);
});

test("the change from full to free is remembered (J05)", () => {
  const full = held(createPortTable(1, 0), 1);
  expect(releasePort(full, 1, SOON).lastFullToFreeAt).toBe(SOON);
  expect(releasePort(held(createPortTable(2, 0), 1), 2, SOON).lastFullToFreeAt).toBeNull();
});

test("ports in use never exceed the capacity, whatever happens (I7)", () => {
  const action = fc.tuple(
    fc.constantFrom("hold", "seize", "inbound", "release"),
    fc.integer({ min: 1, max: 6 }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 60 }), (capacity, actions) => {
      let table = createPortTable(capacity, 0);
      for (const [what, n] of actions) {
        if (what === "hold")
          table = holdPort(table, { offer: offerNo(n), now: NOW, until: SOON })?.table ?? table;
        if (what === "seize") table = seizeHeld(table, offerNo(n), NOW)?.table ?? table;
        if (what === "inbound") table = seizeInbound(table, `in_${n}`, NOW)?.table ?? table;
        if (what === "release") table = releasePort(table, n, NOW);
        expect(freePorts(table)).toBeGreaterThanOrEqual(0);
        for (const port of table.inUse.keys()) expect(port >= 1 && port <= capacity).toBe(true);
      }
    }),
  );
});

test("each reason to refuse an offer is told apart (I10)", () => {
  const free = { table: createPortTable(4, 1), draining: false, mediaLatenessMs: 1, newestEpoch: 1 };
  // By another clock than its owner's: whether an offer has expired is for its owner to say.
  const later = instant(SOON + 3_600_000);
  const full = { ...free, table: held(createPortTable(1, 0), 9) };
  const reserve = { ...free, table: held(createPortTable(2, 1), 9) };
  const recent = { ...reserve, table: { ...reserve.table, lastInboundAt: instant(NOW - 1_000) } };
  expect(refusalOf(offer(1), free, NOW)).toBeNull();
  expect(refusalOf(offer(1), { ...free, newestEpoch: 2 }, NOW)).toBe("stale-epoch");
  expect(refusalOf(offer(1), free, later)).toBeNull();
  expect(refusalOf(offer(1), { ...free, draining: true }, NOW)).toBe("draining");
  expect(refusalOf(offer(1), { ...free, mediaLatenessMs: 21 }, NOW)).toBe("late-media");
  expect(refusalOf(offer(1), full, NOW)).toBe("busy");
  expect(refusalOf(offer(1), reserve, NOW)).toBe("inbound-reserve");
  expect(refusalOf(offer(1), recent, NOW)).toBe("inbound-recent");
  const capped = { outboundPercentMax: 0, inboundRecentMs: 2_000, mediaLatenessMsMax: 20 };
  expect(refusalOf(offer(1), free, NOW, capped)).toBe("busy");
});

test("an offer brings the Receiver's cap and reserve, and the server keeps the stricter of both (F06)", () => {
  const condition = { table: createPortTable(4, 1), draining: false, mediaLatenessMs: 1, newestEpoch: 1 };
  const busyHalf = { ...condition, table: held(held(createPortTable(4, 1), 8), 9) };
  expect(refusalOf({ ...offer(1), outboundPercentMax: 50 }, condition, NOW)).toBeNull();
  expect(refusalOf({ ...offer(1), outboundPercentMax: 50 }, busyHalf, NOW)).toBe("busy");
  expect(refusalOf({ ...offer(1), inboundReserve: 2 }, busyHalf, NOW)).toBe("inbound-reserve");
  expect(refusalOf({ ...offer(1), inboundReserve: 0 }, busyHalf, NOW)).toBeNull();
});
