import { describe, expect, test } from "vitest";
import { createAppender, LANE_RECORDS_MAX } from "../../../../adapters/event-log/kafka/appender.ts";
import type { KafkaWriter, OutgoingRecord } from "../../../../adapters/event-log/kafka/kafka-driver.ts";
import { SEND_RECORDS_MAX } from "../../../../adapters/event-log/kafka/kafka-record.ts";
import { LogUnavailableError } from "../../../../domain/ports/event-log.ts";

const record = (key: string): OutgoingRecord => ({ key, value: null, headers: {} });
const many = (count: number): OutgoingRecord[] =>
  Array.from({ length: count }, (_, index) => record(String(index)));

/** Writers that answer only when told to, and remember what they were given. */
function createSlowBroker() {
  const sends: { readonly count: number; readonly answer: PromiseWithResolvers<void> }[] = [];
  const asked: (() => void)[] = [];
  const state = { opened: 0, closed: 0, next: 0 };
  async function openWriter(): Promise<KafkaWriter> {
    state.opened += 1;
    return {
      async send(_topic, _partition, records) {
        const answer = Promise.withResolvers<void>();
        sends.push({ count: records.length, answer });
        for (const tell of asked) tell();
        await answer.promise;
        const firstOffset = state.next;
        state.next += records.length;
        return { firstOffset };
      },
      async close() {
        state.closed += 1;
      },
    };
  }
  const sent = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (sends.length >= count) resolve();
      };
      asked.push(look);
      look();
    });
  return { openWriter, sends, sent, state };
}

describe("appending to Kafka", () => {
  test("what arrives while a send is under way goes together with the next", async () => {
    const broker = createSlowBroker();
    const appender = createAppender(broker.openWriter);
    const first = appender.append("t", 0, [record("a")]);
    await broker.sent(1);
    const rest = ["b", "c", "d"].map((key) => appender.append("t", 0, [record(key)]));
    broker.sends[0]?.answer.resolve();
    await broker.sent(2);
    broker.sends[1]?.answer.resolve();
    expect(await first).toEqual([0]);
    expect(await Promise.all(rest)).toEqual([[1], [2], [3]]);
    expect(broker.sends.map(({ count }) => count)).toEqual([1, 3]);
    await appender.close();
    expect(broker.state).toMatchObject({ opened: 1, closed: 1 });
  });

  test("partitions do not wait for each other", async () => {
    const broker = createSlowBroker();
    const appender = createAppender(broker.openWriter);
    const one = appender.append("t", 0, [record("a")]);
    const two = appender.append("t", 1, [record("b")]);
    await broker.sent(2);
    for (const send of broker.sends) send.answer.resolve();
    await Promise.all([one, two]);
    await appender.close();
  });

  test("a long append goes in pieces, and its offsets come back in order", async () => {
    const broker = createSlowBroker();
    const appender = createAppender(broker.openWriter);
    const appended = appender.append("t", 0, many(SEND_RECORDS_MAX + 1));
    await broker.sent(1);
    broker.sends[0]?.answer.resolve();
    await broker.sent(2);
    broker.sends[1]?.answer.resolve();
    expect(await appended).toEqual(many(SEND_RECORDS_MAX + 1).map((_, index) => index));
    await appender.close();
  });

  test("after a failed send the writer is thrown away, and the next append has another", async () => {
    const broker = createSlowBroker();
    const appender = createAppender(broker.openWriter);
    const failing = appender.append("t", 0, [record("a")]);
    await broker.sent(1);
    broker.sends[0]?.answer.reject(new LogUnavailableError("the broker is gone"));
    await expect(failing).rejects.toThrow("the broker is gone");
    const next = appender.append("t", 0, [record("a")]);
    await broker.sent(2);
    broker.sends[1]?.answer.resolve();
    expect(await next).toEqual([0]);
    expect(broker.state).toMatchObject({ opened: 2, closed: 1 });
    await appender.close();
  });

  test("beyond its limit a waiting partition refuses more, and the caller may try again", async () => {
    const broker = createSlowBroker();
    const appender = createAppender(broker.openWriter);
    const first = appender.append("t", 0, [record("a")]);
    await broker.sent(1);
    const waiting = appender.append("t", 0, many(LANE_RECORDS_MAX));
    await expect(appender.append("t", 0, [record("b")])).rejects.toThrow(LogUnavailableError);
    const answerAll = async (): Promise<void> => {
      for (let send = 0; send <= LANE_RECORDS_MAX / SEND_RECORDS_MAX; send += 1) {
        await broker.sent(send + 1);
        broker.sends[send]?.answer.resolve();
      }
    };
    await answerAll();
    expect((await waiting).length).toBe(LANE_RECORDS_MAX);
    await first;
    await appender.close();
  });

  test("closing waits for what is under way", async () => {
    const broker = createSlowBroker();
    const appender = createAppender(broker.openWriter);
    const appended = appender.append("t", 0, [record("a")]);
    await broker.sent(1);
    const closing = appender.close();
    expect(broker.state.closed).toBe(0);
    broker.sends[0]?.answer.resolve();
    await Promise.all([appended, closing]);
    expect(broker.state.closed).toBe(1);
  });
});
