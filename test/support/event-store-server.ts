/**
 * A server with EventStoreDB's gRPC interface, as far as our adapter uses it: append (single and in batches) with
 * an expected revision, and read of a stream. Written from the client's own generated definitions and what the
 * server's documentation promises: an append whose ids stand where they would be written is a repeat, and succeeds.
 */

import featuresRpc from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import features from "@eventstore/db-client/generated/serverfeatures_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import status from "@eventstore/db-client/generated/status_pb.js";
import streamsRpc from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";

type Proposed = {
  readonly id: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly custom: Uint8Array;
  readonly data: Uint8Array;
};
/** Null: any; -1: no stream. */
type Expected = number | null;

export type EventStoreServer = {
  readonly url: string;
  /** Events in a stream, for tests that look behind the adapter. */
  lengthOf(stream: string): number;
  /** Answers nothing any more, and says so to nobody. */
  freeze(): void;
  stop(): Promise<void>;
};

/** `batches`: whether it has BatchAppend, as servers have since 21.10. */
export async function startEventStoreServer({ batches = true, port = 0 } = {}): Promise<EventStoreServer> {
  const store = new Map<string, Proposed[]>();
  let frozen = false;

  /** The new revision, or the current one where it was not the expected one. */
  function write(
    stream: string,
    expected: Expected,
    proposed: readonly Proposed[],
  ): { ok: boolean; revision: number } {
    const kept = store.get(stream) ?? [];
    const at = expected === null ? kept.length : expected + 1;
    const isRepeat = proposed.every(({ id }, index) => kept[at + index]?.id === id);
    if (expected !== null && isRepeat) return { ok: true, revision: at + proposed.length - 1 };
    if (at !== kept.length) return { ok: false, revision: kept.length - 1 };
    store.set(stream, [...kept, ...proposed]);
    return { ok: true, revision: kept.length + proposed.length - 1 };
  }

  function append(
    call: ServerReadableStream<
      InstanceType<typeof streams.AppendReq>,
      InstanceType<typeof streams.AppendResp>
    >,
    answer: sendUnaryData<InstanceType<typeof streams.AppendResp>>,
  ): void {
    let stream = "";
    let expected: Expected = null;
    const proposed: Proposed[] = [];
    call.on("data", (request: InstanceType<typeof streams.AppendReq>) => {
      const options = request.getOptions();
      if (options !== undefined) {
        stream = nameOf(options.getStreamIdentifier());
        expected = options.hasNoStream() ? -1 : options.hasRevision() ? Number(options.getRevision()) : null;
      }
      const message = request.getProposedMessage();
      if (message !== undefined) proposed.push(proposedOf(message));
    });
    call.on("end", () => {
      if (frozen) return;
      const written = write(stream, expected, proposed);
      const response = new streams.AppendResp();
      if (written.ok) {
        const success = new streams.AppendResp.Success();
        success.setCurrentRevision(String(written.revision));
        response.setSuccess(success);
      } else {
        const wrong = new streams.AppendResp.WrongExpectedVersion();
        if (written.revision < 0) wrong.setCurrentNoStream(new shared.Empty());
        else wrong.setCurrentRevision(String(written.revision));
        response.setWrongExpectedVersion(wrong);
      }
      answer(null, response);
    });
  }

  function batchAppend(
    call: ServerDuplexStream<
      InstanceType<typeof streams.BatchAppendReq>,
      InstanceType<typeof streams.BatchAppendResp>
    >,
  ): void {
    call.on("data", (request: InstanceType<typeof streams.BatchAppendReq>) => {
      if (frozen) return;
      const options = request.getOptions();
      if (options === undefined || !request.getIsFinal())
        throw new Error("only batches of one request are known here");
      const expected = options.hasNoStream()
        ? -1
        : options.hasStreamPosition()
          ? Number(options.getStreamPosition())
          : null;
      const proposed = request.getProposedMessagesList().map(proposedOf);
      const written = write(nameOf(options.getStreamIdentifier()), expected, proposed);
      const response = new streams.BatchAppendResp();
      response.setCorrelationId(request.getCorrelationId());
      response.setStreamIdentifier(options.getStreamIdentifier());
      if (written.ok) {
        const success = new streams.BatchAppendResp.Success();
        success.setCurrentRevision(String(written.revision));
        response.setSuccess(success);
      } else response.setError(wrongVersion(written.revision, expected));
      call.write(response);
    });
    call.on("end", () => call.end());
  }

  function read(
    call: ServerWritableStream<InstanceType<typeof streams.ReadReq>, InstanceType<typeof streams.ReadResp>>,
  ): void {
    if (frozen) return;
    const options = call.request.getOptions();
    const from = options?.getStream();
    const stream = nameOf(from?.getStreamIdentifier());
    const kept = store.get(stream);
    if (kept === undefined) {
      const missing = new streams.ReadResp.StreamNotFound();
      missing.setStreamIdentifier(from?.getStreamIdentifier());
      const response = new streams.ReadResp();
      response.setStreamNotFound(missing);
      call.write(response);
      call.end();
      return;
    }
    const backwards = Number(options?.getReadDirection()) === 1;
    const first = from?.hasRevision() === true ? Number(from.getRevision()) : backwards ? kept.length - 1 : 0;
    const count = Number(options?.getCount() ?? 0);
    for (let step = 0; step < count; step += 1) {
      const revision = backwards ? first - step : first + step;
      const one = kept[revision];
      if (one === undefined) break;
      call.write(responseOf(stream, revision, one));
    }
    call.end();
  }

  function getSupportedMethods(
    _call: ServerUnaryCall<unknown, unknown>,
    answer: sendUnaryData<InstanceType<typeof features.SupportedMethods>>,
  ): void {
    const supported = new features.SupportedMethods();
    supported.setEventStoreServerVersion("0.0.0-fake");
    for (const name of ["read", "append", ...(batches ? ["batchappend"] : [])]) {
      const method = new features.SupportedMethod();
      method.setServiceName("event_store.client.streams.streams");
      method.setMethodName(name);
      supported.addMethods(method);
    }
    answer(null, supported);
  }

  const server = new Server();
  server.addService(streamsRpc.StreamsService, { append, batchAppend, read });
  server.addService(featuresRpc.ServerFeaturesService, { getSupportedMethods });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  return {
    url: `esdb://127.0.0.1:${bound}?tls=false`,
    lengthOf: (stream) => store.get(stream)?.length ?? 0,
    freeze() {
      frozen = true;
    },
    async stop() {
      server.forceShutdown();
    },
  };
}

function nameOf(identifier: InstanceType<typeof shared.StreamIdentifier> | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? new Uint8Array()).toString("utf8");
}

function proposedOf(
  message:
    | InstanceType<typeof streams.AppendReq.ProposedMessage>
    | InstanceType<typeof streams.BatchAppendReq.ProposedMessage>,
): Proposed {
  return {
    id: message.getId()?.getString() ?? "",
    metadata: new Map(message.getMetadataMap().getEntryList()),
    custom: message.getCustomMetadata_asU8(),
    data: message.getData_asU8(),
  };
}

function wrongVersion(current: number, expected: Expected) {
  const wrong = new shared.WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentStreamRevision(String(current));
  if (expected !== null && expected >= 0) wrong.setExpectedStreamPosition(String(expected));
  else wrong.setExpectedNoStream(new shared.Empty());
  const details = new anyPb.Any();
  details.pack(wrong.serializeBinary(), "event_store.client.WrongExpectedVersion");
  const error = new status.Status();
  error.setMessage("wrong expected version");
  error.setDetails(details);
  return error;
}

function responseOf(stream: string, revision: number, one: Proposed) {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  const id = new shared.UUID();
  id.setString(one.id);
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream).toString("base64"));
  recorded.setId(id);
  recorded.setStreamIdentifier(identifier);
  recorded.setStreamRevision(String(revision));
  recorded.setPreparePosition("0");
  recorded.setCommitPosition("0");
  for (const [name, value] of one.metadata) recorded.getMetadataMap().set(name, value);
  recorded.getMetadataMap().set("created", "0");
  recorded.setCustomMetadata(one.custom);
  recorded.setData(one.data);
  const event = new streams.ReadResp.ReadEvent();
  event.setEvent(recorded);
  const response = new streams.ReadResp();
  response.setEvent(event);
  return response;
}
