/**
 * A second floor for intake, in a process of its own: Node's bare HTTP server, which parses each body and answers
 * once a record of it is synced. No proof, no checks, no sealing, no Avro. `node bench/bare-intake.ts FILE`, forked.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { openRawStore } from "./raw-log.ts";

const BODY_BYTES_MAX = 65_536;

const store = openRawStore(process.argv[2] ?? "");
const server = createServer((request, response) => {
  take(request, response).catch(() => response.destroy());
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(typeof address === "object" ? address?.port : null);
});
let taken = 0;

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error("bench: too large a body");
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  JSON.parse(body.toString("utf8"));
  taken += 1;
  await store.append([
    { topic: "requests", partition: taken % 8, key: "floor", value: body, envelope: "[]" },
  ]);
  await store.durable();
  response.writeHead(202, { "content-type": "application/json", "content-length": 2 }).end("{}");
}

process.on("disconnect", () => {
  server.closeAllConnections();
  server.close();
  void store.close();
});
