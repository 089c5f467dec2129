/**
 * The entry of the child process that holds chDB: `node olapd.ts <directory> <port> <memory bytes>`.
 *
 * The engine may take the process with it when it fails, and its merges are heavy: so it lives apart from
 * everything else, at a lower priority, and reaches nothing but its directory. It ends with its parent, whose end
 * closes the IPC channel; an orphan would keep the directory locked.
 */
import { mkdirSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { resolve } from "node:path";
import { afterPredecessor } from "./after-predecessor.ts";
import { DirectoryInUseError, lockDirectory } from "./directory-lock.ts";
import { AnalyticsOffError, openEngine } from "./engine.ts";
import { createHttpFace } from "./http-face.ts";
import { type ChildMessage, isParentMessage, type ParentMessage } from "./process-messages.ts";

async function serve(message: ParentMessage): Promise<void> {
  const [directory = "", port = "0", memoryBytes = "0"] = process.argv.slice(2);
  if (directory === "")
    throw new Error("olapd: give a directory: olapd.ts <directory> <port> <memory bytes>");
  const home = resolve(directory);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  const unlock = await afterPredecessor(() => lockDirectory(home, process.pid));
  process.on("exit", unlock);
  const options = { directory: home, memoryBytesMax: Number(memoryBytes) };
  const engine = await afterPredecessor(() => openEngine(options));
  const server = createHttpFace(engine, message);
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen({ host: "127.0.0.1", port: Number(port) }, listening);
  });
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
    engine.close();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("disconnect", stop);
  const address = server.address();
  tell({ type: "ready", port: typeof address === "object" && address !== null ? address.port : 0 });
}

function tell(message: ChildMessage): void {
  process.send?.(message);
}

process.once("message", (message) => {
  if (!isParentMessage(message)) return;
  serve(message).catch((error: unknown) => {
    const final = error instanceof AnalyticsOffError || error instanceof DirectoryInUseError;
    tell({ type: "failed", message: error instanceof Error ? error.message : String(error), final });
    process.disconnect();
    process.exitCode = 1;
  });
});
// A terminal's Ctrl-C reaches every process of its group; the parent decides the order of leaving.
process.on("SIGINT", () => {});
if (process.send === undefined) {
  process.stderr.write("olapd is started by Reveille, not by hand\n");
  process.exitCode = 64;
}
