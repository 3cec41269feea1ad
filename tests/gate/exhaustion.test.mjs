// Nothing left to open: no descriptors, no ports. The gateway says so, does not
// spin meanwhile, and serves again as soon as there is room.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { pause, test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { descriptors } from './lib/proc.mjs';
import { chatWith, streamFrom } from './lib/client.mjs';

/** How many descriptors the gateway may have. */
function limit(g, most) {
  const done = spawnSync('prlimit', ['--pid', String(g.pid), `--nofile=${most}:4096`]);
  assert.equal(done.status, 0, String(done.stderr));
}

const open = (g) => descriptors(g.pid).length;

/** The limit below which just one number is free. */
function roomForOne(g) {
  const taken = new Set(descriptors(g.pid));
  let free = 0,
    most = 0;
  while (free < 1) if (!taken.has(most++)) free++;
  return most;
}

/** Seconds of processor time that it has used. */
function cpu(g) {
  const fields = fs.readFileSync(`/proc/${g.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Connections that say nothing; what the system queues counts as connected. */
async function crowd(t, g, n) {
  const sockets = [];
  const leave = () => sockets.forEach((s) => s.destroy());
  t.after(leave);
  for (let i = 0; i < n; i++) {
    const s = net.connect(g.port, '127.0.0.1');
    s.on('error', () => {});
    sockets.push(s);
    await new Promise((resolve) => {
      s.once('connect', resolve);
    });
  }
  return leave;
}

test('without descriptors no client is taken in, none is lost, and nothing spins', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream));
  await chatWith(g);
  limit(g, open(g) + 20);
  const leave = await crowd(t, g, 60);
  await until(() => open(g) >= 28, 'the descriptors to be used up');
  const before = cpu(g);
  const waiting = chatWith(g); // connected, and not yet accepted
  await pause(2000);
  const used = cpu(g) - before;
  assert.ok(used < 0.5, `${used} s of processor time in 2 s of having nothing to do`);
  leave();
  assert.equal((await waiting).status, 200, 'who waited is served');
  assert.equal((await chatWith(g)).status, 200);
});

test('without a descriptor for the upstream the call declines and the next rung answers', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'return { "up/m", p.say "another way" }'));
  limit(g, roomForOne(g)); // room for the client, and for nobody else
  const reply = await chatWith(g);
  assert.equal(reply.status, 200);
  assert.match(reply.text, /another way/);
  assert.match(reply.headers['x-perilune-path'], /^m network, say/);
  assert.equal(upstream.connections, 0);
  limit(g, 4096);
  assert.equal((await chatWith(g)).headers['x-perilune-path'], 'm ok');
});

test('many streams at the edge of the descriptors: each is whole or told why', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'return { "up/m", p.sorry "busy" }'));
  await chatWith(g);
  const base = open(g);
  limit(g, base + 12);
  const replies = await Promise.all(Array.from({ length: 40 }, () => streamFrom(g)));
  for (const reply of replies) {
    await reply.over;
    assert.ok([200, 502, 503].includes(reply.status), `status ${reply.status}`);
    if (reply.status === 200) assert.match(reply.text, /\[DONE\]/);
  }
  limit(g, 4096);
  assert.equal((await chatWith(g)).status, 200);
  await until(() => open(g) <= base + 13, 'the descriptors to come back');
});
