// The start, with a call of it failing: the program says why and ends with
// status 1, or it serves; whatever it is, it ends when it is told to.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { long, test } from './lib/test.mjs';
import { BINARY, environment, folder } from './lib/gateway.mjs';
import { chatWith } from './lib/client.mjs';

const MEMORY = 1,
  SYSTEM = 2;
const POLICY = 'local p = require "perilune"\nreturn { "sim/moon", p.sorry "x" }\n';
// What a sanitizer allocates for itself is not for us to refuse.
const shipped = /asan|tsan/.test(BINARY) ? () => {} : test;

function shimIn(dir) {
  const sources = ['shim.c', 'shim_memory.c', 'shim_calls.c'].map((name) => `../faults/${name}`);
  const built = spawnSync(
    'cc',
    ['-std=c11', '-D_GNU_SOURCE', '-O1', '-fPIC', '-shared', ...sources, '-ldl', '-o'].concat(
      path.join(dir, 'shim.so'),
    ),
    { encoding: 'utf8' },
  );
  assert.equal(built.status, 0, built.stderr);
  return path.join(dir, 'shim.so');
}

/** Start it under a plan; `ended` is its code, `port` where it listens. */
function start(dir, plan) {
  const args = ['serve', '--listen', '127.0.0.1:0', '--workers', '1', '--grace', '0'];
  const child = spawn(
    BINARY,
    [...args, '--store', path.join(dir, 'store'), '--policy', path.join(dir, 'policy.lua')],
    {
      env: environment({ LD_PRELOAD: path.join(dir, 'shim.so'), FAULTS: plan.join(' ') }),
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const it = { child, stderr: '' };
  it.ended = new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  const greeted = new Promise((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      it.stderr += text;
      it.port = Number(it.stderr.match(/listens on http:\/\/\S+:(\d+) with/)?.[1]);
      if (it.port) resolve();
    });
  });
  it.known = Promise.race([greeted, it.ended]);
  return it;
}

/** One start: what came of it, and how many calls there were. */
async function outcome(dir, plan) {
  const it = start(dir, plan);
  const patience = setTimeout(() => it.child.kill('SIGKILL'), 30000);
  await it.known;
  let served = false;
  if (it.port) {
    served = (await chatWith(it).catch(() => ({}))).status;
    it.child.kill('SIGTERM');
  }
  const code = await it.ended;
  clearTimeout(patience);
  const said = it.stderr.replace(/^faults: .*\n/m, '');
  const [, calls, happened] = it.stderr.match(/^faults: (\d+) (\d)/m) ?? [];
  const why = `plan ${plan}: ended with ${code}, served ${served}, said ${said}`;
  if (it.port) assert.equal(code, 0, why);
  else assert.ok(code === 1 && /^perilune: .+/m.test(said), why);
  return { served, calls: Number(calls), happened: happened === '1' };
}

async function torture(t, kind, onwards, most) {
  const dir = folder(t, { 'policy.lua': POLICY });
  shimIn(dir);
  const { calls, served } = await outcome(dir, [kind, 0, 0, 0]);
  assert.equal(served, 200);
  const step = long ? 1 : Math.ceil(calls / most);
  const told = { failed: 0, gaveUp: 0 };
  for (let n = 1; n <= calls; n += step)
    for (let how = 0; ; how++) {
      const { happened, served: answer } = await outcome(dir, [kind, n, onwards, how]);
      if (!happened) break;
      told.failed++;
      if (!answer) told.gaveUp++;
      if (kind === MEMORY || onwards) break;
    }
  assert.ok(told.failed > 0);
  console.log(`# of ${calls} calls ${told.failed} failed; ${told.gaveUp} starts were given up`);
}

shipped('a start whose allocations fail one by one serves, or says why', (t) =>
  torture(t, MEMORY, 0, 60),
);
shipped('a start whose allocations fail from one on serves, or says why', (t) =>
  torture(t, MEMORY, 1, 30),
);
shipped('a start whose system calls fail one by one serves, or says why', (t) =>
  torture(t, SYSTEM, 0, 40),
);
