import { parentPort, workerData } from "node:worker_threads";
import { runMediaThread } from "./media-thread.ts";

if (parentPort === null) throw new Error("media: media-worker.ts runs as a worker thread only");
runMediaThread(parentPort, workerData);
