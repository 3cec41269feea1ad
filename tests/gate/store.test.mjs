// `perilune store`: what is in the store, smaller, as lines, and back.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { request } from './lib/client.mjs';
import { BINARY, folder, gateway, run } from './lib/gateway.mjs';

const FIRST = '{"perilune":"store","layout":1}\n';
const shipped = !/asan|tsan/.test(BINARY); // a sanitizer's build has no jail
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
    assert.match(stderr, /the store .*none: nothing is stored there yet; name the gateway's folder with --store/);
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
  const stat = () => run(['store', 'stat', '--store', other]);
  while (!/^table {5}t /m.test(stat().stdout)) await new Promise(setImmediate);
  child.kill('SIGSTOP');
  const busy = run(['store', 'compact', '--store', other]);
  assert.equal(busy.status, 1);
  assert.match(busy.stderr, new RegExp(`another process has it open \\(process ${child.pid}\\)`));
  assert.equal(stat().status, 0);
  child.kill('SIGCONT');
  assert.equal(await ended, 0);
  assert.match(stat().stdout, /60000 rows/);
});

test('serve makes the folder, and puts nothing there that nobody stores', async (t) => {
  const g = await gateway(t, 'local p = require "perilune"\nreturn p.say "x"\n', { args: ['--durability', 'power', '--max-store', '64MiB'] });
  assert.equal((await request(g, { method: 'GET', path: '/healthz' })).status, 200);
  if (shipped) assert.deepEqual(fs.readdirSync(path.join(g.dir, 'store')), []);
});

// A program with the gateway's fence and jail and the store's own files: that
// serving with a store needs no call and no file that they refuse.
const JAILED = `
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "gate/harden.h"
#include "store/batch.h"
#include "store/store.h"
static const char *none(void *p) { (void)p; return NULL; }
static char block[1 << 20];
static void grow(struct store *s)
{
    for (int i = 0; i < 40; i++) {
        char key[16];
        struct batch b;
        snprintf(key, sizeof key, "k%d", i);
        batch_init(&b, 1);
        batch_put(&b, STR("t"), str_of(key), (str){block, sizeof block}, i % 2 ? 1000 : NANOS_NEVER);
        batch_add(&b, STR("t"), STR("n"), 1, NANOS_NEVER);
        if (store_write(s, &b) != STORE_OK) printf("%d: %s\\n", i, store_word(b.result));
        batch_fini(&b);
    }
}
int main(void)
{
    struct store *s;
    struct store_why why;
    struct store_stat stat;
    uint64_t sizes[2];
    mkdir("store", 0700);
    harden_process();
    fence_files("store", none, NULL);
    jail_calls(JAIL_STRICT);
    for (int power = 0; power < 2; power++) {
        struct store_options how = {.path = "store", .durability = power ? STORE_POWER : STORE_PROCESS};
        if (store_open(&s, &how, &why) != STORE_OK) { printf("%s\\n", why.text); return 1; }
        grow(s);
        store_stat(s, &stat);
        printf("%d rows, %d\\n", (int)stat.tables[0].rows, stat.map > 40 << 20);
        store_close(s);
    }
    FILE *f = fopen("store/perilune.lock", "r");
    printf("%s\\n", fgets(block, 7, f));
    fclose(f);
    printf("%d\\n", store_compact("store", sizes, &why));
    return 0;
}
`;

(shipped ? test : () => {})('a store lives within the fence and the jail', (t) => {
  const root = path.resolve('../..');
  const dir = folder(t, { 'host.c': JAILED });
  const of = (build, name) => fs.readdirSync(path.join(build, name)).map((f) => path.join(build, name, f));
  const built = path.dirname(BINARY);
  const objects = ['base', 'store', 'store/lmdb', 'wire/json']
    .flatMap((room) => of(built, room))
    .concat(['harden', 'fence', 'jail'].map((name) => path.join(built, 'gate', `${name}.o`)))
    .filter((file) => file.endsWith('.o'));
  const made = spawnSync(
    'cc',
    ['-std=c11', '-D_GNU_SOURCE', `-I${root}/core`, 'host.c', ...objects]
      .concat(['-llmdb', '-lcrypto', '-lpthread', '-lm', '-o', 'host']),
    { cwd: dir, encoding: 'utf8' },
  );
  assert.equal(made.status, 0, made.stderr);
  const { status, signal, stdout } = spawnSync('./host', { cwd: dir, encoding: 'utf8' });
  assert.equal(`${status} ${signal}`, '0 null', stdout);
  assert.deepEqual(stdout.trim().split('\n'), ['41 rows, 1', '41 rows, 1', 'closed', '0']);
});
