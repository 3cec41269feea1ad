// SIGKILL under load: what the upstream billed never passes the budget, and
// nothing that was spent is forgotten, however often the gateway dies.

import assert from 'node:assert/strict';
import http from 'node:http';
import { long, pause, test } from './lib/test.mjs';
import { folder, gateway, policyFor } from './lib/gateway.mjs';
import { biller } from './lib/biller.mjs';
import { chatWith, request } from './lib/client.mjs';
import { ask } from './lib/words.mjs';
import { dice } from './lib/dice.mjs';

const KILLS = long ? 1000 : 20;
const CLIENTS = 16;
const SEED = Number(process.env.PERILUNE_SEED ?? 20261127);
const LOOK = { headers: { 'x-perilune-feature': 'look' } };

const policy = (upstream, amount) =>
  policyFor(
    upstream,
    `local all = p.budget("all", "${amount} tokens/month")
local m = p.model { "up/m", tries = 1 }
return function(req)
  if req.feature == "look" then
    return p.say(("%d %d"):format(all:spent(req), all:left(req)))
  end
  return all(req) or m(req)
end`,
  );

async function look(g) {
  const reply = await chatWith(g, {}, LOOK);
  const [spent, left] = reply.json.choices[0].message.content.split(' ').map(Number);
  return { spent, left };
}

/** A client that asks until its gateway is gone. What it was told of a whole
 * reply is in `told`. */
async function client(g, agent, roll, told) {
  while (!g.gone) {
    const stream = roll() < 0.5;
    const body = ask({ stream, max_tokens: 1 + Math.floor(roll() * 50) });
    if (stream) body.stream_options = { include_usage: true };
    const reply = await request(g, { body, agent }).catch(() => null);
    if (reply?.how === 'whole' && reply.status === 200) told.usage += usageIn(reply, stream);
  }
}

function usageIn(reply, stream) {
  if (!stream) return reply.json.usage.total_tokens;
  if (reply.data.at(-1) !== '[DONE]') return 0;
  return reply.data.slice(0, -1).reduce((n, e) => n + (JSON.parse(e).usage?.total_tokens ?? 0), 0);
}

/** One life of a gateway, from its start to its SIGKILL. */
async function life(t, upstream, dir, amount, roll, told) {
  const cleanups = [];
  const mine = { after: (cleanup) => cleanups.push(cleanup) };
  const g = await gateway(mine, policy(upstream, amount), { dir, workers: 2 });
  const agent = new http.Agent({ keepAlive: true });
  const clients = Array.from({ length: CLIENTS }, () => client(g, agent, roll, told));
  await pause(5 + roll() * 60);
  g.kill();
  await g.exited;
  g.gone = true;
  await Promise.all(clients);
  agent.destroy();
}

/** Lives of the gateway under one budget; then what its ledger says. */
async function lives(t, amount) {
  const roll = dice(SEED);
  const upstream = await biller(t, roll, () => pause(roll() * 8));
  const dir = folder(t, { 'policy.lua': policy(upstream, amount) });
  const told = { usage: 0 };
  for (let i = 0; i < KILLS; i++) {
    await life(t, upstream, dir, amount, roll, told);
    assert.ok(upstream.bill <= amount, `billed ${upstream.bill} of ${amount}, kill ${i + 1}`);
  }
  const g = await gateway(t, policy(upstream, amount), { dir });
  return { upstream, told, ...(await look(g)), g };
}

test('what the upstream billed stays within the budget through every SIGKILL', async (t) => {
  const amount = KILLS * 4000;
  const { upstream, told, spent, left, g } = await lives(t, amount);
  assert.equal(spent + left, amount, 'nothing stays reserved by the dead');
  assert.ok(spent >= upstream.bill, `spent ${spent}, billed ${upstream.bill}`);
  assert.ok(told.usage <= upstream.bill);
  for (;;) if ((await chatWith(g, { max_tokens: 1 })).status !== 200) break;
  assert.ok(upstream.bill <= amount, 'overshoot');
  assert.deepEqual(upstream.unbounded, []);
  console.log(
    `# ${KILLS} kills, seed ${SEED}: billed ${upstream.bill} of ${amount}, booked ${spent}, ` +
      `${upstream.arrivals.length} arrivals, overshoot 0`,
  );
});

test('without a limit in the way every settled token is booked', async (t) => {
  const { upstream, told, spent } = await lives(t, 1e12);
  assert.ok(told.usage > 0);
  assert.ok(spent >= upstream.bill, `spent ${spent}, billed ${upstream.bill}`);
});
