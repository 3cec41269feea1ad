// Several keys of a provider, over sockets: which is sent, what happens to one
// that is limited or refused, and that none of them is told to anybody.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatWith, streamed } from './lib/client.mjs';
import { error } from './lib/words.mjs';

const KEYS = ['sk-CANARY-KEY-one', 'sk-CANARY-KEY-two', 'sk-CANARY-KEY-six'];
const POOL = `keys = { p.secret "K1", p.secret "K2", p.secret "K3" }`;
const env = { K1: KEYS[0], K2: KEYS[1], K3: KEYS[2] };

/** An upstream that treats each key as `fates` say, and a gateway with all. */
async function pool(t, fates, options = {}) {
  const key = (a) => a.headers.authorization.slice('Bearer '.length);
  const upstream = await mock(t, (a) => (fates[key(a)] ?? usual)(a));
  const policy = policyFor(upstream, 'return "up/m"', POOL);
  const g = await gateway(t, policy, { env, ...options });
  const used = () => upstream.arrivals.map((a) => KEYS.indexOf(key(a)) + 1).join('');
  return { g, upstream, used };
}

const limited = (a) => a.say(error('slow', 'rate_limit_exceeded'), 429, { 'retry-after': '60' });
const refused = (a) => a.say(error(`no: ${a.headers.authorization}`, 'invalid_api_key'), 401);

test('keys take turns, and each goes out as it is', async (t) => {
  const { g, used } = await pool(t, {});
  for (let i = 0; i < 6; i++) assert.equal((await chatWith(g)).status, 200);
  assert.equal(used(), '123123');
});

test('a limited key gives way to the next at once, for streams too', async (t) => {
  const { g, used } = await pool(t, { [KEYS[0]]: limited });
  const reply = await chatWith(g);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['x-perilune-path'], 'm rate_limited, m ok');
  for (let i = 0; i < 4; i++) assert.equal((await chatWith(g)).status, 200);
  assert.equal((await streamed(g)).status, 200);
  assert.doesNotMatch(used().slice(1), /1/);
});

test('when all are limited the client hears when the first is back', async (t) => {
  const { g, upstream } = await pool(t, Object.fromEntries(KEYS.map((key) => [key, limited])));
  for (const attempts of ['3', '0']) {
    const reply = await chatWith(g);
    assert.equal(reply.status, 429);
    assert.equal(reply.headers['x-perilune-attempts'], attempts);
    assert.ok(reply.headers['retry-after'] > 50 && reply.headers['retry-after'] <= 60);
  }
  assert.equal(upstream.arrivals.length, 3);
});

test('a refused key is asked by one of all workers, and told of once', async (t) => {
  const { g, used } = await pool(t, { [KEYS[1]]: refused }, { workers: 2 });
  for (let i = 0; i < 24; i++) assert.equal((await chatWith(g)).status, 200);
  assert.equal(used().replaceAll(/[13]/g, ''), '2');
  const told = g.log.filter((l) => l.event === 'key_refused');
  assert.equal(told.length, 1);
  assert.equal(told[0].key, 'k2');
});

test('no key of several passes to a client, whatever the provider says', async (t) => {
  const telling = (a) => a.say(error(`odd: ${KEYS.join(' ')}`), 400);
  const { g } = await pool(t, Object.fromEntries(KEYS.map((key) => [key, telling])));
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 400);
    assert.doesNotMatch(reply.text + JSON.stringify(reply.headers), /CANARY-KEY/);
  }
});

test('keys that are not there are left out; without any the variables are named', async (t) => {
  const some = await pool(t, {}, { env: { K2: KEYS[1] } });
  for (let i = 0; i < 3; i++) await chatWith(some.g);
  assert.equal(some.used(), '222');
  const none = await pool(t, {}, { env: {} });
  const reply = await chatWith(none.g);
  assert.equal(reply.status, 502);
  assert.match(reply.text, /set K1 or K2 or K3/);
});
