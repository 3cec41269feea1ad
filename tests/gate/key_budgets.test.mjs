// Budgets of clients' keys: what a key may spend, in the ledger of p.budget.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, streamed } from './lib/client.mjs';
import { keyed, keys, keysDo } from './lib/keys.mjs';
import { administered } from './lib/admin.mjs';

const bearer = (key) => ({ headers: { authorization: `Bearer ${key}` } });
const spend = (g, key, max_tokens, more = {}) => chatWith(g, { max_tokens, ...more }, bearer(key));

/** An upstream that uses just what it may, and keeps the bill. */
async function dear(t) {
  const bill = { tokens: 0, calls: 0 };
  const upstream = await mock(t, (a) => {
    const out = a.json.max_tokens ?? a.json.max_completion_tokens;
    bill.tokens += 10 + out;
    bill.calls++;
    const usage = { prompt_tokens: 10, completion_tokens: out, total_tokens: 10 + out };
    const message = { role: 'assistant', content: 'yes' };
    const choices = [{ index: 0, message, finish_reason: 'stop' }];
    a.say({ id: 'x', object: 'chat.completion', choices, usage });
  });
  return { upstream, bill };
}

test('what a key may spend is not overshot, however many ask at once', async (t) => {
  const { upstream, bill } = await dear(t);
  const policy = policyFor(upstream, 'return { "up/m" }');
  const { g, does } = await administered(t, policy, { workers: 2 });
  const budgets = ['5k tokens/month'];
  const ada = await does('POST', '/admin/keys', { budgets });
  const bob = await does('POST', '/admin/keys', { budgets });
  assert.deepEqual(ada.budgets, budgets);
  const all = await Promise.all(Array.from({ length: 40 }, () => spend(g, ada.key, 400)));
  const passed = all.filter((r) => r.status === 200).length;
  assert.ok(passed > 5 && bill.tokens <= 5000, `${passed} passed, ${bill.tokens} tokens`);
  const refused = all.find((r) => r.status !== 200);
  assert.equal(refused.status, 429);
  assert.match(refused.json.error.message, new RegExp(`budget of key ${ada.id}: .* of 5000 tokens per month`));
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.match(refused.headers['x-perilune-path'], /^m budget/);
  assert.equal((await spend(g, bob.key, 400)).status, 200);
});

test('another amount is in force at once, and what was spent is not forgotten', async (t) => {
  const { upstream, bill } = await dear(t);
  const { g, does } = await administered(t, policyFor(upstream, 'return { "up/m" }'), { workers: 2 });
  const { id, key } = await does('POST', '/admin/keys', { budgets: ['2k tokens/month'] });
  assert.equal((await spend(g, key, 1500)).status, 200);
  assert.equal((await spend(g, key, 1500)).status === 200 && bill.tokens > 2000, false);
  await does('PATCH', `/admin/keys/${id}`, { budgets: ['10k tokens/month', '1k tokens/request'] });
  assert.equal((await spend(g, key, 500)).status, 200);
  await does('PATCH', `/admin/keys/${id}`, { budgets: ['1k tokens/month'] });
  assert.equal((await spend(g, key, 500)).status, 429);
  const fresh = await does('POST', `/admin/keys/${id}/rotate`);
  assert.equal((await spend(g, fresh.key, 500)).status, 429);
  await does('PATCH', `/admin/keys/${id}`, { budgets: null });
  assert.equal((await spend(g, fresh.key, 5000)).status, 200);
});

test('what a key has spent is told to admins, whole and per budget', async (t) => {
  const { upstream, bill } = await dear(t);
  const policy = policyFor(
    upstream,
    'p.prices { ["up/m"] = { input = 1, output = 1000 } }\nreturn { "up/m" }',
  );
  const { g, does } = await administered(t, policy, { workers: 2 });
  const made = await does('POST', '/admin/keys', {
    budgets: ['100k tokens/month', '5 usd/day', '9k tokens/request'],
  });
  assert.deepEqual(made.spending.map((s) => [s.unit, s.per, s.spent, s.left]), [
    ['tokens', 'month', 0, 100000],
    ['usd', 'day', 0, 5],
  ]);
  assert.equal((await spend(g, made.key, 500)).status, 200);
  const { spending } = await does('GET', `/admin/keys/${made.id}`);
  const [tokens, usd] = spending;
  assert.equal(tokens.spent, bill.tokens);
  assert.equal(tokens.left, 100000 - bill.tokens);
  assert.equal(tokens.limit, 100000);
  assert.ok(Math.abs(usd.spent - 0.50001) < 1e-9 && usd.reserved === 0, JSON.stringify(usd));
  assert.match(usd.resets, /^\d{4}-\d\d-\d\dT00:00:00Z$/);
});

test('budgets are listed with what was spent of them', async (t) => {
  const { upstream, bill } = await dear(t);
  const policy = policyFor(
    upstream,
    'local daily = p.budget("daily", { "1k tokens/day", each = "user" })\nreturn { daily, "up/m" }',
  );
  const { g, does } = await administered(t, policy);
  assert.deepEqual((await does('GET', '/admin/budgets')).budgets, [
    { name: 'daily', unit: 'tokens', spent: 0, refused: 0 },
  ]);
  const { key } = await does('POST', '/admin/keys', { budgets: ['5k tokens/day'] });
  assert.equal((await spend(g, key, 300)).status, 200);
  const all = (await does('GET', '/admin/budgets')).budgets;
  assert.deepEqual(all.map((b) => [b.name, b.spent]), [
    ['daily', bill.tokens],
    ['keys tokens/day', bill.tokens],
  ]);
});

test('what a key has spent outlives a gateway that is killed', async (t) => {
  const { upstream, bill } = await dear(t);
  const policy = policyFor(upstream, 'return { "up/m" }');
  const { g, key } = await keyed(t, policy, ['--budget', '2k tokens/month']);
  assert.equal((await spend(g, key.text, 1500)).status, 200);
  await g.die();
  const again = await gateway(t, policy, { dir: g.dir });
  for (let i = 0; i < 5; i++) await spend(again, key.text, 1000);
  assert.ok(bill.tokens <= 2000, `${bill.tokens}`);
});

test('money is counted by the price of the model, and one without is not asked', async (t) => {
  const { upstream, bill } = await dear(t);
  const policy = policyFor(
    upstream,
    'p.prices { ["up/m"] = { input = 1, output = 1000 } }\nreturn p.asked { "up/*" }',
  );
  const { g, key } = await keyed(t, policy, ['--budget', '1 usd/month']);
  assert.equal((await spend(g, key.text, 900, { model: 'up/m' })).status, 200);
  await spend(g, key.text, 900, { model: 'up/m' });
  assert.ok(bill.tokens - 10 * bill.calls <= 1000, `${bill.tokens}`);
  const unknown = await spend(g, key.text, 1, { model: 'up/other' });
  assert.ok(unknown.status >= 400);
  assert.match(unknown.json.error.message, /nobody knows its price/);
});

test('what costs nothing is there for a key that has spent all', async (t) => {
  const { upstream } = await dear(t);
  const policy = policyFor(upstream, 'return { "up/m", p.sorry "later" }');
  const { g, key } = await keyed(t, policy, ['--budget', '1 tokens/month']);
  const reply = await spend(g, key.text, 100);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['x-perilune-path'], 'm budget, sorry');
  const stream = await streamed(g, { max_tokens: 100 }, bearer(key.text));
  assert.equal(stream.status, 200);
});

test('a policy that raises is rescued on the same budgets', async (t) => {
  const { upstream, bill } = await dear(t);
  const policy = policyFor(
    upstream,
    'p.rescue { "up/m" }\nlocal m = p.model "up/m"\nreturn function(req) m(req) error "oh" end',
  );
  const { g, key } = await keyed(t, policy, ['--budget', '1500 tokens/month']);
  for (let i = 0; i < 4; i++) await spend(g, key.text, 400);
  assert.ok(bill.tokens <= 1500, `${bill.tokens}`);
});

test('a budget that is none is told on the command line, and lists show those that are', async (t) => {
  const { g } = await keyed(t, policyFor('http://127.0.0.1:9'));
  for (const budget of ['5 requests/day', 'all', '0 usd/day', '4 concurrent', '-1 usd/day']) {
    const { status, stderr } = keys(g.dir, 'add', '--budget', budget);
    assert.equal(status, 2, budget);
    assert.match(stderr, /^perilune keys: budgets: /);
    assert.ok(stderr.includes(`(it says ["${budget}"])`), stderr);
  }
  keysDo(g.dir, 'add', '--budget', '0.5 usd/day', '--budget', '50k tokens/request', '--user', 'x');
  assert.match(keysDo(g.dir, 'list'), /user=x .* {2}budgets=0\.5 usd\/day,50k tokens\/request\n/);
});
