import { expect, test } from "vitest";
import {
  createRetransmission,
  REPEATED_MAX,
  type Retransmission,
} from "../../../../adapters/telephony/sip/retransmission.ts";
import { instant, milliseconds } from "../../../../domain/kernel/time.ts";
import { createVirtualClock, type VirtualClock } from "../../../support/virtual-clock.ts";

type Bench = {
  readonly clock: VirtualClock;
  readonly retransmission: Retransmission;
  readonly counted: string[];
};

function bench(): Bench {
  const clock = createVirtualClock(instant(0));
  const counted: string[] = [];
  return { clock, counted, retransmission: createRetransmission(clock, (what) => counted.push(what)) };
}

test("a request that was answered provisionally is repeated every 4 s (RFC 3261 17.1.2.2)", async () => {
  const { clock, retransmission } = bench();
  let sent = 0;
  retransmission.arm("key", "request", () => {
    sent += 1;
  });
  retransmission.slow("key");
  await clock.advance(500);
  expect(sent).toBe(1);
  await clock.advance(8_000);
  expect(sent).toBe(3);
});

test("a key that is armed again keeps its end: the core repeats a refusal when the INVITE is", async () => {
  const { clock, retransmission } = bench();
  let sent = 0;
  const send = (): void => {
    sent += 1;
  };
  retransmission.arm("key", "response", send);
  await clock.advance(31_000);
  retransmission.arm("key", "response", send);
  await clock.advance(40_000);
  expect(sent).toBe(10);
});

test("with the table full a message goes out once, and it is counted", () => {
  const { retransmission, counted } = bench();
  for (let index = 0; index <= REPEATED_MAX; index += 1) {
    retransmission.arm(`key-${index}`, "invite", () => undefined);
  }
  expect(counted).toEqual(["repeated-table-full"]);
  retransmission.clear();
});

test("it is settled when the last answer has come, or patience is over", async () => {
  const { clock, retransmission } = bench();
  const settled: string[] = [];
  retransmission.arm("one", "request", () => undefined);
  retransmission.arm("two", "request", () => undefined);
  void retransmission.settled(milliseconds(60_000)).then(() => settled.push("answered"));
  void retransmission.settled(milliseconds(100)).then(() => settled.push("impatient"));
  await clock.advance(100);
  expect(settled).toEqual(["impatient"]);
  retransmission.stop("one");
  retransmission.stop("two");
  await clock.advance(0);
  expect(settled).toEqual(["impatient", "answered"]);
});
