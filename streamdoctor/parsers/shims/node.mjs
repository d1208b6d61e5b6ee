// A JavaScript parser for `streamdoctor check --command "node node.mjs MODULE[:EXPORT]"`.
//
// MODULE is a path, or a package that can be found from the working folder; EXPORT defaults to "default". It is one of:
//   a class, or a function without parameters, that makes an object with feed(bytes) (and close()): both return an
//     iterable of items, an item, or nothing; a property `done` that is true ends the stream;
//   a function (or async generator) from an async iterable of Uint8Array to an (async) iterable of items;
//   `createParser` of the package eventsource-parser, which takes text and calls back.
// Items are strings, bytes, or objects that JSON can hold. Each case gets a parser of its own. What the module prints
// goes to stderr: stdout is for the protocol.

import { Console } from "node:console";
import { readSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// The real stream is never touched: it would make the descriptor non-blocking.
Object.defineProperty(process, "stdout", { configurable: true, get: () => process.stderr });
globalThis.console = new Console(process.stderr);

const END = 0;
const RESET = 0xffffffff;

function say(message) {
  let data = Buffer.from(JSON.stringify(message) + "\n");
  while (data.length > 0) {
    try {
      data = data.subarray(writeSync(1, data));
    } catch (error) {
      if (error.code !== "EAGAIN") {
        throw error;
      }
    }
  }
}

function read(size) {
  const data = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const count = readSync(0, data, at, size - at, null);
    if (count === 0) {
      process.exit(0);
    }
    at += count;
  }
  return data;
}

// Everything that can run has run before a frame is asked for: what comes out then belongs to the frame before.
async function atRest() {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

// The next frame: bytes, or null at the end. Throws where the connection was reset.
async function ask() {
  await atRest();
  say({ ask: true });
  const length = read(4).readUInt32BE(0);
  if (length === RESET) {
    throw Object.assign(new Error("read ECONNRESET"), { name: "ConnectionResetError", code: "ECONNRESET" });
  }
  return length === END ? null : new Uint8Array(read(length));
}

async function* stream() {
  for (let piece = await ask(); piece !== null; piece = await ask()) {
    yield piece;
  }
}

function item(value) {
  const event = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  try {
    JSON.stringify(event);
  } catch (error) {
    throw new TypeError(`an item is nothing that JSON can hold: ${error.message}`);
  }
  say({ event });
}

async function items(result) {
  const value = await result;
  if (value === undefined || value === null) {
    return;
  }
  if (typeof value === "string" || value instanceof Uint8Array) {
    item(value);
  } else if (typeof value[Symbol.asyncIterator] === "function" || typeof value[Symbol.iterator] === "function") {
    for await (const one of value) {
      item(one);
    }
  } else {
    item(value);
  }
}

async function runObject(parser) {
  for (let piece = await ask(); ; piece = await ask()) {
    if (piece === null) {
      return items(parser.close?.());
    }
    await items(parser.feed(piece));
    if (parser.done === true) {
      return;
    }
  }
}

async function runCallbacks(createParser) {
  const parser = createParser({ onEvent: (event) => item({ type: event.event ?? "message", data: event.data, id: event.id ?? "" }) });
  const decoder = new TextDecoder();
  for await (const piece of stream()) {
    parser.feed(decoder.decode(piece, { stream: true }));
  }
}

// Where it was thrown, outside this file and Node: "parser.mjs:12".
function place(error) {
  for (const line of String(error?.stack ?? "").split("\n")) {
    const found = /(?:\(|at )(?:async )?(file:\/\/)?(\/[^()]*?):(\d+):\d+\)?$/.exec(line);
    if (found && !line.includes(import.meta.url)) {
      return `${path.basename(found[2])}:${found[3]}`;
    }
  }
  return undefined;
}

function runner(name, target) {
  if (typeof target !== "function") {
    throw new TypeError(`${name} is no class or function, but ${target === null ? "null" : typeof target}`);
  }
  if (/^class\b/.test(Function.prototype.toString.call(target)) && typeof target.prototype.feed !== "function") {
    const own = Object.getOwnPropertyNames(target.prototype).filter((one) => one !== "constructor");
    throw new TypeError(`${name} is a class without feed(bytes): it has ${own.join(", ") || "no method"}`);
  }
  if (target.name === "createParser" && name.startsWith("eventsource-parser")) {
    return () => runCallbacks(target);
  }
  if (typeof target.prototype?.feed === "function") {
    return () => runObject(new target());
  }
  if (target.length === 0) {
    return () => runObject(target());
  }
  return () => items(target(stream()));
}

async function main() {
  const name = process.argv[2];
  if (name === undefined) {
    throw new TypeError("usage: node node.mjs MODULE[:EXPORT]");
  }
  const colon = name.indexOf(":", name.lastIndexOf(path.sep) + 1);
  const module = colon < 0 ? name : name.slice(0, colon);
  const isPath = /^\.{0,2}\//.test(module) || /\.[cm]?js$/.test(module);
  const file = isPath ? path.resolve(module) : createRequire(path.resolve("package.json")).resolve(module);
  const found = await import(pathToFileURL(file));
  const wanted = colon < 0 ? "default" : name.slice(colon + 1);
  if (!(wanted in found)) {
    throw new TypeError(`${module} does not export ${wanted}: it exports ${Object.keys(found).join(", ") || "nothing"}`);
  }
  const run = runner(name, found[wanted]);
  for (;;) {
    try {
      await run();
      say({ done: true });
    } catch (error) {
      say({ error: `${error?.name ?? "Error"}: ${error?.message ?? error}`, at: place(error) });
    }
  }
}

main().catch((error) => {
  process.stderr.write(`${error?.message ?? error}\n`);
  process.exitCode = 1;
});
