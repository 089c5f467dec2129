/** What the owner of a partition says that it remembers: the newest record of each key on `state`. */
import { type CustomerState, UNKNOWN_CUSTOMER } from "../../domain/customer/state.ts";
import {
  type CustomerKey,
  parseCustomerKey,
  parseRequestId,
  type RequestId,
} from "../../domain/kernel/identifiers.ts";
import type { Delivered, EventLog } from "../../domain/ports/event-log.ts";
import { parseSnapshot } from "../../domain/ports/task-state.ts";

export type OwnerMemory = {
  readonly requests: Map<RequestId, { readonly seq: number; readonly snapshot: string }>;
  readonly customers: Map<CustomerKey, CustomerState>;
  /** Every event up to this offset was in the log when the owner wrote it down; -1: it says nothing. */
  checkpoint: number;
  /** Newest input handled; null: it says nothing. */
  handledUpTo: number | null;
};

/** Read before the events are: what it knows must be in them. */
export async function readOwnerMemory(log: Pick<EventLog, "read">, partition: number): Promise<OwnerMemory> {
  const memory: OwnerMemory = {
    requests: new Map(),
    customers: new Map(),
    checkpoint: -1,
    handledUpTo: null,
  };
  for await (const records of log.read("state", partition)) {
    for (const record of records) takeState(memory, record);
  }
  return memory;
}

function takeState(memory: OwnerMemory, record: Delivered<"state">): void {
  if (!record.ok) return;
  const { causeOffset } = record.envelope;
  if (causeOffset !== null) memory.handledUpTo = Math.max(memory.handledUpTo ?? -1, causeOffset);
  const request = parseRequestId(record.key);
  const customer = parseCustomerKey(record.key);
  const { message } = record;
  if (message === null) {
    if (request !== null) memory.requests.delete(request);
    if (customer !== null) memory.customers.delete(customer);
    return;
  }
  if (message.type === "Checkpoint") memory.checkpoint = message.eventsUpTo;
  if (message.type === "RequestState" && request !== null)
    memory.requests.set(request, { seq: message.seq, snapshot: message.snapshot });
  if (message.type === "CustomerState" && customer !== null)
    memory.customers.set(customer, { ...UNKNOWN_CUSTOMER, ...parseSnapshot(message.snapshot) });
}
