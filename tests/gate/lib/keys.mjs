// keys.mjs -- keys of clients, made and ended by the program itself.

import assert from 'node:assert/strict';
import path from 'node:path';
import { folder, gateway, run } from './gateway.mjs';

/** `perilune keys ...` on the store of a folder: { status, stdout, stderr }. */
export const keys = (dir, ...args) => run(['keys', ...args, '--store', path.join(dir, 'store')]);

/** The same, which must go well: what it printed. */
export function keysDo(dir, ...args) {
  const { status, stdout, stderr } = keys(dir, ...args);
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Make a key: its text and its id. */
export function addKey(dir, ...args) {
  const { status, stdout, stderr } = keys(dir, 'add', ...args);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^peri-[0-9a-f]{48}\n$/);
  return { text: stdout.trim(), id: stderr.match(/key_[0-9a-f]{10}/)[0] };
}

/** A gateway whose clients need keys: { g, key } with one that is valid. */
export async function keyed(t, policy, args = [], options = {}) {
  const dir = folder(t, { 'policy.lua': policy });
  const key = addKey(dir, ...args);
  return { g: await gateway(t, policy, { dir, ...options }), key };
}

/** The ways in which a key may come. */
export const carriers = (key) => [
  { authorization: `Bearer ${key}` },
  { authorization: `bearer ${key}` },
  { authorization: `BEARER  ${key}` },
  { 'x-api-key': key },
  { 'X-Api-Key': key },
  { 'api-key': key },
  { 'x-goog-api-key': key },
];
