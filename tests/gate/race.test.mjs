// Races over sockets: who is asked, who is hung up on, and when.

import assert from 'node:assert/strict';
import { test, until } from './lib/test.mjs';
import { folder, gateway, run } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatBytes, chatWith, streamFrom, streamed, wire } from './lib/client.mjs';
import { ANSWER, events } from './lib/words.mjs';

const silent = () => {};

/** Says its first token, and no more. */
async function falter(a) {
  a.head();
  for (const event of events().slice(0, 2)) await a.write(event);
}

/** Upstreams "a", "b", ... with these answers, under a policy. The last one
 * answers when all others were asked as often. */
async function setting(t, answers, body) {
  const ups = [];
  for (const answer of answers.slice(0, -1)) ups.push(await mock(t, answer));
  const others = [...ups];
  ups.push(
    await mock(t, async (a, nth) => {
      await Promise.all(others.map((up) => up.arrival(nth)));
      return answers.at(-1)(a);
    }),
  );
  const providers = ups.map((up, i) => `p.provider("${'abc'[i]}", { url = "${up.url}/v1" })`);
  const policy = ['local p = require "perilune"', ...providers, body].join('\n');
  return { ups, g: await gateway(t, policy) };
}

const RACE = 'return p.race { "a/x", "b/y" }';

for (const stream of [false, true])
  test(`the first reply wins a race and the loser is hung up on${stream ? ', stream' : ''}`, async (t) => {
    const { g, ups } = await setting(t, [silent, usual], RACE);
    const reply = await (stream ? streamed : chatWith)(g);
    assert.equal(reply.status, 200);
    assert.ok(reply.text.includes(stream ? 'DONE' : ANSWER));
    assert.equal(reply.headers['x-perilune-path'], 'x cancelled, y ok');
    assert.equal(reply.headers['x-perilune-attempts'], '2');
    await ups[0].last.closed;
    assert.deepEqual(ups.map((up) => up.arrivals.length), [1, 1]);
    const line = await g.line(reply.headers['x-request-id']);
    assert.equal(line.path, 'x cancelled, y ok');
    assert.equal(line.provider, 'b');
  });

test('the loser of a race is hung up on at once, whatever the policy does next', async (t) => {
  const { g, ups } = await setting(
    t,
    [silent, falter],
    `local race = ${RACE.slice('return '.length)}
    return function(req)
      local reply = race(req)
      p.sleep "1h"
      return reply
    end`,
  );
  const w = await wire(t, g);
  w.send(chatBytes({ stream: true }));
  await ups[0].arrival();
  await until(() => ups[0].last.left, 'the hang-up');
  assert.equal(ups[1].last.left, false);
  w.socket.destroy();
  await ups[1].last.closed;
});

for (const stream of [false, true])
  test(`a client that leaves during a race hangs up on everybody${stream ? ', stream' : ''}`, async (t) => {
    const { g, ups } = await setting(t, [silent, silent], RACE);
    const w = await wire(t, g);
    w.send(chatBytes({ stream }));
    const arrivals = await Promise.all(ups.map((up) => up.arrival()));
    w.socket.destroy();
    await Promise.all(arrivals.map((a) => a.closed));
    const line = await g.logged((l) => l.event === 'request');
    assert.equal(line.outcome, 'client_gone');
    assert.equal(line.attempts, 2);
  });

test('a branch that raises hangs up on the others', async (t) => {
  const { g, ups } = await setting(
    t,
    [silent, usual],
    `local b = p.model "b/y"
    return p.race { "a/x", function(req) b(req) error "boom" end }`,
  );
  const reply = await chatWith(g);
  assert.equal(reply.status, 500);
  assert.equal(reply.json.error.code, 'policy_error');
  await ups[0].last.closed;
});

test('a slow first token brings company, and the slow one is hung up on', async (t) => {
  const { g, ups } = await setting(
    t,
    [silent, usual],
    'return p.hedge { "a/x", "b/y", after = "5ms" }',
  );
  for (const [n, ask] of [chatWith, streamed].entries()) {
    const reply = await ask(g);
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['x-perilune-path'], 'x cancelled, y ok');
    await ups[0].arrivals[n].closed;
    assert.deepEqual(ups.map((up) => up.arrivals.length), [n + 1, n + 1]);
  }
});

test('a hedge whose second one fails goes on with the first', async (t) => {
  let failed;
  const told = new Promise((resolve) => {
    failed = resolve;
  });
  const first = async (a) => {
    await told;
    await usual(a);
  };
  const second = async (a) => {
    a.say({ error: { message: 'no' } }, 500);
    failed();
  };
  const { g, ups } = await setting(
    t,
    [first, second],
    'return p.hedge { "a/x", "b/y", after = "5ms" }',
  );
  const reply = await streamed(g);
  assert.ok(reply.text.includes(ANSWER));
  assert.match(reply.headers['x-perilune-path'], /^x ok, y (server_error|cancelled)$/);
  assert.deepEqual(ups.map((up) => up.arrivals.length), [1, 1]);
});

test('a quick first one is asked alone', async (t) => {
  const up = await mock(t);
  const other = await mock(t);
  const g = await gateway(
    t,
    `local p = require "perilune"
    p.provider("a", { url = "${up.url}/v1" })
    p.provider("b", { url = "${other.url}/v1" })
    return p.hedge { "a/x", "b/y", after = "10m" }`,
  );
  const reply = await streamed(g);
  assert.equal(reply.headers['x-perilune-path'], 'x ok');
  assert.equal(other.arrivals.length, 0);
});

test('hedges of many requests are bounded by the retry budget', async (t) => {
  const other = await mock(t, silent);
  const up = await mock(t, async (a, nth) => {
    await Promise.all([up.arrival(10), other.arrival(3)]);
    await usual(a, nth);
  });
  const g = await gateway(
    t,
    `local p = require "perilune"
    p.provider("a", { url = "${up.url}/v1" })
    p.provider("b", { url = "${other.url}/v1" })
    return p.hedge { "a/x", "b/y", after = "1ms" }`,
    { workers: 2 },
  );
  const replies = await Promise.all(Array.from({ length: 10 }, () => chatWith(g)));
  const paths = replies.map((reply) => reply.headers['x-perilune-path']).sort();
  assert.deepEqual(paths, [...Array(7).fill('x ok'), ...Array(3).fill('x ok, y cancelled')]);
  assert.equal(other.arrivals.length, 3);
});

test('a client that leaves a stream in a race of races leaves nothing behind', async (t) => {
  const { g, ups } = await setting(
    t,
    [silent, silent, falter],
    'return p.race { "a/x", p.race { "b/y", p.race { "c/z", "a/w" } } }',
  );
  const reply = await streamFrom(g);
  await reply.next();
  reply.leave();
  await Promise.all(ups.flatMap((up) => up.arrivals.map((a) => a.closed)));
  const line = await g.logged((l) => l.event === 'request');
  assert.equal(line.path, 'x cancelled, y cancelled, z ok, w cancelled');
  assert.equal(line.outcome, 'client_gone');
});

test('a branch that loops for ever ends its request and hangs up on the others', async (t) => {
  const { g, ups } = await setting(
    t,
    [silent, usual],
    `local b = p.model "b/y"
    local race = p.race { "a/x", function(req) b(req) while true do end end }
    return function(req) return race(req) or nil end`,
  );
  const reply = await chatWith(g);
  assert.equal(reply.status, 500);
  await ups[0].last.closed;
  const line = await g.logged((l) => l.event === 'policy_error');
  assert.equal(line.reason, 'deadline');
});

// In a simulated world, whose clock costs nothing: while too little is known of
// the first model the second is asked after two seconds.
test('a percentile is of what the first model took lately', (t) => {
  const file = `local test = require "perilune.test"
local POLICY = 'return require "perilune".hedge { "openai/a", "groq/b", after = "p99" }'
for _, stream in ipairs { true, false } do
  test("stream " .. tostring(stream), { policy = POLICY }, function(t)
    local ask = { text = "hello", stream = stream }
    local path = "a cancelled, b ok"
    t:model("openai/a", { hangs = true })
    t:ask(ask):expect { path = path, seconds = "> 2s" }
    t:model("openai/a", { latency = "100ms" })
    for _ = 1, 100 do t:ask(ask) end
    t:model("openai/a", { hangs = true })
    t:ask(ask):expect { path = path, attempts = 2, seconds = "< 1s" }
  end)
end`;
  const dir = folder(t, { 'p99_test.lua': file });
  const { stdout } = run(['test', 'p99_test.lua'], { cwd: dir });
  assert.match(stdout, /2 passed, 0 failed/);
});
