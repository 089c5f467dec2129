/**
 * The second copy in EventStoreDB: one stream per Request, `request-<id>`. The server itself holds the numbers:
 * event n is only taken at revision n − 1, so a stream without a gap is a proof that it has none.
 *
 * Only what the older client and its successor both have is used: append with an expected revision, and read. No
 * persistent subscription: those have skipped events.
 */
import {
  type AppendExpectedRevision,
  BACKWARDS,
  END,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  type ReadStreamOptions,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from "@eventstore/db-client";
import { canonicalJson } from "../../../domain/kernel/canonical-json.ts";
import type { RequestId } from "../../../domain/kernel/identifiers.ts";
import {
  AuditConflictError,
  AuditGapError,
  type AuditStore,
  AuditStoreUnavailableError,
} from "../../../domain/ports/audit-store.ts";
import { eventIdOf } from "../event-id.ts";
import { fromParts, type KeptParts, toParts } from "../kept-event.ts";

/** Of one append or read; then the server counts as not answering. */
const DEADLINE_MS = 10_000;
/** Events of one Request read at once. */
const READ_BATCH = 200;
const NOTED = "KeptUpTo";

type Stored = { readonly id: string; readonly data: unknown };
type Event = Parameters<typeof jsonEvent>[0];

/** `url` e.g. "esdb://host:2113?tls=false". Nothing is connected before the first call. */
export function openEventStoreDb(url: string, deadlineMs: number = DEADLINE_MS): AuditStore {
  const client = EventStoreDBClient.connectionString(url);

  /** Events of a stream, in the direction asked for; none where there is no such stream. */
  function eventsFrom(stream: string, options: ReadStreamOptions): Promise<readonly Stored[]> {
    return answered(async () => {
      const found: Stored[] = [];
      try {
        for await (const { event } of client.readStream(stream, options)) {
          if (event !== undefined) found.push(event);
        }
      } catch (error) {
        if (!(error instanceof StreamNotFoundError)) throw error;
      }
      return found;
    });
  }

  function append(stream: string, event: Event, expectedRevision?: AppendExpectedRevision): Promise<void> {
    const options = { deadline: deadlineMs, ...(expectedRevision === undefined ? {} : { expectedRevision }) };
    return answered(async () => {
      await client.appendToStream(stream, jsonEvent(event), options);
    });
  }

  /** The client's batches wait for an answer for ever where the server has gone silent. */
  async function answered<Result>(act: () => Promise<Result>): Promise<Result> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
    try {
      return await Promise.race([act(), late.promise]);
    } catch (error) {
      throw error instanceof WrongExpectedVersionError ? error : unavailable(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The server did not take event `seq` where it belongs: because it has it, or another, or not the one before. */
  async function settle(request: RequestId, seq: number, id: string): Promise<void> {
    const [found] = await eventsFrom(streamOf(request), { fromRevision: BigInt(seq - 1), maxCount: 1 });
    if (found === undefined)
      throw new AuditGapError(`audit: ${request} has no event ${seq - 1} before ${seq} in EventStoreDB`);
    if (found.id !== id)
      throw new AuditConflictError(`audit: ${request} has another event ${seq} in EventStoreDB`);
  }

  return {
    async append(request, seq, kept) {
      const { data, metadata } = toParts(kept);
      const id = eventIdOf(request, seq, canonicalJson(data));
      const expected = seq === 1 ? NO_STREAM : BigInt(seq - 2);
      try {
        await append(streamOf(request), { id, type: data.type, data, metadata }, expected);
      } catch (error) {
        if (!(error instanceof WrongExpectedVersionError)) throw error;
        await settle(request, seq, id);
      }
    },
    async *read(request) {
      for (let fromRevision = 0n; ; ) {
        const events = await eventsFrom(streamOf(request), { fromRevision, maxCount: READ_BATCH });
        for (const event of events) yield fromParts(event as unknown as KeptParts);
        if (events.length < READ_BATCH) return;
        fromRevision += BigInt(events.length);
      }
    },
    async keptUpTo(partition) {
      const options = { direction: BACKWARDS, fromRevision: END, maxCount: 1 } as const;
      const [newest] = await eventsFrom(notesOf(partition), options);
      return newest === undefined ? null : (newest.data as { readonly offset: number }).offset;
    },
    noteKept: (partition, offset) => append(notesOf(partition), { type: NOTED, data: { offset } }),
    async close() {
      // Waits for the ends of streams, which a server that has gone silent never tells.
      await answered(() => client.dispose()).catch(() => undefined);
    },
  };
}

const streamOf = (request: RequestId): string => `request-${request}`;
const notesOf = (partition: number): string => `reveille-kept-${partition}`;

/** The client has errors of its own for much, and a bare one with gRPC's code 14 where nobody answers. */
function unavailable(error: unknown): AuditStoreUnavailableError {
  const said = error instanceof Error ? error.message : String(error);
  return new AuditStoreUnavailableError(`audit: EventStoreDB can't be used now (${said})`, { cause: error });
}
