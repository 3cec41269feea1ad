// usage.mjs -- `perilune usage`, and what it said.

import assert from 'node:assert/strict';
import path from 'node:path';
import { run } from './gateway.mjs';

/** `perilune usage ...` on the store of a folder: { status, stdout, stderr }. */
export const usage = (dir, ...args) => run(['usage', ...args, '--store', path.join(dir, 'store')]);

/** The rows of its CSV as objects; none while there is no store yet. No field of
 * theirs may need quotes. */
export function usageRows(dir, ...args) {
  const { status, stdout, stderr } = usage(dir, '--csv', ...args);
  if (status !== 0 && /nothing is stored there yet/.test(stderr)) return [];
  assert.equal(status, 0, stderr);
  const [heads, ...lines] = stdout.split('\r\n').map((line) => line.split(','));
  assert.deepEqual(lines.pop(), ['']);
  return lines.map((line) => Object.fromEntries(heads.map((head, i) => [head, line[i]])));
}

/** Dollars as they are told, in nano-dollars. */
export const nano = (usd) => Math.round(Number(usd) * 1e9);

/** A column's sum. */
export const sum = (rows, column) =>
  rows.reduce((n, row) => n + (column === 'cost_usd' ? nano(row[column]) : Number(row[column])), 0);
