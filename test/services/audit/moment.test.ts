/** How things stood at a moment, from the events alone. */
import { beforeAll, describe, expect, test } from "vitest";
import { type RequestId, requestId, type Slot } from "../../../domain/kernel/identifiers.ts";
import { instant } from "../../../domain/kernel/time.ts";
import type { AuditSelection, Moment } from "../../../domain/ports/audit.ts";
import type { Delivered } from "../../../domain/ports/event-log.ts";
import { foldStatus, type StatusView } from "../../../projections/request-status.ts";
import { LISTED_MAX, readMoment } from "../../../services/audit/moment.ts";
import { envelopeOf } from "../../contract/event-log-entries.ts";
import { NINE, received } from "../../support/sample-request.ts";
import { busiest, type History, makeHistory, readOnlyLog } from "./audited-history.ts";

const ALL: AuditSelection = { request: null, customer: null, from: null, to: null };
let history: History;
beforeAll(async () => {
  history = await makeHistory();
});

function at(when: number, selection = ALL, from = history): Promise<Moment> {
  return readMoment(readOnlyLog(from), { selection, at: instant(when), onProgress: () => undefined });
}

describe("a moment (N05, L09)", () => {
  test("is the fold of every event up to it, for each moment at which something happened", async () => {
    const events = (history.events ?? []).flat().filter((record) => record.ok);
    for (const moment of new Set(events.map((record) => record.message?.at ?? 0))) {
      const views = new Map<string, StatusView | null>();
      for (const { envelope, message } of events) {
        const { subject, sequence } = envelope;
        if (subject === null || sequence === null || message === null || message.at > moment) continue;
        views.set(subject, foldStatus(views.get(subject) ?? null, subject as RequestId, message, sequence));
      }
      const counts: Record<string, number> = {};
      for (const view of views.values())
        if (view !== null) counts[view.status] = (counts[view.status] ?? 0) + 1;
      expect({ moment, counts: (await at(moment)).counts }).toEqual({ moment, counts });
    }
  });

  test("of one Request shows it also when it was over, with its calls and the rules of its newest check", async () => {
    const completed = busiest(history).find(
      (record) => record.ok && record.message?.type === "RequestCompleted",
    );
    if (completed?.ok !== true || completed.message === null) throw new Error("nothing was completed");
    const request = completed.envelope.subject as RequestId;
    const then = await at(completed.message.at, { ...ALL, request });
    expect(then.requests).toMatchObject([
      { request, status: "completed", server: null, calls: [{ outcome: "completed" }] },
    ]);
    expect(then.requests[0]?.rules.map(({ check }) => check)).toContain("hours.receiver");
    const before = await at(completed.message.at - 1, { ...ALL, request });
    expect(before.requests[0]?.status).not.toBe("completed");
  });

  test("lists so many open Requests one by one, and counts them all", async () => {
    const records: Delivered<"events">[] = Array.from({ length: LISTED_MAX + 5 }, (_, offset) => {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint32(12, offset);
      const subject = requestId(bytes, 0 as Slot);
      return {
        topic: "events",
        partition: 0,
        offset,
        key: subject,
        appendedAt: NINE,
        ok: true,
        envelope: { ...envelopeOf(`ev-${offset}`), subject, sequence: 1 },
        message: received(),
      };
    });
    const then = await at(received().at, ALL, { events: [records] });
    expect(then.counts).toEqual({ received: LISTED_MAX + 5 });
    expect(then.requests).toHaveLength(LISTED_MAX);
    expect(then.leftOut).toBe(5);
  });
});
