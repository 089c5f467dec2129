/** What the sample partition's owner tells the sample server. */
import { milliseconds } from "../../../domain/kernel/time.ts";
import type { Grant, Offer } from "../../../domain/server/offers.ts";
import { CUSTOMER, dispatched, HOTEL, NINE, REQUEST, SERVER } from "../../support/sample-request.ts";

const TO = { server: SERVER, requestId: REQUEST, customer: CUSTOMER, partition: 0, epoch: 1, at: NINE };

function sampleDispatch() {
  const event = dispatched();
  if (event.type !== "Dispatched") throw new Error("the sample is no Dispatched");
  return event;
}

export function sampleOffer(): Offer {
  const { offer, attempt, expiresAt } = sampleDispatch();
  return { ...TO, type: "Offer", offer, attempt, expiresAt, outboundPercentMax: 100, inboundReserve: 0 };
}

/** For the same call. */
export function sampleGrant(): Grant {
  const { offer, attempt, callBefore } = sampleDispatch();
  return {
    ...TO,
    type: "Grant",
    offer,
    attempt,
    sender: HOTEL,
    to: "k.x" as never,
    from: null,
    document: { kind: "url", url: "https://hotel.example/wake-up.vxml", sealed: null, sha256: null },
    ringTimeoutMs: milliseconds(30_000),
    maxSessionMs: milliseconds(60_000),
    callBefore,
    userData: null,
  };
}
