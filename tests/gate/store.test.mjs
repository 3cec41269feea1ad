// `perilune store`: what is in the store, smaller, as lines, and back.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { BINARY, folder, run } from './lib/gateway.mjs';

const FIRST = '{"perilune":"store","layout":1}\n';
const big = 'moon '.repeat(3000);
const ROWS = [
  { table: 'answers', key: 'a "quoted"\nkey', value: 'x' },
  { table: 'answers', key: 'moon', value: big, expires: 4000000000000000000 },
  { table: 'answers', key64: 'AP8=', value64: '/wD+' },
  { table: 'spent', key: 'joe', count: 120 },
  { table: 'spent', key: 'zoe', count: -3 },
];
const lines = (rows) => FIRST + rows.map((row) => JSON.stringify(row) + '\n').join('');
const sorted = (text) => text.trimEnd().split('\n').sort().join('\n');

/** A folder with a store in it that has ROWS. */
function stored(t) {
  const dir = folder(t, { 'rows.jsonl': lines(ROWS) });
  const store = path.join(dir, 'data');
  const made = run(['store', 'import', path.join(dir, 'rows.jsonl'), '--store', store]);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(made.stdout, '5 rows\n');
  return { dir, store };
}

const exported = (store) => {
  const { status, stdout, stderr } = run(['store', 'export', '--store', store]);
  assert.equal(status, 0, stderr);
  return stdout;
};

test('what is exported can be imported, and is the same again', (t) => {
  const { dir, store } = stored(t);
  const first = exported(store);
  assert.equal(sorted(first), sorted(lines(ROWS)));
  fs.writeFileSync(path.join(dir, 'again.jsonl'), first);
  const other = path.join(dir, 'other');
  const made = run(['store', 'import', path.join(dir, 'again.jsonl'), '--store', other]);
  assert.equal(made.status, 0, made.stderr);
  assert.equal(exported(other), first);
});

test('stat tells the tables, also by the variable', (t) => {
  const { store } = stored(t);
  const { status, stdout } = run(['store', 'stat'], { env: { PERILUNE_STORE: store } });
  assert.equal(status, 0);
  assert.match(stdout, /^table {5}answers +3 rows/m);
  assert.match(stdout, /^table {5}spent +2 rows/m);
  assert.match(stdout, /^expiring {2}1 rows$/m);
});

test('compacting keeps every row', (t) => {
  const { store } = stored(t);
  const before = exported(store);
  const { status, stdout, stderr } = run(['store', 'compact', '--store', store]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /before, .* after\n/);
  assert.equal(exported(store), before);
});

test('a file with a line that is no row changes nothing', (t) => {
  const dir = folder(t, { 'bad.jsonl': lines(ROWS) + '{"table":"t"}\n', 'not.jsonl': 'a,b\n' });
  const store = path.join(dir, 'data');
  for (const [file, why] of [
    ['bad.jsonl', /line 7: the row has no table or no key/],
    ['not.jsonl', /line 1: /],
    ['none.jsonl', /No such file/],
    ['.', /is no file/],
  ]) {
    const made = run(['store', 'import', path.join(dir, file), '--store', store]);
    assert.equal(made.status, 1);
    assert.match(made.stderr, why);
    assert.ok(!fs.existsSync(store), 'a store was made');
  }
});

test('rows are imported into a new store only', (t) => {
  const { dir, store } = stored(t);
  const made = run(['store', 'import', path.join(dir, 'rows.jsonl'), '--store', store]);
  assert.equal(made.status, 1);
  assert.match(made.stderr, /there are rows in that store; import into a new one/);
});

test('a store that is not there is told, and not made', (t) => {
  const store = path.join(folder(t, {}), 'none');
  for (const action of ['stat', 'export', 'compact']) {
    const { status, stdout, stderr } = run(['store', action, '--store', store]);
    assert.equal(status, 1);
    assert.equal(action === 'export' ? '' : stdout, stdout);
    assert.match(stderr, /the store .*none: .*No such file or directory/);
    assert.ok(!fs.existsSync(store));
  }
});

test('every action tells of a damaged file', (t) => {
  const { store } = stored(t);
  fs.writeFileSync(path.join(store, 'data.mdb'), Buffer.alloc(65536, 0xa5));
  for (const action of ['stat', 'export', 'compact']) {
    const { status, stderr } = run(['store', action, '--store', store]);
    assert.equal(status, 1);
    assert.match(stderr, /it is damaged \(data\.mdb is not LMDB's/);
  }
});

test('an export that cannot be written is no success', (t) => {
  const { store } = stored(t);
  const out = fs.openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(BINARY, ['store', 'export', '--store', store], {
    stdio: ['ignore', out, 'pipe'],
    encoding: 'utf8',
  });
  fs.closeSync(out);
  assert.equal(status, 1);
  assert.match(stderr, /standard output cannot be written/);
});

test('while one imports, another may look and not write', async (t) => {
  const { dir, store } = stored(t);
  const many = [];
  for (let i = 0; i < 60000; i++) many.push({ table: 't', key: `k${i}`, value: big.slice(0, 300) });
  fs.writeFileSync(path.join(dir, 'many.jsonl'), lines(many));
  const other = path.join(dir, 'other');
  const child = spawn(BINARY, ['store', 'import', path.join(dir, 'many.jsonl'), '--store', other]);
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise((done) => child.on('exit', done));
  while (!fs.existsSync(path.join(other, 'data.mdb'))) await new Promise(setImmediate);
  let busy = run(['store', 'compact', '--store', other]);
  assert.equal(busy.status, 1);
  assert.match(busy.stderr, new RegExp(`another process has it open \\(process ${child.pid}\\)`));
  const looked = run(['store', 'stat', '--store', other]);
  assert.equal(looked.status, 0, looked.stderr);
  assert.equal(await ended, 0);
  busy = run(['store', 'stat', '--store', other]);
  assert.match(busy.stdout, /60000 rows/);
});
