import type { Command } from "./command.ts";
export function createClientCommands(_: () => unknown): Command[] {
  return [];
}
