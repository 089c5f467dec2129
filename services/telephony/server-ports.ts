import type { PortTable } from "../../domain/server/port-table.ts";

/** The ports of this server: one table, one thread, the first to come wins. */
export type ServerPorts = {
  table(): PortTable;
  set(next: PortTable): void;
  /** Resolves when no port is held or in use. */
  idle(): Promise<void>;
};

/** `onChange` is called after each change of the table. */
export function createServerPorts(first: PortTable, onChange: () => void): ServerPorts {
  const waiting: (() => void)[] = [];
  let table = first;

  function tellIdle(): void {
    if (table.inUse.size === 0) for (const resolve of waiting.splice(0)) resolve();
  }

  return {
    table: () => table,
    set(next) {
      if (next === table) return;
      table = next;
      onChange();
      tellIdle();
    },
    idle() {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      tellIdle();
      return promise;
    },
  };
}
