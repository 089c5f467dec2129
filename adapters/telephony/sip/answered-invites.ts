/**
 * INVITEs of ours that were answered, for the 32 s in which a lost ACK, or a second callee of a forked call, can
 * bring another 200 (RFC 3261 13.2.2.4, RFC 6026 7.2). The core would keep its whole transaction for that, 30 KB
 * a call with all that hangs on it; the ACK is all that is needed.
 */
import { type Milliseconds, milliseconds } from "../../../domain/kernel/time.ts";
import type { Clock } from "../../../domain/ports/clock.ts";
import { createExpiryQueue } from "./expiry-queue.ts";
import type { RequestWriter } from "./outgoing-request.ts";
import { newBranch } from "./random-token.ts";
import { GIVE_UP_MS } from "./retransmission.ts";
import type { CoreOutgoingRequest, CoreResponse, RequestOptions } from "./sip-core.ts";

/** RFC 6026 7.1, timer M. */
const KEPT_MS: Milliseconds = milliseconds(GIVE_UP_MS);
/** Callees of one forked call that are told that it is over; a peer that invents more is passed over. */
export const CALLEES_MAX = 8;

export type AnsweredInvites = {
  /** `branch`: of the INVITE. `ack`: what was sent for its 200. */
  enter(branch: string, ack: CoreOutgoingRequest): void;
  /** A 200 that no transaction waits for. Answers whether it belongs to an INVITE that was answered. */
  onRepeated(response: CoreResponse): boolean;
  readonly clear: () => void;
  readonly size: () => number;
};

export type AnsweredInvitesPorts = {
  readonly clock: Clock;
  readonly writer: Pick<RequestWriter, "make">;
  readonly send: (text: string) => void;
  readonly protocol: string;
};

export function createAnsweredInvites({
  clock,
  writer,
  send,
  protocol,
}: AnsweredInvitesPorts): AnsweredInvites {
  const acks = new Map<string, CoreOutgoingRequest[]>();
  const expiry = createExpiryQueue<string>(clock, KEPT_MS, (branch) => acks.delete(branch));

  function write(request: CoreOutgoingRequest): void {
    request.setViaHeader(newBranch(), protocol);
    send(request.toString());
  }

  /** Another callee of the same call: acknowledged, and its call ended. */
  function endSecond(first: CoreOutgoingRequest, response: CoreResponse): CoreOutgoingRequest | null {
    const contact = response.headers["Contact"]?.[0]?.parsed;
    if (typeof contact !== "object" || !("uri" in contact)) return null;
    const options: RequestOptions = {
      callId: first.callId,
      fromTag: first.fromTag,
      toTag: response.toTag,
      cseq: first.cseq,
      routeSet: response.getHeaders("record-route").toReversed(),
    };
    const { uri: from } = first.from;
    const { uri: to } = response.to;
    const ack = writer.make("ACK", contact.uri, from, to, options);
    write(ack);
    write(writer.make("BYE", contact.uri, from, to, { ...options, cseq: first.cseq + 1 }));
    return ack;
  }

  return {
    enter(branch, ack) {
      acks.set(branch, [ack]);
      expiry.add(branch);
    },
    onRepeated(response) {
      const known = acks.get(response.viaBranch);
      const [first] = known ?? [];
      if (known === undefined || first === undefined) return false;
      const repeated = known.find(({ toTag }) => toTag === response.toTag);
      // As it was sent, branch and all: RFC 3261 13.2.2.4 wants the same ACK.
      if (repeated !== undefined) send(repeated.toString());
      else if (known.length < CALLEES_MAX) {
        const ack = endSecond(first, response);
        if (ack !== null) known.push(ack);
      }
      return true;
    },
    size: () => acks.size,
    clear() {
      expiry.clear();
      acks.clear();
    },
  };
}
