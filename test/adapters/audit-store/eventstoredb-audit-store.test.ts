/** The adapter for EventStoreDB against a server of our own: no other can be started on every machine. */
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { openEventStoreDb } from "../../../adapters/audit-store/eventstoredb/eventstoredb-audit-store.ts";
import type { RequestId } from "../../../domain/kernel/identifiers.ts";
import { type AuditStore, AuditStoreUnavailableError } from "../../../domain/ports/audit-store.ts";
import { describeAuditStore, keptEvent } from "../../contract/audit-store.ts";
import { type EventStoreServer, startEventStoreServer } from "../../support/event-store-server.ts";

const REQUEST = "rq_0123456789abcdefghjkmnpqrs_0a1" as RequestId;

async function house(
  options: Parameters<typeof startEventStoreServer>[0] = {},
): Promise<{ server: EventStoreServer; store: AuditStore }> {
  const server = await startEventStoreServer(options);
  const store = openEventStoreDb(server.url);
  onTestFinished(async () => {
    await store.close();
    await server.stop();
  });
  return { server, store };
}

describeAuditStore("EventStoreDB by batches", async () => (await house()).store);
describeAuditStore("EventStoreDB before 21.10", async () => (await house({ batches: false })).store);

test("each Request has a stream of its own, named for it", async () => {
  const { server, store } = await house();
  for (const seq of [1, 2]) await store.append(REQUEST, seq, keptEvent(seq));
  expect(server.lengthOf(`request-${REQUEST}`)).toBe(2);
});

test("a server that is not there is unavailable, which trying again can mend", async () => {
  const free = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const at = probe.address();
      probe.close(() => resolve(typeof at === "object" && at !== null ? at.port : 0));
    });
  });
  const store = openEventStoreDb(`esdb://127.0.0.1:${free}?tls=false`);
  onTestFinished(() => store.close());
  await expect(store.append(REQUEST, 1, keptEvent(1))).rejects.toThrow(AuditStoreUnavailableError);
  await expect(store.keptUpTo(0)).rejects.toThrow(AuditStoreUnavailableError);
  const server = await startEventStoreServer({ port: free });
  onTestFinished(() => server.stop());
  const again = openEventStoreDb(server.url);
  onTestFinished(() => again.close());
  await again.append(REQUEST, 1, keptEvent(1));
  expect(server.lengthOf(`request-${REQUEST}`)).toBe(1);
});

test.each([
  true,
  false,
])("a server that has gone silent (batches: %s) is unavailable after the deadline", async (batches) => {
  const { server, store } = await house({ batches });
  await store.append(REQUEST, 1, keptEvent(1));
  server.freeze();
  const impatient = openEventStoreDb(server.url, 200);
  onTestFinished(() => impatient.close());
  await expect(impatient.append(REQUEST, 2, keptEvent(2))).rejects.toThrow(AuditStoreUnavailableError);
  await expect(impatient.keptUpTo(0)).rejects.toThrow(/no answer within 200 ms/);
  const reading = impatient.read(REQUEST)[Symbol.asyncIterator]();
  await expect(reading.next()).rejects.toThrow(AuditStoreUnavailableError);
});
