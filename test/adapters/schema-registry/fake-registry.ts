/** A registry in memory, for what a real one can't be made to do at a given moment. */
import {
  type RegistryClient,
  RegistryUnavailableError,
} from "../../../adapters/schema-registry/registry-client.ts";

export type FakeRegistry = RegistryClient & {
  /** While true every question fails as in an outage. */
  down: boolean;
  readonly asked: string[];
  /** As if somebody else had registered it. */
  plant(schema: string): number;
};

/** Ids begin after `lastId`. */
export function createFakeRegistry(lastId: number = 100): FakeRegistry {
  const ids = new Map<string, number>();
  const asked: string[] = [];
  const registry: FakeRegistry = {
    name: "http://registry.test",
    down: false,
    asked,
    plant(schema) {
      const id = ids.get(schema) ?? lastId + ids.size + 1;
      ids.set(schema, id);
      return id;
    },
    lookUp: async (subject, schema) => {
      note("look up", subject);
      return ids.get(schema) ?? null;
    },
    register: async (subject, schema) => {
      note("register", subject);
      return registry.plant(schema);
    },
    accepts: async (subject) => {
      note("accepts", subject);
      return true;
    },
    keepCompatible: async (subject) => note("keep compatible", subject),
    schemaOf: async (id) => {
      note("schema", String(id));
      return [...ids].find(([, known]) => known === id)?.[0] ?? null;
    },
  };

  function note(what: string, of: string): void {
    asked.push(`${what} ${of}`);
    if (registry.down) throw new RegistryUnavailableError("http://registry.test: no answer");
  }
  return registry;
}
