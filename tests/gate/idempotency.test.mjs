// A request that is sent again: it runs once, and everybody gets the same answer.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import OpenAI from 'openai';
import { test } from './lib/test.mjs';
import { folder, gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatBytes, chatWith, request, streamFrom, streamed, wire } from './lib/client.mjs';
import { addKey } from './lib/keys.mjs';
import { ask, chat, chunk, sse } from './lib/words.mjs';

/** Each arrival is told another text, so that no two answers are alike. */
const numbered = (a, nth) =>
  a.json.stream
    ? a.stream([sse(chunk({ content: `answer ${nth}` })), sse(chunk({}, 'stop')), 'data: [DONE]\n\n'])
    : a.say(chat(`answer ${nth}`));

const keyed = (key, more = {}) => ({ headers: { 'idempotency-key': key, ...more } });

async function setting(t, { answer = numbered, policy, ...options } = {}) {
  const upstream = await mock(t, answer);
  const g = await gateway(t, policyFor(upstream, policy), options);
  return { upstream, g };
}

const replayed = (reply) => reply.headers['idempotent-replayed'] === 'true';

test('a repeat gets the first answer, and costs nothing', async (t) => {
  const policy = `p.prices { ["up/m"] = { input = 2.5, output = 10 } }
    return { p.limit("own", { "2 requests/hour" }), "up/m" }`;
  const { upstream, g } = await setting(t, { policy });
  const first = await chatWith(g, {}, keyed('order-1'));
  assert.equal(replayed(first), false);
  for (let i = 0; i < 5; i++) {
    const again = await chatWith(g, {}, keyed('order-1'));
    assert.equal(again.status, 200);
    assert.equal(again.text, first.text);
    assert.ok(replayed(again));
    assert.equal(again.headers['x-perilune-attempts'], '0');
    assert.equal(again.headers['x-perilune-cost-usd'], '0.000000000');
    assert.equal(again.headers['x-perilune-model'], first.headers['x-perilune-model']);
    assert.notEqual(again.headers['x-request-id'], first.headers['x-request-id']);
    const line = await g.line(again.headers['x-request-id']);
    assert.equal(line.path, 'idempotency replayed');
    assert.deepEqual([line.attempts, line.cost_usd, line.calls_unpriced], [0, 0, 0]);
  }
  assert.equal(upstream.arrivals.length, 1);
  assert.equal((await chatWith(g)).status, 200, 'no limit was taken by the repeats');
});

test('a quoted key is the key that it quotes, and another key is another request', async (t) => {
  const { g } = await setting(t);
  const first = await chatWith(g, {}, keyed('a"b'));
  assert.equal((await chatWith(g, {}, keyed('"a\\"b"'))).text, first.text);
  assert.notEqual((await chatWith(g, {}, keyed('a"c'))).text, first.text);
  assert.notEqual((await chatWith(g)).text, first.text);
});

test('a stream is repeated byte for byte, as a stream', async (t) => {
  const { upstream, g } = await setting(t);
  const first = await streamed(g, {}, keyed('s'));
  const again = await streamed(g, {}, keyed('s'));
  assert.match(first.text, /answer 1/);
  assert.deepEqual(again.bytes, first.bytes);
  assert.ok(replayed(again));
  for (const name of ['content-type', 'transfer-encoding', 'cache-control'])
    assert.equal(again.headers[name], first.headers[name]);
  assert.equal(upstream.arrivals.length, 1);
  const whole = await chatWith(g, {}, keyed('s'));
  assert.equal(whole.status, 422);
});

test('64 at once on two workers are one call, and all hear the same', async (t) => {
  for (const stream of [false, true]) {
    let go;
    const gate = new Promise((resolve) => {
      go = resolve;
    });
    const answer = (a, nth) => gate.then(() => numbered(a, nth));
    const { upstream, g } = await setting(t, { answer, workers: 2 });
    const all = Array.from({ length: 64 }, () => request(g, { body: ask({ stream }), ...keyed('k') }));
    await upstream.arrival(1);
    go();
    const replies = await Promise.all(all);
    assert.equal(upstream.arrivals.length, 1);
    assert.deepEqual(new Set(replies.map((r) => r.status)), new Set([200]));
    assert.equal(new Set(replies.map((r) => r.text)).size, 1);
    assert.equal(replies.filter((r) => !replayed(r)).length, 1);
  }
});

test('another body under the same key is a 422, at once and later', async (t) => {
  let go;
  const gate = new Promise((resolve) => {
    go = resolve;
  });
  const { upstream, g } = await setting(t, { answer: (a, n) => gate.then(() => numbered(a, n)) });
  const first = chatWith(g, {}, keyed('k'));
  await upstream.arrival(1);
  const early = await chatWith(g, { temperature: 1 }, keyed('k'));
  go();
  await first;
  const late = await chatWith(g, { temperature: 1 }, keyed('k'));
  for (const reply of [early, late]) {
    assert.equal(reply.status, 422);
    assert.equal(reply.json.error.code, 'idempotency_key_reused');
    assert.equal(reply.headers['x-should-retry'], 'false');
  }
  assert.equal(upstream.arrivals.length, 1);
});

test('a key that is none is a 400 that says why', async (t) => {
  const { upstream, g } = await setting(t);
  const wrong = [
    ['', /is empty/],
    ['""', /is empty/],
    ['x'.repeat(256), /is longer than 255 characters/],
    ['a\tb', /has a character that may not stand there/],
    ['caf\u00e9', /has a character that may not stand there/],
    ['"a', /begins with a quote that does not end/],
    ['"a"b', /goes on behind its closing quote/],
    ['"a\\b"', /backslash/],
  ];
  for (const [key, why] of wrong) {
    const reply = await chatWith(g, {}, keyed(key));
    assert.equal(reply.status, 400, key);
    assert.equal(reply.json.error.code, 'invalid_idempotency_key');
    assert.match(reply.json.error.message, why);
    assert.match(reply.json.error.message, /1 to 255 printable ASCII characters, such as a UUID/);
  }
  const twice = await chatWith(g, {}, { headers: { 'idempotency-key': ['a', 'a'] } });
  assert.equal(twice.status, 400);
  assert.equal(upstream.arrivals.length, 0);
  assert.equal((await chatWith(g, {}, keyed('x'.repeat(255)))).status, 200);
});

test('nobody gets the answer of another caller', async (t) => {
  const { upstream, g } = await setting(t);
  const callers = [
    {},
    { authorization: 'Bearer sk-a' },
    { authorization: 'Bearer sk-b' },
    { 'x-api-key': 'sk-a' },
    { 'api-key': 'sk-a' },
    { authorization: 'Bearer sk-a', 'x-perilune-user': 'ann' },
    { authorization: 'Bearer sk-a', 'x-perilune-user': 'bob' },
    { 'x-perilune-user': 'ann' },
  ];
  const first = [];
  for (const who of callers) first.push((await chatWith(g, {}, keyed('k', who))).text);
  assert.equal(new Set(first).size, callers.length);
  for (const [i, who] of callers.entries())
    assert.equal((await chatWith(g, {}, keyed('k', who))).text, first[i]);
  assert.equal(upstream.arrivals.length, callers.length);
  const other = await chatWith(g, { user: 'eve' }, keyed('k'));
  assert.equal(other.status, 422, 'the user in the body belongs to the body');
});

test('where clients have keys, a key is whose the answer is', async (t) => {
  const upstream = await mock(t, numbered);
  const policy = policyFor(upstream);
  const dir = folder(t, { 'policy.lua': policy });
  const [ann, bob] = [addKey(dir, '--user', 'ann'), addKey(dir, '--user', 'bob')];
  const g = await gateway(t, policy, { dir });
  const by = (key) => keyed('k', { authorization: `Bearer ${key.text}` });
  const first = await chatWith(g, {}, by(ann));
  assert.notEqual((await chatWith(g, {}, by(bob))).text, first.text);
  assert.equal((await chatWith(g, {}, by(ann))).text, first.text);
  const otherWay = keyed('k', { 'x-api-key': ann.text, 'x-perilune-user': 'bob' });
  assert.equal((await chatWith(g, {}, otherWay)).text, first.text, 'however the key comes');
  assert.equal((await chatWith(g, {}, keyed('k'))).status, 401);
});

test('an answer outlives the process, and a first that was killed leaves no lock', async (t) => {
  const hang = (a, nth) => (a.json.temperature === 0.5 && nth === 2 ? null : numbered(a, nth));
  const { upstream, g } = await setting(t, { answer: hang });
  const first = await chatWith(g, {}, keyed('k'));
  const lost = chatWith(g, { temperature: 0.5 }, keyed('killed')).catch(() => 'gone');
  await upstream.arrival(2);
  g.kill();
  assert.equal(await lost, 'gone');
  assert.equal(await g.exited, 'SIGKILL');
  g.code = undefined; // it was meant to end so
  g.stop = async () => {};
  const policy = fs.readFileSync(g.policy, 'utf8');
  const next = await gateway(t, policy, { dir: g.dir });
  const again = await chatWith(next, {}, keyed('k'));
  assert.equal(again.text, first.text);
  assert.ok(replayed(again));
  assert.match((await chatWith(next, { temperature: 0.5 }, keyed('killed'))).text, /answer 3/);
  assert.equal(upstream.arrivals.length, 3);
});

test('what was no answer is not kept: the repeat runs anew', async (t) => {
  const failures = [
    (a) => a.say({ error: { message: 'x' } }, 503),
    (a) => a.say({ error: { message: 'x' } }, 500),
    (a) => a.say({ error: { message: 'x' } }, 429, { 'retry-after': '1' }),
    (a) => a.say({ error: { message: 'x' } }, 408),
    (a) => a.say({ error: { message: 'x' } }, 401),
    (a) => a.die(),
  ];
  let failure;
  const answer = (a, nth) => (nth % 2 ? failure(a) : numbered(a, nth));
  const { upstream, g } = await setting(t, { answer });
  for (const [i, f] of failures.entries()) {
    failure = f;
    const bad = await chatWith(g, {}, keyed(`k${i}`));
    assert.notEqual(bad.status, 200);
    const good = await chatWith(g, {}, keyed(`k${i}`));
    assert.equal(good.status, 200, `${f}`);
    assert.equal(replayed(good), false);
    assert.equal((await chatWith(g, {}, keyed(`k${i}`))).text, good.text);
  }
  assert.equal(upstream.arrivals.length, 2 * failures.length);
});

test('a stream that broke, or was left, is run anew; an error in the request is kept', async (t) => {
  const answer = async (a, nth) => {
    if (a.json.temperature === 2) return a.say({ error: { message: 'too hot', type: 'x' } }, 400);
    if (nth !== 1 && nth !== 3) return numbered(a, nth);
    a.head();
    await a.write(sse(chunk({ content: 'half' })));
    return nth === 1 ? a.die() : undefined;
  };
  const { upstream, g } = await setting(t, { answer });
  assert.match((await streamed(g, {}, keyed('broke'))).text, /"error"/);
  assert.match((await streamed(g, {}, keyed('broke'))).text, /answer 2/);
  const left = await streamFrom(g, {}, keyed('left'));
  await left.next();
  left.leave();
  await upstream.arrivals[2].closed;
  assert.match((await streamed(g, {}, keyed('left'))).text, /answer 4/);
  const hot = await chatWith(g, { temperature: 2 }, keyed('hot'));
  const again = await chatWith(g, { temperature: 2 }, keyed('hot'));
  assert.deepEqual([hot.status, again.status], [400, 400]);
  assert.equal(again.text, hot.text);
  assert.ok(replayed(again));
  assert.equal(upstream.arrivals.length, 5);
});

test('the next one runs when the first client leaves, and only he', async (t) => {
  const answer = (a, nth) => (nth === 1 ? null : numbered(a, nth));
  const { upstream, g } = await setting(t, { answer, workers: 2 });
  const first = await wire(t, g);
  first.send(chatBytes({ stream: true }, 'Idempotency-Key: k\r\n'));
  await upstream.arrival(1);
  const rest = Array.from({ length: 16 }, () => streamed(g, {}, keyed('k')));
  first.socket.destroy();
  await upstream.arrivals[0].closed;
  const replies = await Promise.all(rest);
  assert.equal(upstream.arrivals.length, 2);
  assert.equal(new Set(replies.map((r) => r.text)).size, 1);
  assert.match(replies[0].text, /answer 2/);
});

/** The official client, told to send its key; `fetch` may be another one. */
function official(g, more = {}) {
  const client = new OpenAI({ baseURL: `${g.url}/v1`, apiKey: 'sk-of-the-client', ...more });
  client.idempotencyHeader = 'Idempotency-Key';
  return client;
}

test('the official client retries a dropped connection, and gets the first answer', async (t) => {
  const { upstream, g } = await setting(t);
  const replies = [];
  const dropping = async (url, init) => {
    const reply = await fetch(url, init);
    replies.push({ key: init.headers.get('idempotency-key'), text: await reply.clone().text() });
    if (replies.length === 1) throw new TypeError('the connection broke');
    return reply;
  };
  const reply = await official(g, { fetch: dropping, maxRetries: 1 }).chat.completions.create(ask());
  assert.match(reply.choices[0].message.content, /answer 1/);
  assert.equal(replies.length, 2);
  assert.match(replies[0].key, /^stainless-node-retry-/);
  assert.deepEqual(replies[1], replies[0]);
  assert.equal(upstream.arrivals.length, 1);
});

test('the official client names its own key', async (t) => {
  const { upstream, g } = await setting(t);
  const { completions } = official(g, { maxRetries: 0 }).chat;
  const options = { idempotencyKey: 'order-7' };
  const first = await completions.create(ask(), options);
  const again = await completions.create(ask(), options).withResponse();
  assert.deepEqual(again.data.choices, first.choices);
  assert.equal(again.response.headers.get('idempotent-replayed'), 'true');
  const free = await completions.create(ask());
  assert.notDeepEqual(free.choices, first.choices, 'a key of its own for each call');
  await assert.rejects(
    completions.create(ask({ temperature: 1 }), options),
    (e) => e instanceof OpenAI.UnprocessableEntityError && e.code === 'idempotency_key_reused',
  );
  assert.equal(upstream.arrivals.length, 2);
});

test('a page of another origin may read that it is a repeat', async (t) => {
  const { g } = await setting(t);
  const reply = await chatWith(g, {}, keyed('k', { origin: 'https://a.example' }));
  assert.match(reply.headers['access-control-expose-headers'], /idempotent-replayed/);
});

test("a policy's own key stands in place of the client's", async (t) => {
  const policy = `p.idempotent { ttl = "1h", key = function(req) return req.headers["x-order"] end }
    return "up/m"`;
  const { upstream, g } = await setting(t, { policy });
  const order = (n) => ({ headers: { 'x-order': n } });
  const first = await chatWith(g, {}, order('7'));
  assert.equal((await chatWith(g, {}, order('7'))).text, first.text);
  assert.notEqual((await chatWith(g, {}, order('8'))).text, first.text);
  assert.equal((await chatWith(g, { temperature: 1 }, order('7'))).status, 422);
  const a = await chatWith(g, {}, keyed('\t'));
  assert.equal(a.status, 200, 'the header means nothing here');
  assert.equal(upstream.arrivals.length, 3);
});

test('a policy may keep nothing', async (t) => {
  const { g } = await setting(t, { policy: 'p.idempotent(false)\nreturn "up/m"' });
  const first = await chatWith(g, {}, keyed('k'));
  assert.notEqual((await chatWith(g, {}, keyed('k'))).text, first.text);
  assert.equal(fs.existsSync(path.join(g.dir, 'store', 'idempotency')), false);
});

test('without a store requests are served all the same, and the log says why', async (t) => {
  const upstream = await mock(t, numbered);
  const g = await gateway(t, policyFor(upstream), {
    files: { 'store/idempotency': 'not a folder' },
  });
  assert.match((await chatWith(g, {}, keyed('k'))).text, /answer 1/);
  assert.match((await chatWith(g, {}, keyed('k'))).text, /answer 2/);
  const line = await g.logged((l) => l.event === 'idempotency_unkept');
  assert.match(line.message, /store\/idempotency: it cannot be a store's folder/);
});
