// A provider's outage through sockets: under load the first upstream goes away,
// stays away and comes back. Two workers, one breaker, a second model below.
//
// What is counted is exact, whatever the machine is busy with. The calls that
// find the dead upstream are those under way when it died, at most five failures
// and a crowd's worth of calls before the breaker has opened, and one probe for
// each time it was half open.

import assert from 'node:assert/strict';
import { test, until } from './lib/test.mjs';
import { gateway } from './lib/gateway.mjs';
import { mock, portToKeep, usual } from './lib/mock.mjs';
import { chatWith, request, streamFrom } from './lib/client.mjs';
import { crowd } from './lib/crowd.mjs';
import { error, events } from './lib/words.mjs';

const CLIENTS = 16;
const WITNESSES = 4; // streams that are under way when it happens
const FAILURES = 5;
const PATIENT = { stream: '', whole: '' };

const policy = (large, small, patience) => `local p = require "perilune"
p.provider("large", { url = "${large.url}/v1" })
p.provider("small", { url = "${small.url}/v1" })
local guard = { failures = ${FAILURES}, open = "50ms" }
local stream = p.model { "large/l", as = "stream", ${patience.stream} breaker = guard }
local whole = p.model { "large/l", as = "whole", ${patience.whole} breaker = guard }
local small = p.model "small/s"
local function large(req) return (req.stream and stream or whole)(req) end
return function(req) return large(req) or small(req) end`;

// --- the ways to go away ------------------------------------------------------------

const refuse = (a) => a.say(error('we are down', null, 'server_error'), 503);
const reset = (a) => a.socket.resetAndDestroy();

/** `kill` is told the calls under way and the streams under way; `answer` is
 * for those that come later, `word` what the path says of them all. */
const OUTAGES = [
  {
    how: 'is gone',
    word: 'network',
    witness: 'broken_stream',
    kill: (upstream) => upstream.close(),
    revive: (upstream) => upstream.open(),
    answer: usual,
  },
  {
    how: 'resets its connections',
    word: 'network',
    witness: 'broken_stream',
    kill: (upstream, asked, streams) => [...asked, ...streams].forEach(reset),
    answer: reset,
  },
  {
    how: 'answers 503',
    word: 'overloaded',
    kill: (upstream, asked) => asked.forEach(refuse),
    answer: refuse,
  },
  {
    how: 'falls silent',
    word: 'timeout',
    witness: 'timeout_idle',
    patience: { stream: 'first = "1500ms", idle = "1500ms",', whole: 'total = "1500ms",' },
    kill: () => {},
    answer: () => {},
  },
];

// --- what is looked at ----------------------------------------------------------------

const stateOf = async (g) => {
  const { targets } = (await request(g, { method: 'GET', path: '/healthz' })).json;
  return targets.find((one) => one.name === 'large/l').state;
};

/** The states that the log tells of, in its order. */
const transitions = (g) =>
  g.stdout
    .split('\n')
    .filter((line) => line.includes('"event":"breaker"'))
    .map((line) => JSON.parse(line).state);

const times = (list, what) => list.filter((one) => one === what).length;

/** An upstream whose streams for the witnesses stop after the first tokens. */
async function upstreamWithWitnesses(t) {
  const streams = [];
  const answer = async (a) => {
    if (a.json.user !== 'witness') return upstream.obey(a);
    streams.push(a.head());
    return a.write(events().slice(0, 2).join(''));
  };
  const upstream = await mock(t, answer, await portToKeep());
  return Object.assign(upstream, { streams, obey: usual });
}

/** Streams that have had their first token. */
async function witnesses(g) {
  const all = Array.from({ length: WITNESSES }, () => streamFrom(g, { user: 'witness' }));
  const replies = await Promise.all(all);
  for (const reply of replies) assert.ok(await reply.next());
  return replies;
}

/** All clients wait for this upstream, and nothing of theirs is elsewhere. */
async function gather(upstream) {
  const asked = [];
  upstream.obey = (a) => asked.push(a);
  await until(() => asked.length === CLIENTS, 'all to ask it');
  return asked;
}

// --- the story --------------------------------------------------------------------------

/** It is away for a while, and comes back. */
async function stayAway(g, clients, elsewhere) {
  await until(async () => (await stateOf(g)) === 'open', 'the breaker to open');
  await until(() => clients.all(elsewhere), 'all traffic on the second');
  await until(() => times(transitions(g), 'open') >= 3, 'probes that fail');
}

/** All is well; it goes away under load; it stays away; it comes back. */
async function live(t, outage) {
  const large = await upstreamWithWitnesses(t);
  const small = await mock(t);
  const g = await gateway(t, policy(large, small, outage.patience ?? PATIENT), { workers: 2 });
  const clients = crowd(t, g, CLIENTS);
  await until(() => clients.all('l ok'), 'all to be well');
  const streams = await witnesses(g);
  const asked = outage.patience ? [] : await gather(large);
  const before = clients.replies.length;
  large.obey = outage.answer;
  await outage.kill(large, asked, large.streams);
  await stayAway(g, clients, 'l open, s ok');
  await outage.revive?.(large);
  large.obey = usual;
  await until(() => clients.all('l ok'), 'all traffic on the first again');
  assert.equal(await stateOf(g), 'closed');
  await clients.stop();
  return { g, large, small, clients, streams, before };
}

// --- what must hold ---------------------------------------------------------------------

/** Told of in the log once for the whole process, whoever saw it. */
function assertTransitions(states) {
  assert.equal(states[0], 'open');
  assert.equal(states.at(-1), 'closed');
  assert.equal(times(states, 'closed'), 1, states.join());
  assert.equal(times(states, 'half_open'), times(states, 'open'), states.join());
}

/** How many calls met the dead upstream, if those are as many as may. */
function assertFew(replies, path, states, least) {
  const met = replies.filter((r) => r.path === path).length;
  const early = met - (times(states, 'half_open') - 1);
  assert.ok(early >= least && early <= CLIENTS + FAILURES, `${early} before it opened`);
  return met;
}

/** Those that were under way are told honestly; none is told it is done. */
async function assertBroken(streams, kind) {
  for (const reply of streams) {
    await reply.over;
    assert.equal(JSON.parse(reply.data.at(-1)).error.code, kind);
    assert.ok(!reply.data.includes('[DONE]'));
  }
}

/** Those that were under way go on to their end. */
async function assertWhole(streams, upstream) {
  for (const a of upstream.streams) a.res.end(events().slice(2).join(''));
  for (const reply of streams) {
    assert.equal(await reply.over, 'whole');
    assert.equal(reply.data.at(-1), '[DONE]');
  }
}

for (const outage of OUTAGES)
  test(`while an upstream ${outage.how} every client is answered`, async (t) => {
    const { g, large, small, clients, streams, before } = await live(t, outage);
    if (outage.witness) await assertBroken(streams, outage.witness);
    else await assertWhole(streams, large);
    await g.stop(); // the log is whole

    assert.deepEqual(clients.replies.filter((r) => !r.answered), []);
    const failed = `l ${outage.word}, s ok`;
    const known = ['l ok', 'l open, s ok', failed];
    assert.deepEqual(clients.replies.filter((r) => !known.includes(r.path)), []);

    const states = transitions(g);
    assertTransitions(states);
    const least = outage.patience ? FAILURES : CLIENTS;
    const met = assertFew(clients.replies.slice(before), failed, states, least);

    const attempts = clients.replies.reduce((sum, r) => sum + r.attempts, WITNESSES);
    const refused = outage.revive ? met - CLIENTS : 0; // connections: nobody read those
    assert.equal(large.arrivals.length + small.arrivals.length + refused, attempts);
  });

test('one of a balanced group goes away under load, and every client is answered', async (t) => {
  const large = await mock(t, usual, await portToKeep());
  const small = await mock(t);
  const group = `local p = require "perilune"
p.provider("large", { url = "${large.url}/v1" })
p.provider("small", { url = "${small.url}/v1" })
local large = p.model { "large/l", breaker = { failures = ${FAILURES}, open = "50ms" } }
return p.balance { large, "small/s", by = "round_robin" }`;
  const g = await gateway(t, group, { workers: 2 });
  const clients = crowd(t, g, CLIENTS);
  const served = (path) => until(() => clients.last.some((r) => r?.path === path), path);
  await served('l ok');
  await large.close();
  await stayAway(g, clients, 's ok');
  await large.open();
  await until(async () => (await stateOf(g)) === 'closed', 'the breaker to close');
  await served('l ok');
  await clients.stop();
  await g.stop();
  assert.deepEqual(clients.replies.filter((r) => !r.answered), []);
  assertTransitions(transitions(g));
  assertFew(clients.replies, 'l network, s ok', transitions(g), 0);
});

test('a reload in the middle of an outage sends nobody to the dead upstream', async (t) => {
  const large = await mock(t, refuse);
  const small = await mock(t);
  const text = policy(large, small, PATIENT).replace('50ms', '5min');
  const g = await gateway(t, text, { workers: 2 });
  const clients = crowd(t, g, CLIENTS);
  await until(() => clients.all('l open, s ok'), 'all traffic on the second');
  const { length } = large.arrivals;
  const version = (await chatWith(g)).headers['x-perilune-policy'];
  g.edit(`${text}\n-- a newer one`);
  await until(async () => (await chatWith(g)).headers['x-perilune-policy'] !== version, 'it');
  const { replies } = clients;
  const seen = replies.length;
  await until(() => replies.length > seen + 4 * CLIENTS, 'requests to the newer one');
  await clients.stop();
  await g.stop();
  assert.equal(large.arrivals.length, length);
  assert.deepEqual(replies.filter((r) => !r.answered), []);
  assert.deepEqual(transitions(g), ['open']);
});
