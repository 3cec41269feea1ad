// Hot reload: however a file changes, the very next request obeys, on every
// worker, and no request is ever lost to it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { long, test, until } from './lib/test.mjs';
import { BINARY, folder, gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamFrom } from './lib/client.mjs';
import { ANSWER, ask, events, textOf } from './lib/words.mjs';

const says = (word) => `local p = require "perilune"\nreturn { p.say "${word}" }\n`;
const P = 'local p = require "perilune"\n';

/** What the gateway says, asked over and over on new connections, so that both
 * workers are met. Every one must agree. */
async function assertSays(g, word, times = 24) {
  const replies = await Promise.all(Array.from({ length: times }, () => chatWith(g)));
  for (const reply of replies) {
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.json.choices[0].message.content, word);
  }
}

const two = { workers: 2 };

const WAYS = {
  'by a rename over it': (g, text) => g.edit(text),
  'by truncating and writing': (g, text) => fs.writeFileSync(g.policy, text),
  'by removing and writing anew': (g, text) => {
    fs.rmSync(g.policy);
    fs.writeFileSync(g.policy, text);
  },
  'by writing a few bytes in place': (g, text) => {
    const fd = fs.openSync(g.policy, 'r+');
    fs.writeSync(fd, text);
    fs.closeSync(fd);
  },
  'keeping its size and its times': (g, text) => {
    const { atime, mtime } = fs.statSync(g.policy);
    fs.writeFileSync(g.policy, text);
    fs.utimesSync(g.policy, atime, mtime);
  },
};
for (const [how, change] of Object.entries(WAYS))
  test(`the next request obeys a policy changed ${how}`, async (t) => {
    const g = await gateway(t, says('aa0'), two);
    await assertSays(g, 'aa0');
    for (let i = 1; i <= 8; i++) {
      change(g, says(`aa${i}`)); // the same size each time
      await assertSays(g, `aa${i}`);
    }
  });

test('the next request obeys a symbolic link that points elsewhere', async (t) => {
  const dir = folder(t, { 'v1/policy.lua': says('one'), 'v2/policy.lua': says('two') });
  const swap = (to, name) => {
    fs.symlinkSync(to, path.join(dir, 'new'));
    fs.renameSync(path.join(dir, 'new'), path.join(dir, name));
  };
  swap('v1', 'current'); // as deployments do: current -> v1
  swap('current/policy.lua', 'policy.lua');
  const g = await gateway(t, '', { ...two, dir });
  await assertSays(g, 'one');
  swap('v2', 'current');
  await assertSays(g, 'two');
  swap('v1/policy.lua', 'policy.lua');
  await assertSays(g, 'one');
});

test('the next request obeys an edit of a module', async (t) => {
  const g = await gateway(t, `${P}return { p.say(require "words") }`, {
    ...two,
    files: { 'words.lua': 'return "one"' },
  });
  await assertSays(g, 'one');
  g.edit('return "two"', 'words.lua');
  await assertSays(g, 'two');
});

test('the next request obeys an edit of a file read by p.file', async (t) => {
  const g = await gateway(t, `${P}return { p.say(p.file "words.txt") }`, {
    ...two,
    files: { 'words.txt': 'one' },
  });
  await assertSays(g, 'one');
  fs.writeFileSync(path.join(g.dir, 'words.txt'), 'two');
  await assertSays(g, 'two');
});

test('a new file that shadows an old one is seen', async (t) => {
  const g = await gateway(t, `${P}return { p.say(require "helpers") }`, {
    ...two,
    files: { 'helpers/init.lua': 'return "folder"' },
  });
  await assertSays(g, 'folder');
  g.edit('return "file"', 'helpers.lua');
  await assertSays(g, 'file');
  fs.rmSync(path.join(g.dir, 'helpers.lua'));
  await assertSays(g, 'folder');
});

test('a module that was missing at first is seen when it comes', async (t) => {
  const g = await gateway(t, says('without'), two);
  g.edit(`${P}return { p.say(require "later") }`);
  await assertSays(g, 'without'); // does not load yet
  g.edit('return "with"', 'later.lua');
  await assertSays(g, 'with');
});

test('a broken edit changes nothing but health and the log, told once', async (t) => {
  const g = await gateway(t, says('good'), two);
  g.edit('return function(req');
  await assertSays(g, 'good', 60);
  for (let i = 0; i < 20; i++) {
    const health = await request(g, { method: 'GET', path: '/healthz' });
    assert.equal(health.status, 200);
    assert.equal(health.json.status, 'degraded');
    assert.match(health.json.policy.error, /policy\.lua:1: /);
    assert.equal((await request(g, { method: 'GET', path: '/readyz' })).status, 200);
  }
  const errors = () => g.log.filter((l) => l.event === 'policy_error');
  await until(() => errors().length > 0, 'the error in the log');
  assert.equal(errors().length, 1);
  g.edit(says('mended'));
  await assertSays(g, 'mended');
  const health = await request(g, { method: 'GET', path: '/healthz' });
  assert.equal(health.json.status, 'ok');
  assert.equal(health.json.policy.error, null);
});

test('a policy that is removed keeps serving, and serves again when it is back', async (t) => {
  const g = await gateway(t, says('here'), two);
  fs.rmSync(g.policy);
  await assertSays(g, 'here');
  assert.equal((await request(g, { method: 'GET', path: '/healthz' })).json.status, 'degraded');
  g.edit(says('back'));
  await assertSays(g, 'back');
});

test('the version in headers, health and log changes with the text, and only so', async (t) => {
  const g = await gateway(t, says('one'), two);
  const version = async () => {
    const replies = await Promise.all(Array.from({ length: 10 }, () => chatWith(g)));
    const all = new Set(replies.map((r) => r.headers['x-perilune-policy']));
    assert.equal(all.size, 1, 'the workers disagree');
    const line = await g.line(replies[0].headers['x-request-id']);
    assert.equal(line.policy_version, [...all][0]);
    return line.policy_version;
  };
  const one = await version();
  g.edit(says('two'));
  assert.notEqual(await version(), one);
  g.edit(says('one'));
  assert.equal(await version(), one);
});

test('a request in flight finishes on the version it began with', async (t) => {
  let goOn;
  const upstream = await mock(t, async (a) => {
    a.head();
    for (const event of events().slice(0, 2)) await a.write(event);
    await new Promise((resolve) => {
      goOn = resolve;
    });
    for (const event of events().slice(2)) await a.write(event);
    a.res.end();
  });
  const g = await gateway(
    t,
    policyFor(
      upstream,
      'return p.filter { "up/m", with = function(text) return (text:gsub("more", "old")) end, hold = 0 }',
    ),
  );
  const reply = await streamFrom(g);
  await reply.next();
  for (let i = 0; i < 5; i++) {
    g.edit(says(`new${i}`));
    await assertSays(g, `new${i}`, 2);
  }
  goOn();
  await reply.over;
  assert.equal(textOf(reply.data), `${ANSWER} and old`);
});

test('what is declared is renewed: models and providers follow an edit', async (t) => {
  const a = await mock(t),
    b = await mock(t);
  const g = await gateway(t, policyFor(a, 'return { "up/one" }'), two);
  const ids = async () =>
    (await request(g, { method: 'GET', path: '/v1/models' })).json.data.map((m) => m.id);
  assert.deepEqual(await ids(), ['up/one']);
  await chatWith(g);
  g.edit(policyFor(b, 'return { "up/two" }'));
  assert.deepEqual(await ids(), ['up/two']);
  await chatWith(g);
  assert.equal(a.arrivals.length, 1);
  assert.equal(b.last.json.model, 'two');
});

// --- under traffic ---------------------------------------------------------------

// TSan's account of each allocation grows with every longjmp of Lua's, so there
// ten thousand versions would take minutes and gigabytes.
const TOTAL = long ? 100_000 : BINARY.includes('/tsan/') ? 2_000 : 10_000;

/** One client that keeps its connections: asks until the count is reached. */
async function traffic(g, agent, state) {
  const body = JSON.stringify(ask());
  while (state.sent < TOTAL) {
    state.sent++;
    const reply = await request(g, { body, agent });
    if (reply.status !== 200 || !/"content":"v\d+"/.test(reply.text))
      state.lost.push(`${reply.status} ${reply.text}`);
    else state.versions.add(reply.headers['x-perilune-policy']);
    state.done++;
  }
}

async function rewrite(g, state) {
  const ways = Object.values(WAYS).filter((w) => w !== WAYS['by removing and writing anew']);
  for (let i = 0; state.done < TOTAL; i++) {
    ways[i % ways.length](g, says(`v${String(i).padStart(8, '0')}`));
    state.edits = i + 1;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

test(`${TOTAL} requests pass while the policy is rewritten without pause, none is lost`, async (t) => {
  const g = await gateway(t, says('v00000000'), { ...two, stdout: 'ignore' });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  const state = { sent: 0, done: 0, edits: 0, lost: [], versions: new Set() };
  const clients = Array.from({ length: 8 }, () => traffic(g, agent, state));
  await Promise.all([...clients, rewrite(g, state)]);
  assert.deepEqual(state.lost.slice(0, 3), []);
  assert.equal(state.done, TOTAL);
  assert.ok(state.edits > 100, `${state.edits} edits`);
  assert.ok(state.versions.size > 50, `${state.versions.size} versions were seen`);
});
