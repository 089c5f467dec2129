/** What nobody can know any more when an old copy of the log has taken its place. */
import type { OfferId } from "../../domain/kernel/identifiers.ts";
import type { CallTruth, TrueCall } from "./call-truth.ts";
import type { SimStore } from "./sim-store.ts";

/** What the old copy lacks: of some calls everything, of others only how they ended. */
export function forgetCalls(truth: CallTruth, { all }: Pick<SimStore, "all">): void {
  const [granted, ended] = [new Set<OfferId>(), new Set<OfferId>()];
  for (const { message } of all("events")) {
    if (message?.type === "Accepted") granted.add(message.offer);
    if (message?.type === "CallCompleted" || message?.type === "CallLost") ended.add(message.offer);
  }
  const isKnown = ({ offer }: TrueCall): boolean => offer === null || granted.has(offer);
  const calls = truth.calls.splice(0);
  truth.calls.push(...calls.filter(isKnown));
  truth.forgotten.push(...calls.filter((call) => !isKnown(call)));
  for (const { offer } of truth.calls) if (offer !== null && !ended.has(offer)) truth.unknowable.add(offer);
}
