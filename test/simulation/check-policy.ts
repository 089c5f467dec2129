/** I6, recomputed for each INVITE from the rules and from the calls that really left before it. */
import { type TrueCall } from "./call-truth.ts";
import { CLOSED_FROM_MS, CLOSED_TO_MS } from "./rules.ts";
import type { Report } from "./violation.ts";
import type { World } from "./world.ts";

/** A clock that was stepped reads other hours, and remembers calls at other times: nothing can be said then. */
function isClockTrue({ scenario, timeline }: World): boolean {
  return scenario.faults.every(({ kind, at }) => kind !== "step-clock" || at > timeline.now());
}

/** Hours and volume of the Receiver, whatever its services believed. */
export function checkPolicy(world: World, call: TrueCall, report: Report): void {
  if (!isClockTrue(world)) return;
  const { scenario, timeline, truth } = world;
  const now = timeline.now();
  if (scenario.closing && now >= CLOSED_FROM_MS && now < CLOSED_TO_MS) {
    report(
      "I6",
      `an INVITE for ${call.offer} in the closed hours, ${now - CLOSED_FROM_MS} ms after they began`,
    );
  }
  const recent = truth.calls.filter(
    ({ offer, number, beganAt }) =>
      offer !== null && number === call.number && beganAt > now - scenario.volumePeriodMs,
  );
  if (recent.length > scenario.volumeMax) {
    report("I6", `the ${recent.length}th call to one Customer within ${scenario.volumePeriodMs} ms`);
  }
}
