/** Transfers as the installation can do them, never longer than the order allows, whatever becomes of the other side. */
import { milliseconds, SECOND_MS } from "../../domain/kernel/time.ts";
import type { CallLeg } from "../../domain/ports/telephony.ts";
import type { TransferAnswer, TransferOrder } from "./dialog/effects.ts";
import type { DialogRunnerOptions } from "./runner-options.ts";

/** A transfer that never answers is over after its own limits and this. */
const TRANSFER_SLACK_MS = 10 * SECOND_MS;
const TRANSFER_MS_MAX = 4 * 3_600 * SECOND_MS;

export async function moveCall(
  { transfer, clock }: Pick<DialogRunnerOptions, "transfer" | "clock">,
  order: TransferOrder,
  leg: CallLeg,
  signal: AbortSignal,
): Promise<TransferAnswer> {
  if (transfer === null) return { outcome: "unsupported", durationMs: 0 };
  const watchdog = Promise.withResolvers<TransferAnswer>();
  const mostMs =
    order.connectTimeoutMs + (order.maxMs === 0 ? TRANSFER_MS_MAX : order.maxMs) + TRANSFER_SLACK_MS;
  const cancel = clock.schedule(milliseconds(mostMs), () =>
    watchdog.resolve({ outcome: "unknown", durationMs: mostMs }),
  );
  const answer = await Promise.race([transfer(order, leg, signal), watchdog.promise]);
  cancel();
  return answer;
}
