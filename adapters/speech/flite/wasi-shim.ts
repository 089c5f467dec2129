/**
 * Just enough of WASI preview 1 for one run of the flite program: an argument vector, one output file in memory, and
 * nothing else. No path but that file's name can be opened, so whatever a text makes flite try, it reaches no disk.
 * Node's own WASI would print a warning and need a real temporary file.
 */

/** Half a minute of slow 16 kHz speech, eight times over; more than that can't be one sentence. */
const OUTPUT_BYTES_MAX = 8 * 1024 * 1024;
/** The path to give to flite as its output file. */
export const OUTPUT_PATH = "/o/x";

const FOLDER = "/o";
const FILE = "x";
const FOLDER_DESCRIPTOR = 3;
const FILE_DESCRIPTOR = 4;
// errno values of WASI preview 1.
const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const NO_SPACE = 51;
const NO_ENTRY = 44;
const DIRECTORY_TYPE = 3;
const DEVICE_TYPE = 2;
const FILE_TYPE = 4;

export type FliteRun = { readonly exitCode: number; readonly output: Uint8Array };

/** Runs the program to its end; blocks. Throws what the program traps with. */
export function runFlite(module: WebAssembly.Module, args: readonly string[]): FliteRun {
  const machine = createMachine(args);
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: machine.imports });
  const { memory, _start: start } = instance.exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof start !== "function") {
    throw new TypeError("speech: the flite module has not the exports of a program; reinstall it");
  }
  machine.attach(memory);
  try {
    Reflect.apply(start, undefined, []);
  } catch (error) {
    if (!(error instanceof ProgramEnd)) throw error;
    return { exitCode: error.exitCode, output: machine.output() };
  }
  return { exitCode: 0, output: machine.output() };
}

class ProgramEnd extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super("the program ended");
    this.exitCode = exitCode;
  }
}

function createMachine(args: readonly string[]) {
  const vector = args.map((argument) => new TextEncoder().encode(`${argument}\0`));
  const file = createFile();
  let memory: WebAssembly.Memory | null = null;
  // The memory may grow at any call: its buffer is asked for at every access.
  const buffer = (): ArrayBuffer => {
    if (memory === null) throw new TypeError("speech: the program ran before it had memory");
    return memory.buffer;
  };
  const view = (): DataView => new DataView(buffer());

  function writeVectors(descriptor: number, vectors: number, count: number, written: number): number {
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      const start = view().getUint32(vectors + index * 8, true);
      const length = view().getUint32(vectors + index * 8 + 4, true);
      total += length;
      if (descriptor === FILE_DESCRIPTOR && !file.write(new Uint8Array(buffer(), start, length)))
        return NO_SPACE;
    }
    view().setUint32(written, total, true);
    return SUCCESS;
  }

  const imports = {
    args_sizes_get(count: number, bytes: number): number {
      view().setUint32(count, vector.length, true);
      view().setUint32(bytes, sum(vector), true);
      return SUCCESS;
    },
    args_get(pointers: number, bytes: number): number {
      let at = bytes;
      for (const [index, argument] of vector.entries()) {
        view().setUint32(pointers + index * 4, at, true);
        new Uint8Array(buffer()).set(argument, at);
        at += argument.length;
      }
      return SUCCESS;
    },
    clock_time_get(_clock: number, _precision: bigint, time: number): number {
      view().setBigUint64(time, 0n, true);
      return SUCCESS;
    },
    fd_prestat_get(descriptor: number, prestat: number): number {
      if (descriptor !== FOLDER_DESCRIPTOR) return BAD_DESCRIPTOR;
      view().setUint8(prestat, 0);
      view().setUint32(prestat + 4, FOLDER.length, true);
      return SUCCESS;
    },
    fd_prestat_dir_name(_descriptor: number, path: number, length: number): number {
      new Uint8Array(buffer()).set(new TextEncoder().encode(FOLDER).subarray(0, length), path);
      return SUCCESS;
    },
    fd_fdstat_get(descriptor: number, stat: number): number {
      new Uint8Array(buffer(), stat, 24).fill(0);
      view().setUint8(stat, typeOf(descriptor));
      view().setBigUint64(stat + 8, 0xffff_ffff_ffff_ffffn, true);
      view().setBigUint64(stat + 16, 0xffff_ffff_ffff_ffffn, true);
      return SUCCESS;
    },
    fd_fdstat_set_flags: (): number => SUCCESS,
    path_open(
      ...call: readonly [number, number, number, number, number, bigint, bigint, number, number]
    ): number {
      const [, , path, length, , , , , opened] = call;
      if (new TextDecoder().decode(new Uint8Array(buffer(), path, length)) !== FILE) return NO_ENTRY;
      file.open();
      view().setUint32(opened, FILE_DESCRIPTOR, true);
      return SUCCESS;
    },
    fd_write: writeVectors,
    fd_read(_descriptor: number, _vectors: number, _count: number, read: number): number {
      view().setUint32(read, 0, true);
      return SUCCESS;
    },
    fd_seek(descriptor: number, offset: bigint, whence: number, result: number): number {
      if (descriptor !== FILE_DESCRIPTOR) return BAD_DESCRIPTOR;
      view().setBigUint64(result, BigInt(file.seek(Number(offset), whence)), true);
      return SUCCESS;
    },
    fd_close: (): number => SUCCESS,
    proc_exit(code: number): never {
      throw new ProgramEnd(code);
    },
  };
  return {
    imports,
    output: file.content,
    attach(given: WebAssembly.Memory): void {
      memory = given;
    },
  };
}

/** One file that grows as it is written, up to its limit. */
function createFile() {
  let bytes = new Uint8Array(64 * 1024);
  let size = 0;
  let position = 0;
  return {
    open(): void {
      position = 0;
    },
    /** False when the limit is reached; nothing is then written. */
    write(chunk: Uint8Array): boolean {
      const end = position + chunk.length;
      if (end > OUTPUT_BYTES_MAX) return false;
      if (end > bytes.length) {
        const grown = new Uint8Array(Math.max(end, bytes.length * 2));
        grown.set(bytes);
        bytes = grown;
      }
      bytes.set(chunk, position);
      position = end;
      size = Math.max(size, end);
      return true;
    },
    seek(offset: number, whence: number): number {
      const from = [0, position, size][whence] ?? 0;
      position = Math.min(Math.max(0, from + offset), OUTPUT_BYTES_MAX);
      return position;
    },
    content: (): Uint8Array => bytes.subarray(0, size),
  };
}

function typeOf(descriptor: number): number {
  if (descriptor === FOLDER_DESCRIPTOR) return DIRECTORY_TYPE;
  return descriptor === FILE_DESCRIPTOR ? FILE_TYPE : DEVICE_TYPE;
}

function sum(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((total, chunk) => total + chunk.length, 0);
}
