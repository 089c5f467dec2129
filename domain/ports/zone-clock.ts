import type { Instant } from "../kernel/time.ts";

/** Wall-clock reading of an instant in a zone. `minute` counts from local midnight, `weekday` 0 is Sunday. */
export type LocalTime = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly minute: number;
};

/** Time zones come from the machine's tables, hence a port: the domain stays pure and a replay can pin them. */
export interface ZoneClock {
  /** Throws RangeError for a name that is no IANA zone: validate at the edge with `isZone`. */
  localTime(at: Instant, zone: string): LocalTime;
  isZone(name: string): boolean;
  /** Version of the tables ("2026c"), kept with each verdict. */
  readonly version: string;
}
