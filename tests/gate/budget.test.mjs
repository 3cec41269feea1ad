// p.budget over sockets: all workers spend from it, SIGKILL loses nothing of it, and
// it is the key that says whose it is.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import OpenAI from 'openai';
import { test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { addKey, keyed } from './lib/keys.mjs';
import { chatWith, request, streamFrom } from './lib/client.mjs';
import { ANSWER, ask, chat, chunk, sse } from './lib/words.mjs';

const SMALL = { max_tokens: 16 }; // the shortest answer, so none is made shorter
const under = (amount, more = '') =>
  `local d = p.budget("own", { "${amount}"${more} })
local m = p.model "up/m"
return function(req)
  if req.headers["x-look"] then
    return p.say(("%d %d"):format(d:spent(req), d:left(req)))
  end
  return d(req) or m(req)
end`;
const by = (user) => ({ headers: { 'x-perilune-user': user } });

/** What is spent and what is left, as the policy sees it. */
async function look(g, headers = {}) {
  const reply = await chatWith(g, SMALL, { headers: { 'x-look': '1', ...headers } });
  const [spent, left] = reply.json.choices[0].message.content.split(' ').map(Number);
  return { spent, left };
}

/** What such a request reserves: told by a budget that is too small for it. */
async function bound(t, upstream, body = SMALL) {
  const none = 'return { p.budget("b", { "1 tokens/request", over = "decline" }), "up/m" }';
  const g = await gateway(t, policyFor(upstream, none));
  const reply = await chatWith(g, body);
  return Number(reply.json.error.message.match(/may need (\d+) tokens/)[1]);
}

/** A mock that answers nobody before it is told to. */
async function blocked(t) {
  let open;
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  const upstream = await mock(t, async (a) => {
    await opened;
    a.say(chat(ANSWER));
  });
  return { upstream, open };
}

test('two workers together let pass what is paid for, and not one more', async (t) => {
  const { upstream, open } = await blocked(t);
  const r = await bound(t, upstream);
  const limit = 8 * r + r - 1;
  const g = await gateway(t, policyFor(upstream, under(`${limit} tokens/day`)), { workers: 2 });
  const all = Array.from({ length: 80 }, () => chatWith(g, SMALL));
  const told = [];
  for (const one of all) one.then((reply) => told.push(reply.status));
  await until(() => told.length === 72, 'the others to be refused');
  await upstream.arrival(8);
  assert.equal(upstream.arrivals.length, 8);
  open();
  const replies = await Promise.all(all);
  assert.equal(replies.filter((reply) => reply.status === 200).length, 8);
  assert.deepEqual(await look(g), { spent: 80, left: limit - 80 });
});

test('what was spent survives SIGKILL, and what was reserved counts as spent', async (t) => {
  const { upstream, open } = await blocked(t);
  const r = await bound(t, upstream);
  const policy = policyFor(upstream, under('100k tokens/day'));
  const first = await gateway(t, policy);
  chatWith(first, SMALL).catch(() => {});
  await until(() => upstream.arrivals.length === 1, 'the arrival');
  await first.die();
  const second = await gateway(t, policy, { dir: first.dir });
  assert.deepEqual(await look(second), { spent: r, left: 100000 - r });
  open();
  await chatWith(second, SMALL);
  await second.die();
  const third = await gateway(t, policy, { dir: first.dir });
  assert.equal((await look(third)).spent, r + 10);
});

test('a reload changes the amount and forgets nothing', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, under('100k tokens/day')), { workers: 2 });
  for (let i = 0; i < 5; i++) assert.equal((await chatWith(g, SMALL)).status, 200);
  fs.writeFileSync(g.policy, policyFor(upstream, under('60 tokens/day')));
  assert.deepEqual(await look(g), { spent: 50, left: 10 });
  assert.equal((await chatWith(g, SMALL)).status, 413);
  fs.writeFileSync(g.policy, policyFor(upstream, under('90k tokens/day')));
  assert.equal((await chatWith(g, SMALL)).status, 200);
});

test('the official client hears of an empty budget as a rate limit', async (t) => {
  const upstream = await mock(t);
  const r = await bound(t, upstream);
  const g = await gateway(t, policyFor(upstream, under(`${r + 5} tokens/day`)));
  const client = new OpenAI({ baseURL: `${g.url}/v1`, apiKey: 'sk-of-the-client', maxRetries: 2 });
  await client.chat.completions.create(ask(SMALL));
  await assert.rejects(client.chat.completions.create(ask(SMALL)), (e) => {
    assert.ok(e instanceof OpenAI.RateLimitError);
    assert.equal(e.code, 'budget_exceeded');
    assert.match(e.message, /budget own: 10 tokens of \d+ tokens per day are used or reserved/);
    assert.match(e.message, /starts anew at \d{4}-\d\d-\d\dT00:00:00Z/);
    return true;
  });
  assert.equal(upstream.arrivals.length, 1);
});

test('without keys it is the user who is named, and whoever names none is one', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, under('100k tokens/day', ', each = "user"')));
  await chatWith(g, SMALL, by('ann'));
  await chatWith(g, SMALL);
  await chatWith(g, SMALL);
  assert.equal((await look(g, by('ann').headers)).spent, 10);
  assert.equal((await look(g)).spent, 20);
  assert.equal((await look(g, by('bob').headers)).spent, 0);
});

test('with keys it is what the key proves, whatever the client says', async (t) => {
  const upstream = await mock(t);
  const policy = policyFor(upstream, under('100k tokens/day', ', each = "user"'));
  const { g, key } = await keyed(t, policy, ['--user', 'ann']);
  const nobody = addKey(g.dir, '--team', 'gold');
  const as = (k, user) => ({ authorization: `Bearer ${k.text}`, 'x-perilune-user': user });
  await chatWith(g, SMALL, { headers: as(key, 'bob') });
  await chatWith(g, { ...SMALL, user: 'eve' }, { headers: as(nobody, 'bob') });
  assert.equal((await look(g, as(key, 'ann'))).spent, 10);
  assert.equal((await look(g, as(nobody, 'carl'))).spent, 10);
});

test('a provider that names any cost is not believed', async (t) => {
  const usage = { prompt_tokens: 7, completion_tokens: 3, cost: 4 };
  const upstream = await mock(t, (a) => a.say(chat(ANSWER, { usage })));
  const g = await gateway(
    t,
    policyFor(
      upstream,
      `p.prices { ["up/m"] = { input = 10, output = 100 } }\n${under('5 usd/day').replace('%d %d', '%f %f')}`,
    ),
  );
  assert.equal((await chatWith(g, SMALL)).status, 200);
  const { spent } = await look(g);
  assert.ok(spent > 0 && spent < 0.01, `${spent}`);
  await g.logged((l) => l.event === 'bound_violated');
});

test('a stream whose client leaves is charged, and nothing stays reserved', async (t) => {
  const upstream = await mock(t, async (a) => {
    a.head();
    await a.write(sse(chunk({ content: 'one' })));
  });
  const r = await bound(t, upstream, { ...SMALL, stream: true });
  const g = await gateway(t, policyFor(upstream, under(`${r} tokens/day`)));
  const reply = await streamFrom(g, SMALL);
  await reply.next();
  reply.leave();
  await until(async () => {
    const { spent, left } = await look(g);
    return spent > 0 && spent + left === r;
  }, 'the settling');
});

test('an upstream that fails before it runs costs nothing', async (t) => {
  const upstream = await mock(t, (a) => (upstream.arrivals.length < 3 ? a.say({}, 503) : usual(a)));
  const policy = under('100k tokens/day').replace('p.model "up/m"', 'p.model { "up/m", tries = 3 }');
  const g = await gateway(t, policyFor(upstream, policy));
  assert.equal((await chatWith(g, SMALL)).status, 200);
  assert.equal(upstream.arrivals.length, 3);
  assert.equal((await look(g)).spent, 10);
});

test('budgets show in /healthz by name, and nobody whose they are', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, under('100k tokens/day', ', each = "user"')));
  await chatWith(g, SMALL, by('ann'));
  await chatWith(g, SMALL, by('bob'));
  const { json, text } = await request(g, { method: 'GET', path: '/healthz' });
  const own = { name: 'own', unit: 'tokens', spent: 20, refused: 0, bound_violations: 0 };
  assert.deepEqual(json.budgets, [own]);
  assert.deepEqual(json.ledger, { rows: 2, reserved: 0, expired: 0 });
  assert.doesNotMatch(text, /ann|bob/);
});

test('a budget may come with a reload, in the cage', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream), { workers: 2 });
  assert.equal((await chatWith(g, SMALL)).status, 200);
  const zone = ', align = "America/New_York"';
  fs.writeFileSync(g.policy, policyFor(upstream, under('100k tokens/month', zone)));
  assert.equal((await chatWith(g, SMALL)).status, 200);
  assert.equal((await look(g)).spent, 10);
});

test('a webhook is told once that a share is spent, and delays nobody', async (t) => {
  const upstream = await mock(t);
  const hook = await mock(t, (a) => a.say({}, hook.arrivals.length > 1 ? 500 : 200));
  const warns = `, warn = 0.0001, on_warn = p.webhook(p.secret "HOOK"), each = "user"`;
  const policy = policyFor(upstream, under('100k tokens/day', warns));
  const env = { HOOK: `${hook.url}/hook` };
  const g = await gateway(t, policy, { workers: 2, env });
  for (let i = 0; i < 4; i++) assert.equal((await chatWith(g, SMALL, by('ann'))).status, 200);
  const arrival = await hook.arrival(1);
  assert.equal(arrival.path, '/hook');
  assert.deepEqual(arrival.json, {
    budget: 'own',
    limit: 100000,
    of: 'ann',
    per: 'day',
    share: 0.0001,
    spent: 10,
    unit: 'tokens',
  });
  await chatWith(g, SMALL, by('bob'));
  const line = await g.logged((l) => l.event === 'webhook_failed');
  assert.equal(line.message, 'a webhook answered 500');
  assert.equal(hook.arrivals.length, 2);
});
