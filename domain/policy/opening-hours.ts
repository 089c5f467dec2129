/**
 * When hours are open, in wall-clock time of several zones at once. Everything is decided on instants: a window
 * is a predicate on what the local clock reads, so that a day of 23 or 25 hours needs no rule of its own. A
 * window start that falls into the gap of spring opens at the first instant after the gap; one that autumn
 * reads twice opens at the first of the two.
 *
 * The search jumps from edge to edge, but never over a change of offset: there it stops and looks again. That
 * offsets are whole minutes holds for every zone since 1972.
 */
import { DAY_MS, earliest, type Instant, instant, latest, MINUTE_MS } from "../kernel/time.ts";
import type { ZoneClock } from "../ports/zone-clock.ts";
import type { DailyWindow } from "../request/terms.ts";

type ZonedWindow = DailyWindow & { readonly zone: string };

/** Open while every group has a window that is open. No group at all is always open. */
export type OpeningHours = readonly (readonly ZonedWindow[])[];

/** Jumps before a search gives up: more than a month of windows that never meet. */
const JUMPS_MAX = 60;
const MINUTES_PER_DAY = DAY_MS / MINUTE_MS;

export function isOpen(hours: OpeningHours, at: Instant, clock: ZoneClock): boolean {
  return hours.every((group) => isGroupOpen(group, at, clock));
}

/** The first open instant in [from, before); null when there is none, or none within the search's limit. */
export function nextOpening(
  hours: OpeningHours,
  from: Instant,
  before: Instant,
  clock: ZoneClock,
): Instant | null {
  let at = from;
  for (let jump = 0; jump < JUMPS_MAX && at < before; jump += 1) {
    const here = at;
    const closed = hours.filter((group) => !isGroupOpen(group, here, clock));
    if (closed.length === 0) return at;
    // No group opens before its own next edge, so all of them together can't before the latest of these.
    const edges = closed.map((group) => nextEdge(group, "fromMinute", here, clock));
    at = latest(here, ...edges);
  }
  return null;
}

/** The first closed instant after the open instant `at`, at most `before`. Never later than the truth. */
export function closingAfter(hours: OpeningHours, at: Instant, before: Instant, clock: ZoneClock): Instant {
  let open = at;
  for (let jump = 0; jump < JUMPS_MAX && open < before; jump += 1) {
    const here = open;
    if (!isOpen(hours, here, clock)) return here;
    const openNow = hours.flat().filter((window) => isWindowOpen(window, here, clock));
    if (openNow.length === 0) return before;
    open = nextEdge(openNow, "toMinute", here, clock);
  }
  return earliest(open, before);
}

function isGroupOpen(group: readonly ZonedWindow[], at: Instant, clock: ZoneClock): boolean {
  return group.some((window) => isWindowOpen(window, at, clock));
}

// A window from a minute to itself is never open: the safe reading of what its author can't have meant.
function isWindowOpen({ fromMinute, toMinute, zone }: ZonedWindow, at: Instant, clock: ZoneClock): boolean {
  const { minute } = clock.localTime(at, zone);
  if (fromMinute <= toMinute) return minute >= fromMinute && minute < toMinute;
  return minute >= fromMinute || minute < toMinute;
}

function nextEdge(
  windows: readonly ZonedWindow[],
  edge: "fromMinute" | "toMinute",
  after: Instant,
  clock: ZoneClock,
): Instant {
  const readings = windows.map((window) => nextReading(window.zone, window[edge], after, clock));
  return instant(Math.min(...readings));
}

/** When the clock of `zone` next reads `minute` of the day, or when it is next put forward or back if sooner. */
function nextReading(zone: string, minute: number, after: Instant, clock: ZoneClock): Instant {
  const reads = clock.localTime(after, zone).minute;
  const ahead = (minute - reads + MINUTES_PER_DAY) % MINUTES_PER_DAY || MINUTES_PER_DAY;
  const target = instant(startOfMinute(after) + ahead * MINUTE_MS);
  return changeOfOffset(zone, after, target, clock) ?? target;
}

/** The first whole minute in (from, to] with another offset than `from`; null when both ends have the same. */
function changeOfOffset(zone: string, from: Instant, to: Instant, clock: ZoneClock): Instant | null {
  const before = offsetMs(zone, from, clock);
  if (offsetMs(zone, to, clock) === before) return null;
  let same = startOfMinute(from) / MINUTE_MS;
  let other = startOfMinute(to) / MINUTE_MS;
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetMs(zone, instant(middle * MINUTE_MS), clock) === before) same = middle;
    else other = middle;
  }
  return instant(other * MINUTE_MS);
}

function offsetMs(zone: string, at: Instant, clock: ZoneClock): number {
  const { year, month, day, minute } = clock.localTime(at, zone);
  return Date.UTC(year, month - 1, day, 0, minute) - startOfMinute(at);
}

function startOfMinute(at: Instant): number {
  return Math.floor(at / MINUTE_MS) * MINUTE_MS;
}
