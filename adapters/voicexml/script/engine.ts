/**
 * A QuickJS instance per session. In one shared module the third overflow of the host's stack was seen to break other
 * sessions' scripts; with an instance of its own nobody else's call is ever touched, and a broken one is dropped.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import variantModule from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";

const HEAP_BYTES_MAX = 1024 * 1024;
// Small against the worker's own stack: a script must meet this limit before the host meets its.
const STACK_BYTES_MAX = 64 * 1024;

// The package's types describe its CommonJS form, whose default lies one level deeper than that of the module we load.
function isVariant(imported: unknown): imported is QuickJSSyncVariant {
  return typeof imported === "object" && imported !== null && "importFFI" in imported;
}

export type Engine = { readonly runtime: QuickJSRuntime; readonly context: QuickJSContext };

let compiled: Promise<WebAssembly.Module> | null = null;

export async function createEngine(): Promise<Engine> {
  compiled ??= compileOnce();
  const wasmModule = await compiled;
  const imported: unknown = variantModule;
  if (!isVariant(imported))
    throw new TypeError("script: the QuickJS package is not the one expected; reinstall it");
  const module = await newQuickJSWASMModuleFromVariant(newVariant(imported, { wasmModule }));
  const runtime = module.newRuntime();
  runtime.setMemoryLimit(HEAP_BYTES_MAX);
  runtime.setMaxStackSize(STACK_BYTES_MAX);
  return { runtime, context: runtime.newContext() };
}

async function compileOnce(): Promise<WebAssembly.Module> {
  const path = createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
  return WebAssembly.compile(await readFile(path));
}
