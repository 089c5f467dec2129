/** Calls into a realm's engine: each under its deadline, each failure told apart as the script's or the engine's. */
import type { QuickJSHandle } from "quickjs-emscripten-core";
import type { Instant } from "../../../domain/kernel/time.ts";
import { createEngine, type Engine } from "./engine.ts";
import { FIXED_WORLD } from "./fixed-world.ts";
import { HARDENING } from "./hardening.ts";
import { SCOPE_KERNEL } from "./scope-kernel.ts";
import { RealmDead, ScriptError } from "./script-error.ts";
import {
  type Allowance,
  EVALUATION_LIMIT_MS,
  HOUSEKEEPING_STEP_LIMIT_MS,
  isOver,
  type Limit,
  processorMs,
  STEP_LIMIT_MS,
  startLimit,
} from "./time-limit.ts";

/** For reading the message of an error, whose `message` may be a getter of the document's. */
const DESCRIBE_LIMIT_MS = 5;
/** Compiled expressions kept per realm; the oldest goes first. */
const COMPILED_MAX = 256;

type Argument = QuickJSHandle | string | number | null | undefined;

export type Kernel = {
  /** Calls a kernel function that runs the document's code; the answer must be disposed by the caller. */
  call(name: string, args: readonly Argument[]): QuickJSHandle;
  /** As `call`, for the platform's own bookkeeping: costs the step nothing. */
  keep(name: string, args: readonly Argument[]): QuickJSHandle;
  /** As `call`, for functions that answer text. */
  read(name: string, args: readonly Argument[]): string;
  /** As `keep`, for functions that answer text. */
  look(name: string, args: readonly Argument[]): string;
  /** As `call`, for functions that answer nothing. */
  perform(name: string, args: readonly Argument[]): void;
  /** A factory for `code`, which must have passed the source check: given a guard, it makes the function to run. */
  compile(code: string): QuickJSHandle;
  /** The kept factory for `key`, made of `code()` the first time: never dispose it. */
  compiled(key: string, code: () => string): QuickJSHandle;
  setNow(now: Instant): void;
  drop(handle: QuickJSHandle): void;
  dispose(): void;
};

/** For a host that may have to end a thread: which evaluation was running, and which not to run again. */
export type EvaluationWatch = {
  /** The number, from 1 at the start of the session, of an evaluation that begins. */
  readonly onEvaluation: (count: number) => void;
  /** Answered with ScriptError instead of being run; 0: none. */
  readonly refuse: number;
};

export async function createKernel(seed: number, now: Instant, watch: EvaluationWatch): Promise<Kernel> {
  const engine = await createEngine();
  const { context, runtime } = engine;
  const functions = new Map<string, QuickJSHandle>();
  const cache = new Map<string, QuickJSHandle>();
  const exported = install(engine);
  const setClock = startWorld(engine, seed, now);
  context.unwrapResult(context.evalCode(HARDENING, "hardening.js")).dispose();

  let limitNow: Limit | null = null;
  let left: Allowance = { scriptsMs: STEP_LIMIT_MS, housekeepingMs: HOUSEKEEPING_STEP_LIMIT_MS };
  let dead: string | null = null;
  let evaluations = 0;
  let interrupted = false;
  runtime.setInterruptHandler(() => {
    interrupted = limitNow !== null && isOver(limitNow);
    return interrupted;
  });

  /** A limit is set before every entry: a stale one would interrupt the next innocent call. */
  function entered<Result>(limitMs: number, enter: () => Result): Result {
    if (dead !== null) throw new RealmDead(`script: the engine of this session broke: ${dead}`);
    limitNow = startLimit(limitMs);
    interrupted = false;
    try {
      return enter();
    } catch (error) {
      if (error instanceof ScriptError || error instanceof RealmDead) throw error;
      dead = error instanceof Error ? error.name : "no Error thrown";
      throw new RealmDead(`script: the engine of this session broke: ${dead}`, { cause: error });
    } finally {
      limitNow = null;
    }
  }

  /** What it takes is taken from the step. */
  function charged<Result>(to: keyof Allowance, enter: () => Result): Result {
    if (left[to] <= 0) throw new ScriptError(`script: the scripts of this step took ${STEP_LIMIT_MS} ms`);
    const startedAtMs = processorMs();
    try {
      return entered(Math.min(EVALUATION_LIMIT_MS, left[to]), enter);
    } finally {
      left = { ...left, [to]: left[to] - (processorMs() - startedAtMs) };
    }
  }

  /** Of the document's own code: counted, so that the one that stopped a thread can be told from all others. */
  function evaluated<Result>(enter: () => Result): Result {
    evaluations += 1;
    if (evaluations === watch.refuse)
      throw new ScriptError("script: it stopped its thread before, and is not run again");
    watch.onEvaluation(evaluations);
    return charged("scriptsMs", enter);
  }

  function functionNamed(name: string): QuickJSHandle {
    const known = functions.get(name);
    if (known !== undefined) return known;
    const handle = context.getProp(exported, name);
    functions.set(name, handle);
    return handle;
  }

  function apply(target: QuickJSHandle, args: readonly Argument[]): QuickJSHandle {
    const made = args.map((argument) => toHandle(engine, argument));
    try {
      const result = context.callFunction(target, context.undefined, ...made);
      if (result.error === undefined) return result.value;
      throw fault(result.error);
    } finally {
      for (const [index, handle] of made.entries()) if (handle !== args[index]) handle.dispose();
    }
  }

  function textOf(name: string, args: readonly Argument[]): string {
    return apply(functionNamed(name), args).consume((answer) => context.getString(answer));
  }

  function fault(error: QuickJSHandle): ScriptError {
    if (interrupted) {
      error.dispose();
      return new ScriptError(
        `script: stopped after ${EVALUATION_LIMIT_MS} ms, or what the step had left of its time`,
      );
    }
    const described = describe(error);
    error.dispose();
    return new ScriptError(`script: ${described}`);
  }

  /** Also the test whether an engine that ran out of memory still works: if not even this can be said, it is dead. */
  function describe(error: QuickJSHandle): string {
    limitNow = startLimit(DESCRIBE_LIMIT_MS);
    const described = context.callFunction(functionNamed("describe"), context.undefined, error);
    if (described.error === undefined) return described.value.consume((text) => context.getString(text));
    described.error.dispose();
    if (interrupted) return "an error whose message takes too long to read";
    throw new RangeError("out of memory, and not able to recover");
  }

  const kernel: Kernel = {
    call: (name, args) => evaluated(() => apply(functionNamed(name), args)),
    keep: (name, args) => charged("housekeepingMs", () => apply(functionNamed(name), args)),
    read: (name, args) => evaluated(() => textOf(name, args)),
    look: (name, args) => charged("housekeepingMs", () => textOf(name, args)),
    perform: (name, args) => kernel.call(name, args).dispose(),
    compile: (code) =>
      evaluated(() => {
        const result = context.evalCode(
          `(function(){with(this){return function(){'use strict';${code}\n}}})`,
        );
        if (result.error === undefined) return result.value;
        throw fault(result.error);
      }),
    compiled(key, code) {
      const known = cache.get(key);
      if (known !== undefined) return known;
      const made = kernel.compile(code());
      cache.set(key, made);
      dropOldest(cache);
      return made;
    },
    setNow(instant) {
      left = { scriptsMs: STEP_LIMIT_MS, housekeepingMs: HOUSEKEEPING_STEP_LIMIT_MS };
      entered(STEP_LIMIT_MS, () => apply(setClock, [instant])).dispose();
    },
    drop(handle) {
      if (dead === null && handle.alive) handle.dispose();
    },
    dispose() {
      // The instance goes as a whole when nobody holds it; freeing it piece by piece could only abort.
      dead ??= "it was disposed";
      cache.clear();
      functions.clear();
    },
  };
  return kernel;
}

function install(engine: Engine): QuickJSHandle {
  return engine.context.unwrapResult(engine.context.evalCode(SCOPE_KERNEL, "kernel.js"));
}

function startWorld({ context }: Engine, seed: number, now: Instant): QuickJSHandle {
  const world = context.unwrapResult(context.evalCode(FIXED_WORLD, "world.js"));
  const args = [context.newNumber(seed), context.newNumber(now)];
  const setClock = context.unwrapResult(context.callFunction(world, context.undefined, ...args));
  for (const handle of [world, ...args]) handle.dispose();
  return setClock;
}

function toHandle({ context }: Engine, argument: Argument): QuickJSHandle {
  if (argument === undefined) return context.undefined;
  if (argument === null) return context.null;
  if (typeof argument === "string") return context.newString(argument);
  return typeof argument === "number" ? context.newNumber(argument) : argument;
}

function dropOldest(cache: Map<string, QuickJSHandle>): void {
  if (cache.size <= COMPILED_MAX) return;
  const [oldest] = cache;
  if (oldest === undefined) return;
  cache.delete(oldest[0]);
  oldest[1].dispose();
}
