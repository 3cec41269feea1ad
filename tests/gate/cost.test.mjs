// What a reply cost: in its head and in the log, by the prices in force.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { test } from './lib/test.mjs';
import { BINARY, folder, gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatWith, streamed } from './lib/client.mjs';
import { ANSWER, chat } from './lib/words.mjs';

const PRICES = 'p.prices { ["up/m"] = { input = 2.5, output = 10, cached = 1.25, write = 3 } }';

async function setting(t, answer = usual, prices = PRICES) {
  const upstream = await mock(t, answer);
  return gateway(t, policyFor(upstream, `${prices}\nreturn { "up/m" }`));
}

/** The cost of a whole reply whose usage is this: header and log line. */
async function costOf(t, usage, prices) {
  const g = await setting(t, (a) => a.say(chat(ANSWER, { usage })), prices);
  const reply = await chatWith(g);
  const line = await g.line(reply.headers['x-request-id']);
  return { header: reply.headers['x-perilune-cost-usd'], line, reply };
}

test('a whole reply says what it cost, to the nano-dollar', async (t) => {
  const { header, line } = await costOf(t, { prompt_tokens: 7, completion_tokens: 3 });
  assert.equal(header, '0.000047500');
  assert.equal(line.cost_usd, 0.0000475);
  assert.equal(line.calls_unpriced, 0);
});

test('what a cache served or stored has its own price', async (t) => {
  const openai = await costOf(t, {
    prompt_tokens: 2000,
    completion_tokens: 0,
    prompt_tokens_details: { cached_tokens: 1000, cache_write_tokens: 400 },
  });
  assert.equal(openai.header, '0.003950000'); // 600 x 2.5 + 1000 x 1.25 + 400 x 3
  const deepseek = await costOf(t, {
    prompt_tokens: 2000,
    completion_tokens: 0,
    prompt_cache_hit_tokens: 1000,
    prompt_cache_miss_tokens: 1000,
  });
  assert.equal(deepseek.header, '0.003750000');
});

test('a stream says it in the log, and its bytes stay as they are', async (t) => {
  const g = await setting(t);
  const reply = await streamed(g);
  assert.equal(reply.headers['x-perilune-cost-usd'], undefined);
  const line = await g.line(reply.headers['x-request-id']);
  assert.equal(line.cost_usd, 0.0000475);
});

test('B4: a model without a price has no cost, and not zero', async (t) => {
  const { header, line, reply } = await costOf(t, { prompt_tokens: 7, completion_tokens: 3 }, '');
  assert.equal(reply.status, 200);
  assert.equal(header, undefined);
  assert.equal(line.cost_usd, null);
  assert.equal(line.calls_unpriced, 1);
});

test('B3: no usage makes a cost that is negative or absurd', async (t) => {
  const odd = [-7, '7', null, 2 ** 53 + 1, 1e308, 7.5];
  for (const prompt_tokens of odd) {
    const { header, line } = await costOf(t, { prompt_tokens, completion_tokens: 3 });
    assert.equal(header, undefined, `${prompt_tokens}`);
    assert.equal(line.cost_usd, null);
    assert.equal(line.calls_unpriced, 1);
  }
  for (const cached_tokens of [-5, 5000, 2 ** 60, 'x']) {
    const { line } = await costOf(t, {
      prompt_tokens: 7,
      completion_tokens: 3,
      prompt_tokens_details: { cached_tokens },
    });
    assert.ok(line.cost_usd > 0 && line.cost_usd <= 0.0000475, `${cached_tokens}`);
  }
});

test('a file of prices is imported, loaded and watched', async (t) => {
  const dir = folder(t);
  const table = path.join(dir, 'litellm.json');
  const entry = (provider, input) =>
    `{ "litellm_provider": "${provider}", "mode": "chat", ` +
    `"input_cost_per_token": ${input}, "output_cost_per_token": 1e-05 }`;
  fs.writeFileSync(
    table,
    `{ "m": ${entry('up', '2.5e-06')}, "minus": ${entry('up', '-1e-06')},
       "huge": ${entry('up', '1e400')}, "tiny": ${entry('up', '1e-400')},
       "dear": ${entry('up', '2.5')} }`,
  );
  const imported = spawnSync(BINARY, ['prices', 'import', table], { encoding: 'utf8' });
  assert.equal(imported.status, 1);
  for (const name of ['minus', 'huge', 'dear'])
    assert.match(imported.stderr, new RegExp(`litellm.json: "${name}": input_cost_per_token = `));
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'p.prices "prices.json"\nreturn { "up/m" }'), {
    files: { 'prices.json': imported.stdout },
  });
  assert.equal((await chatWith(g)).headers['x-perilune-cost-usd'], '0.000047500');
  g.edit('{ "up/m": { "input": 0, "output": 1 } }', 'prices.json');
  assert.equal((await chatWith(g)).headers['x-perilune-cost-usd'], '0.000003000');
  g.edit('{ "up/m": { "input": -1, "output": 1 } }', 'prices.json');
  assert.equal((await chatWith(g)).headers['x-perilune-cost-usd'], '0.000003000');
  g.edit(`{ "up/m": { "input": 0, "output": 2 } }${' '.repeat(10_000_000)}`, 'prices.json');
  assert.equal((await chatWith(g)).headers['x-perilune-cost-usd'], '0.000003000');
  const told = await (await fetch(`${g.url}/healthz`)).text();
  assert.match(told, /cannot read \\"prices.json\\": it is larger than 1 MiB/);
});
