/**
 * `append`: what arrives for a partition while a send is under way goes with the next one. A client without
 * linger sends some 3,700 single records a second and 100,000 in batches; one send in flight per partition also
 * is what keeps its numbering sound.
 */
import { LogUnavailableError } from "../../../domain/ports/event-log.ts";
import type { KafkaWriter, OutgoingRecord } from "./kafka-driver.ts";
import { inPieces, SEND_BYTES_MAX, SEND_RECORDS_MAX, sizeOf } from "./kafka-record.ts";

/** Records that may wait for one partition; beyond it an append is refused, and the caller can try again. */
export const LANE_RECORDS_MAX = 20_000;

type Piece = {
  readonly records: readonly OutgoingRecord[];
  readonly bytes: number;
  readonly done: PromiseWithResolvers<number>;
};
type Lane = { waiting: Piece[]; records: number; sending: boolean };

export type Appender = {
  /** Answers the records' offsets, in order. Throws `LogUnavailableError`; what was sent may be there all the same. */
  append(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<readonly number[]>;
  /** Lets what is under way end, then closes the writer. */
  close(): Promise<void>;
};

export function createAppender(openWriter: () => Promise<KafkaWriter>): Appender {
  const lanes = new Map<string, Lane>();
  const busy = new Set<Promise<void>>();
  let writer: Promise<KafkaWriter> | null = null;

  function laneOf(topic: string, partition: number): Lane {
    const name = `${topic}/${partition}`;
    const known = lanes.get(name);
    if (known !== undefined) return known;
    const lane: Lane = { waiting: [], records: 0, sending: false };
    lanes.set(name, lane);
    return lane;
  }

  async function drain(lane: Lane, topic: string, partition: number): Promise<void> {
    lane.sending = true;
    while (lane.waiting.length > 0) await sendNext(lane, topic, partition);
    lane.sending = false;
  }

  async function sendNext(lane: Lane, topic: string, partition: number): Promise<void> {
    const batch = takeBatch(lane);
    writer ??= openWriter();
    const mine = writer;
    try {
      const records = batch.flatMap((piece) => piece.records);
      let { firstOffset } = await (await mine).send(topic, partition, records);
      for (const piece of batch) {
        piece.done.resolve(firstOffset);
        firstOffset += piece.records.length;
      }
    } catch (error) {
      if (writer === mine) discardWriter(mine);
      for (const piece of batch) piece.done.reject(error);
    }
  }

  function discardWriter(discarded: Promise<KafkaWriter>): void {
    writer = null;
    void closeWriter(discarded);
  }

  return {
    async append(topic, partition, records) {
      const lane = laneOf(topic, partition);
      if (lane.records + records.length > LANE_RECORDS_MAX) {
        throw new LogUnavailableError(
          `${topic}/${partition}: ${lane.records} records wait already, at most ${LANE_RECORDS_MAX} may; try again`,
        );
      }
      const pieces = inPieces(records).map(toPiece);
      for (const piece of pieces) {
        lane.waiting.push(piece);
        lane.records += piece.records.length;
      }
      if (!lane.sending) {
        const draining = drain(lane, topic, partition);
        busy.add(draining);
        void draining.then(() => busy.delete(draining));
      }
      const firsts = await Promise.all(pieces.map((piece) => piece.done.promise));
      return pieces.flatMap((piece, index) => piece.records.map((_, nth) => (firsts[index] ?? 0) + nth));
    },
    async close() {
      while (busy.size > 0) await Promise.all(busy);
      const last = writer;
      writer = null;
      if (last !== null) await closeWriter(last);
    },
  };
}

/** The first piece, and those that fit with it. */
function takeBatch(lane: Lane): readonly Piece[] {
  let records = 0;
  let bytes = 0;
  let count = 0;
  for (const piece of lane.waiting) {
    records += piece.records.length;
    bytes += piece.bytes;
    if (count > 0 && (records > SEND_RECORDS_MAX || bytes > SEND_BYTES_MAX)) break;
    count += 1;
  }
  const batch = lane.waiting.splice(0, count);
  for (const piece of batch) lane.records -= piece.records.length;
  return batch;
}

function toPiece(records: readonly OutgoingRecord[]): Piece {
  const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
  return { records, bytes, done: Promise.withResolvers<number>() };
}

async function closeWriter(writer: Promise<KafkaWriter>): Promise<void> {
  try {
    await (await writer).close();
  } catch {
    // It was never open: its opener has told whoever waited.
  }
}
