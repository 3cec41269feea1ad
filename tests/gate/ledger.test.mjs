// What was spent cannot be written down: the disk is full, or read-only, the file is
// damaged, another process has it. Whoever is under a budget is told so, or answered by
// what is free; everybody else is served as before; and when the trouble is over, so is this.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Skip, test, until } from './lib/test.mjs';
import { folder, gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request } from './lib/client.mjs';

const SMALL = { max_tokens: 16 };
const POLICY = `local d = p.budget("own", { "100k tokens/day", each = "user" })
local m = p.model { "up/m", tries = 1 }
local free = p.model { "up/free", free = true }
return function(req)
  if req.headers["x-way"] == "no budget" then return m(req) end
  return d(req) or m(req) or req.headers["x-way"] == "free" and free(req)
end`;

/** Ask as a user, in one of the ways the policy has. */
const as = (g, user, way = 'budget') =>
  chatWith(g, SMALL, { headers: { 'x-perilune-user': user, 'x-way': way } });

const events = (g) => g.log.filter((l) => l.event === 'budgets_unavailable').map((l) => l.message);

/** Nobody spends, and nobody else has any harm. */
async function closed(g, upstream, why) {
  const before = upstream.arrivals.length;
  const refused = await as(g, 'ann');
  assert.equal(refused.status, 503);
  assert.match(refused.json.error.message, /its budgets cannot be charged/);
  assert.doesNotMatch(refused.text, /\/tmp|budgets\.map is/, 'a client needs no path of ours');
  assert.equal(upstream.arrivals.length, before, 'a call left unpaid');
  const free = await as(g, 'ann', 'free');
  assert.equal(free.status, 200);
  assert.equal(free.headers['x-perilune-path'], 'own ok, m budget, free ok');
  assert.equal((await as(g, 'ann', 'no budget')).status, 200);
  const health = await request(g, { method: 'GET', path: '/healthz' });
  assert.equal(health.status, 200);
  await until(() => events(g).length > 0, 'the event');
  assert.match(events(g).join('\n'), why);
}

/** It is looked at again now and then; what was told once is not told for each request. */
async function opened(g, user = 'ann') {
  await until(async () => (await as(g, user)).status === 200, 'the recovery');
  assert.equal(events(g).length, 1, events(g).join('\n'));
}

/** A folder with a disk of its own as its store. */
function disk(t, options) {
  const dir = folder(t);
  const store = path.join(dir, 'store');
  fs.mkdirSync(store);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', store]);
  if (status !== 0) throw new Skip('no disk may be mounted here');
  t.after(() => execFileSync('umount', ['-l', store]));
  return { dir, store };
}

/** Until no byte more fits: how to make room again. */
function fill(store) {
  const file = path.join(store, 'filler');
  const fd = fs.openSync(file, 'w');
  try {
    for (;;) if (fs.writeSync(fd, Buffer.alloc(4096, 1)) === 0) break;
  } catch (e) {
    assert.equal(e.code, 'ENOSPC');
  }
  fs.closeSync(fd);
  return () => fs.unlinkSync(file);
}

async function begin(t, dir, policy = POLICY) {
  const upstream = await mock(t);
  fs.writeFileSync(path.join(dir, 'policy.lua'), policyFor(upstream, policy));
  return { upstream, g: await gateway(t, '', { dir, workers: 2 }) };
}

test('a disk that is full when it is opened', async (t) => {
  const { dir, store } = disk(t, 'size=1m');
  const { upstream, g } = await begin(t, dir, 'return "up/m"');
  assert.equal((await as(g, 'ann')).status, 200);
  const empty = fill(store);
  g.edit(policyFor(upstream, POLICY));
  await closed(g, upstream, /budgets\.map.*(room|space|full)/i);
  empty();
  await opened(g);
});

test('a disk that is full when it has to grow', async (t) => {
  const { dir, store } = disk(t, 'size=2m');
  const { upstream, g } = await begin(t, dir);
  assert.equal((await as(g, 'bob')).status, 200);
  const empty = fill(store);
  await until(async () => (await as(g, `u${upstream.arrivals.length}`)).status === 503, 'the end of it');
  await closed(g, upstream, /no room for more in budgets\.map, or on its disk/);
  const { json } = await request(g, { method: 'GET', path: '/healthz' });
  assert.equal(json.ledger.reserved, 0);
  empty();
  await opened(g);
  assert.equal((await as(g, 'bob')).status, 200);
});

test('a disk that may only be read', async (t) => {
  const { dir, store } = disk(t, 'size=1m');
  execFileSync('mount', ['-o', 'remount,ro', store]);
  const { upstream, g } = await begin(t, dir);
  await closed(g, upstream, /budgets\.map.*(read-only|permission|written)/i);
  execFileSync('mount', ['-o', 'remount,rw', store]);
  await opened(g);
});

test('a file that is damaged is not repaired by guess', async (t) => {
  const dir = folder(t, { 'store/budgets.map': 'moon '.repeat(2000) });
  const { upstream, g } = await begin(t, dir);
  await closed(g, upstream, /budgets\.map.*does not begin as one/);
  assert.equal(fs.readFileSync(path.join(dir, 'store', 'budgets.map'), 'utf8'), 'moon '.repeat(2000));
  fs.unlinkSync(path.join(dir, 'store', 'budgets.map'));
  await opened(g);
});

test('another process has it, and ends', async (t) => {
  const dir = folder(t);
  const first = await begin(t, dir);
  assert.equal((await as(first.g, 'ann')).status, 200);
  const second = await begin(t, dir);
  await closed(second.g, second.upstream, /another process|in use/i);
  await first.g.stop();
  await opened(second.g);
});
