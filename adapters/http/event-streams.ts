/**
 * The events of a Request as server-sent events: each with its sequence number as id, so that `Last-Event-ID`
 * resumes without a gap. A reader that does not keep up is cut off rather than stored for; it knows where it was.
 */
import type { ServerResponse } from "node:http";
import type { RequestId, SenderId } from "../../domain/kernel/identifiers.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { HistoryEvent, Queries } from "../../domain/ports/queries.ts";
import { toWireJson } from "./answer.ts";
import type { HttpLimits } from "./limits.ts";

type Watch = { readonly sender: SenderId; readonly request: RequestId; readonly afterSeq: number };

export interface EventStreams {
  /** False: the Sender has as many open as it may. */
  hasRoom(sender: SenderId): boolean;
  /** Writes to `response` until the Request is over, the reader leaves or lags, or the gateway stops. Never rejects. */
  serve(watch: Watch, response: ServerResponse): Promise<void>;
  stop(): void;
}

const RETRY_MS = 3_000;

export function createEventStreams(queries: Queries, limits: HttpLimits, log: OperatorLog): EventStreams {
  const open = new Map<AbortController, SenderId>();

  async function relay(watch: Watch, response: ServerResponse, ending: AbortController): Promise<void> {
    const send = (text: string): void => {
      if (response.writableEnded || response.destroyed) return;
      response.write(text);
      if (response.writableLength <= limits.streamUnsentBytesMax) return;
      ending.abort();
      response.destroy();
    };
    const heartbeat = setInterval(() => send(": still here\n\n"), limits.streamHeartbeatMs);
    response.on("close", () => ending.abort());
    try {
      response.writeHead(200, STREAM_HEADERS);
      send(`retry: ${RETRY_MS}\n\n`);
      for await (const event of queries.watch(watch.sender, watch.request, watch.afterSeq, ending.signal)) {
        send(frame(event));
      }
    } finally {
      clearInterval(heartbeat);
      response.end();
    }
  }

  return {
    hasRoom(sender) {
      const held = [...open.values()].filter((holder) => holder === sender);
      return held.length < limits.streamsPerSenderMax;
    },
    async serve(watch, response) {
      const ending = new AbortController();
      open.set(ending, watch.sender);
      try {
        await relay(watch, response, ending);
      } catch (error) {
        if (!ending.signal.aborted)
          log.error("http: an event stream broke", { requestId: watch.request, error });
      } finally {
        open.delete(ending);
      }
    },
    stop() {
      for (const ending of open.keys()) ending.abort();
    },
  };
}

const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  // Proxies that collect an answer before they pass it on would hold the events back.
  "x-accel-buffering": "no",
};

function frame(event: HistoryEvent): string {
  return `id: ${event.seq}\nevent: ${event.event.type}\ndata: ${toWireJson(event)}\n\n`;
}
