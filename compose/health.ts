/** How this process is, told on REVEILLE_HEALTH; nothing where the setting is not given. */
import { type Health, startHealthServer } from "../adapters/health/health-server.ts";
import type { Config } from "../config.ts";

export type HealthPage = {
  /** What is told from now on. */
  set(health: Health | (() => Health)): void;
  close(): Promise<void>;
};

/** Rejects where the address is taken. */
export async function openHealthPage({ health }: Config, first: Health): Promise<HealthPage> {
  let told: Health | (() => Health) = first;
  const tell = (): Health => (typeof told === "function" ? told() : told);
  const server = health === null ? null : await startHealthServer(health, tell);
  return {
    set: (next) => {
      told = next;
    },
    close: async () => server?.close(),
  };
}
