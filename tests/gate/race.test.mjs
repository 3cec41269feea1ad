// Races over sockets: who is asked, who is hung up on, and when.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway } from './lib/gateway.mjs';
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
 * answers when all others were asked. */
async function setting(t, answers, body) {
  const ups = [];
  for (const answer of answers.slice(0, -1)) ups.push(await mock(t, answer));
  const others = [...ups];
  ups.push(
    await mock(t, async (a) => {
      await Promise.all(others.map((up) => up.arrival()));
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

test('the loser of a race is hung up on while the winner still talks', async (t) => {
  const { g, ups } = await setting(t, [silent, falter], RACE);
  const reply = await streamFrom(g);
  await reply.next();
  await ups[0].last.closed;
  assert.equal(ups[1].last.left, false);
  reply.leave();
  await ups[1].last.closed;
});

test('a client that leaves during a race hangs up on everybody', async (t) => {
  const { g, ups } = await setting(t, [silent, silent], RACE);
  const w = await wire(t, g);
  w.send(chatBytes());
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
