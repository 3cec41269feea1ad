// A crowd before one budget: as many as it can pay for are let in, and not one
// more, however many come at once (incident B1, defect 2 of the guides).

import assert from 'node:assert/strict';
import http from 'node:http';
import { long, test, until } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { biller } from './lib/biller.mjs';
import { chatWith } from './lib/client.mjs';
import { dice } from './lib/dice.mjs';

const OUT = 100; // max_tokens of every request
const LOOK = { headers: { 'x-perilune-feature': 'look' } };

const policy = (upstream, amount, more = '') =>
  policyFor(
    upstream,
    `local all = p.budget("all", { "${amount} tokens/day", ${more} })
local m = p.model { "up/m", tries = 1 }
return function(req)
  if req.feature == "look" then return p.say(tostring(all:left(req)) ) end
  return all(req) or m(req)
end`,
  );

const left = async (g) => Number((await chatWith(g, {}, LOOK)).json.choices[0].message.content);

/** What a request with so many tokens of answer reserves, seen while it is
 * under way. */
async function boundOf(t, max_tokens) {
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  const upstream = await biller(t, dice(1), () => held);
  const g = await gateway(t, policy(upstream, 1e9));
  const before = await left(g);
  const reply = chatWith(g, { max_tokens });
  await upstream.arrival();
  const bound = before - (await left(g));
  release();
  await reply;
  return bound;
}

/** Fire so many and keep every answer waiting until `m` are in. */
async function fire(t, m, many, workers) {
  const bound = await boundOf(t, OUT);
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  const upstream = await biller(t, dice(m), () => held);
  // What is left over does not even pay for a prompt with an answer of nothing.
  const budget = m * bound + (bound - OUT - 1);
  const g = await gateway(t, policy(upstream, budget), { workers });
  const agent = new http.Agent({ keepAlive: true, maxSockets: m + 64 });
  t.after(() => agent.destroy());
  const ask = () => chatWith(g, { max_tokens: OUT }, { agent });
  const all = Array.from({ length: many }, ask);
  const refused = [];
  let full;
  const enough = new Promise((resolve) => {
    full = resolve;
  });
  all.forEach((one) =>
    one.then(
      (reply) => {
        if (reply.status !== 200 && refused.push(reply) === many - m) full();
      },
      () => full(),
    ),
  );
  await upstream.arrival(m);
  await enough;
  return { g, upstream, release, all, refused, budget };
}

/** One after another until the budget says no. */
async function fill(g) {
  for (;;) {
    const reply = await chatWith(g, { max_tokens: 1 });
    if (reply.status !== 200) return reply;
  }
}

async function admitsExactly(t, m, many, workers) {
  const { g, upstream, release, all, refused, budget } = await fire(t, m, many, workers);
  assert.equal(upstream.arrivals.length, m, 'who was let in');
  for (const reply of refused) assert.equal(reply.status, 429, reply.text);
  assert.match(refused[0].text, /budget all/);
  assert.ok(upstream.bill <= budget);
  release();
  const statuses = (await Promise.all(all)).map((reply) => reply.status);
  assert.equal(statuses.filter((s) => s === 200).length, m);
  assert.equal(await left(g), budget - upstream.bill, 'what was not used came back');
  await fill(g);
  assert.ok(upstream.bill <= budget, 'overshoot');
  assert.deepEqual(upstream.unbounded, []);
  const filled = upstream.bill / budget;
  assert.ok(filled >= 0.99, `filled to ${filled}`);
  const violations = g.log.filter((l) => l.event === 'bound_violated').length;
  assert.equal(violations, 0);
  console.log(
    `# ${m} in flight of ${many}: overshoot 0, fill ${(filled * 100).toFixed(2)} %, ` +
      'bound violations 0',
  );
}

test('B1: of a crowd of 5,120 exactly 512 are let in', (t) => admitsExactly(t, 512, 5120, 2));

if (long)
  test('B1: of a crowd of 40,960 exactly 4,096 are let in', (t) => admitsExactly(t, 4096, 40960, 4));

// --- many rounds ---------------------------------------------------------------

const ROUNDS = long ? 200 : 20;
const IN_ROUND = 16;

/** A round is a user of its own: as many of his requests as his budget pays
 * for come in at once, and are let go when all others have been refused. */
async function round(g, upstream, gate, user) {
  const from = upstream.arrivals.length;
  let refused = 0;
  gate.close();
  const headers = { 'x-perilune-user': user };
  const ask = () =>
    chatWith(g, { max_tokens: OUT }, { headers }).then((reply) => {
      if (reply.status !== 200) refused++;
      return reply.status;
    });
  const all = Array.from({ length: 10 * IN_ROUND }, ask);
  await until(
    () => refused + (upstream.arrivals.length - from) >= 10 * IN_ROUND,
    `an answer or an arrival for all of ${user}`,
  );
  const arrived = upstream.arrivals.length - from;
  gate.open();
  await Promise.all(all);
  assert.equal(arrived, IN_ROUND, user);
}

/** Keeps whoever comes waiting while it is closed. */
function gateOf() {
  const gate = { passed: Promise.resolve() };
  gate.close = () => {
    gate.passed = new Promise((resolve) => {
      gate.open = resolve;
    });
  };
  return gate;
}

test(`four workers and ${ROUNDS} users: ${IN_ROUND} of each are let in`, async (t) => {
  const bound = await boundOf(t, OUT);
  const gate = gateOf();
  const upstream = await biller(t, dice(4), () => gate.passed);
  const amount = IN_ROUND * bound + (bound - OUT - 1);
  const g = await gateway(t, policy(upstream, amount, 'each = "user"'), { workers: 4 });
  for (let i = 0; i < ROUNDS; i++) await round(g, upstream, gate, `user-${i}`);
});
