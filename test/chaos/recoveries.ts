/** How long each role needed to be of use again, and how often it was struck. */
import type { RoleName } from "../../compose.ts";

export type Strike = {
  readonly role: RoleName | "broker" | "network" | "all";
  readonly name: string;
  readonly how: string;
  /** Milliseconds since the start of the run. */
  readonly at: number;
  /** Until the role was of use again; null: not measured, since another strike came first. */
  recoveredMs: number | null;
};

export type RoleFigures = {
  readonly role: Strike["role"];
  readonly kills: number;
  readonly stops: number;
  readonly recoveryP50Ms: number | null;
  readonly recoveryMaxMs: number | null;
};

const isKill = ({ how }: Strike): boolean => how.startsWith("kill");

export function figuresOf(strikes: readonly Strike[]): readonly RoleFigures[] {
  const roles = [...new Set(strikes.map(({ role }) => role))].toSorted();
  return roles.map((role) => {
    const own = strikes.filter((strike) => strike.role === role);
    const times = own
      .filter(isKill)
      .flatMap(({ recoveredMs }) => (recoveredMs === null ? [] : [recoveredMs]))
      .toSorted((one, other) => one - other);
    return {
      role,
      kills: own.filter(isKill).length,
      stops: own.filter((strike) => !isKill(strike)).length,
      recoveryP50Ms: times[Math.floor((times.length - 1) / 2)] ?? null,
      recoveryMaxMs: times.at(-1) ?? null,
    };
  });
}
