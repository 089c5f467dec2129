import { instant } from "../../domain/kernel/time.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import { START } from "./incarnation.ts";

/** A proof of nothing: planted bugs say "durable" without having waited. */
export const AT_ONCE = { at: instant(START) } as Durable;
