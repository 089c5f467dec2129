/** Rows of the table `requests`: where each Request stands, the newest version wins; scheduled ones included (N05). */
import type { Row } from "../../domain/ports/analytics.ts";
import { applicationOf } from "./call-rows.ts";
import type { OpenRequest } from "./open-requests.ts";

export function requestRow(request: OpenRequest, partition: number): Row {
  const { terms, at, channel, authentication } = request.received;
  return {
    request_id: request.id,
    sender: terms.sender,
    application: applicationOf(terms.document),
    service: terms.serviceLevel,
    bulkiness: terms.bulkiness,
    purpose: terms.purpose,
    channel,
    auth: authentication.mechanism,
    priority: request.priority,
    customer: terms.customer,
    customer_prefix: terms.prefix,
    received_at: at,
    due_at: request.dueAt,
    expires_at: terms.notAfter,
    finished_at: request.finishedAt ?? 0,
    status: request.status,
    final: request.finishedAt === null ? 0 : 1,
    outcome: request.outcome,
    reason: request.reason,
    policy_rule: request.rule,
    attempts: request.attempts,
    offers: request.offers,
    offers_rejected: request.offersRejected,
    last_call_id: request.lastCallId,
    notices: request.notices,
    notices_failed: request.noticesFailed,
    v: request.seq,
    p: partition,
    o: request.offset,
  };
}
