// Our counts beside those of npm's tiktoken, token for token, and beside counts
// that are written down. IDS is tests/tokens/ids.c, RANKS where the rank files are.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { characters, dice, lines, long, mixed, random } from './texts.mjs';

const { IDS, RANKS } = process.env;
const ENCODINGS = ['cl100k', 'o200k'];
const here = new URL('.', import.meta.url).pathname;
let failed = 0;

function tell(ok, name, ...why) {
  for (const line of why) console.log(`#    ${line}`);
  console.log(`${ok ? 'ok  ' : 'not ok'} ${name}`);
  failed += !ok;
}

/** Ours: for each text (a Buffer) its count and its ids. */
function ours(encoding, buffers) {
  const input = [];
  for (const b of buffers) {
    const n = Buffer.alloc(4);
    n.writeUInt32LE(b.length);
    input.push(n, b);
  }
  const ran = spawnSync(IDS, [`${RANKS}/${encoding}_base.tiktoken`, encoding],
    { input: Buffer.concat(input), maxBuffer: 2 ** 30 });
  if (ran.status !== 0) throw new Error(`ids ended with ${ran.status}: ${ran.stderr}`);
  const words = new Uint32Array(ran.stdout.buffer.slice(ran.stdout.byteOffset,
    ran.stdout.byteOffset + ran.stdout.length));
  let at = 0;
  return buffers.map(() => {
    const [count, n] = words.subarray(at, at + 2);
    at += 2 + n;
    return { count, ids: words.subarray(at - n, at) };
  });
}

async function oracles() {
  try {
    const { get_encoding } = await import('tiktoken');
    return Object.fromEntries(ENCODINGS.map((e) => [e, get_encoding(`${e}_base`)]));
  } catch {
    return null;
  }
}

// --- beside tiktoken ---------------------------------------------------------

const same = (a, b) => a.length === b.length && a.every((id, i) => id === b[i]);

function compare(oracle, name, texts) {
  const all = [...texts].map((t) => t.toWellFormed?.() ?? t);
  const why = [];
  for (const encoding of ENCODINGS) {
    const got = ours(encoding, all.map((t) => Buffer.from(t)));
    all.forEach((text, i) => {
      const want = oracle[encoding].encode(text, [], []);
      const { count, ids } = got[i];
      if (count === ids.length && same(ids, want)) return;
      const shown = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
      if (why.length < 5) why.push(`${encoding} ${shown}: ${count}, ${ids.length} ids, not ${want.length}`);
    });
  }
  tell(why.length === 0, `${name}: token for token as npm tiktoken`, ...why);
}

// --- beside what is written down ----------------------------------------------

/** A line of golden.jsonl as bytes. */
function bytesOf({ text, base64, repeat, times }) {
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  return Buffer.from(repeat !== undefined ? repeat.repeat(times) : text);
}

function golden() {
  const rows = readFileSync(`${here}../data/tokens/golden.jsonl`, 'utf8').trim().split('\n')
    .map((line) => JSON.parse(line));
  const buffers = rows.map(bytesOf);
  for (const encoding of ENCODINGS) {
    const got = ours(encoding, buffers);
    const why = rows.map((row, i) => ({ row, n: got[i].count, ids: got[i].ids.length }))
      .filter(({ row, n, ids }) => n !== row[encoding] || ids !== n)
      .map(({ row, n, ids }) => `${row.what}: ${n}, ${ids} ids, not ${row[encoding]}`);
    tell(why.length === 0, `${encoding} counts what is written down for ${rows.length} texts`, ...why);
  }
}

golden();
const oracle = await oracles();
if (oracle) {
  const roll = dice(process.env.TOKENS_SEED ?? 41);
  const n = process.env.PERILUNE_LONG ? 20 : 1;
  compare(oracle, 'every character', characters());
  compare(oracle, 'mixed texts', mixed(8000 * n, roll));
  compare(oracle, 'random characters', random(2000 * n, roll));
  compare(oracle, 'long words', long(60 * n, roll));
  compare(oracle, 'a line of a megabyte', lines(roll));
  const source = ['core/kernel/tokens/split.c', 'core/kernel/tokens/classes_table.c', 'tests/tokens/texts.mjs',
    'lua/README.md', 'lua/perilune/model.lua', 'tests/data/incidents.md'];
  compare(oracle, 'source text', source.map((f) => readFileSync(`${here}../../${f}`, 'utf8')));
} else {
  console.log('skip token for token as npm tiktoken # npm could not fetch tiktoken');
}
process.exit(failed ? 1 : 0);
