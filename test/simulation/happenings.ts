/** Makes the plan of a scenario come true: Senders, callers and faults. */
import { planFaultsOf } from "./faults.ts";
import { numberOf } from "./rules.ts";
import type { PlannedCaller } from "./scenario.ts";
import { planSenders } from "./senders.ts";
import type { World } from "./world.ts";

function callIn(world: World, caller: PlannedCaller): void {
  const server = world.servers[caller.server % world.servers.length];
  if (server === undefined || !server.life.alive || server.life.pausedUntil > world.timeline.now()) return;
  server.telephony()?.ringIn(caller.customer === null ? null : numberOf(caller.customer), caller.talkMs);
}

export function begin(world: World): void {
  planSenders(world);
  for (const caller of world.scenario.callers) {
    world.timeline.at(caller.at, null, () => callIn(world, caller));
  }
  planFaultsOf(world);
}
