/**
 * Of processor time: one evaluation, and all those of one step (one input to the interpreter) together. A busy machine
 * must not make a good script fail, so the clock on the wall stops a script only after `WALL_FACTOR` times as long.
 */
export const EVALUATION_LIMIT_MS = 50;
export const STEP_LIMIT_MS = 100;
const WALL_FACTOR = 4;
/**
 * For what the platform itself does in the engine in one step, such as telling a handler which event it handles: an
 * allowance of its own, so that it still works after the document's scripts have used theirs up. Of the document's
 * code only getters and setters can run here.
 */
export const HOUSEKEEPING_STEP_LIMIT_MS = 100;

/** What is left of a step, of processor time. */
export type Allowance = { readonly scriptsMs: number; readonly housekeepingMs: number };
export type Limit = {
  readonly wallAtMs: number;
  readonly processorAtMs: number;
  readonly wallSoonestMs: number;
};

export function startLimit(limitMs: number): Limit {
  const now = performance.now();
  return {
    wallSoonestMs: now + limitMs,
    wallAtMs: now + limitMs * WALL_FACTOR,
    processorAtMs: processorMs() + limitMs,
  };
}

/** Less processor time than wall time can have passed: the cheap clock is asked first. */
export function isOver(limit: Limit): boolean {
  const now = performance.now();
  return now > limit.wallSoonestMs && (now > limit.wallAtMs || processorMs() > limit.processorAtMs);
}

/** Of this thread. */
export function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
