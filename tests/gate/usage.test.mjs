// `perilune usage`: who has used what, as the log lines have it, whatever ends
// the gateway and whatever becomes of its store.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, until } from './lib/test.mjs';
import { folder, gateway, policyFor, run } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatBytes, chatWith, request, streamFrom, streamed, wire } from './lib/client.mjs';
import { dice } from './lib/dice.mjs';
import { addKey } from './lib/keys.mjs';
import { ANSWER, ask, chat, chunk, sse, usageChunk } from './lib/words.mjs';
import { nano, sum, usage, usageRows } from './lib/usage.mjs';

const REQUESTS = 300;
const LADDER = `p.prices { ["up/m"] = { input = 2.5, output = 10 },
  ["up/n"] = { input = 1, output = 4 } }
local m, n, x = p.model "up/m", p.model "up/n", p.model "up/x"
return function(req)
  if req.model == "none" then return p.refuse(403, "no") end
  if req.model == "both" then return n(req) or m(req) end
  if req.model == "x" then return x(req) end
  return m(req)
end`;

/** Answers with some usage of its own, and fails now and then. */
function moody(a, n) {
  a.failed = a.json.model === 'n' && n % 3 === 0;
  if (a.failed) return a.say({ error: { message: 'busy' } }, 500);
  const counts = {
    prompt_tokens: 5 + (n % 50),
    completion_tokens: 1 + (n % 7),
    prompt_tokens_details: { cached_tokens: n % 5 },
  };
  if (!a.json.stream) return a.say(chat(ANSWER, { usage: counts }));
  const last = { ...usageChunk(), usage: counts };
  return a.stream([chunk({ content: ANSWER }), chunk({}, 'stop'), last, '[DONE]']);
}

const MODELS = ['m', 'both', 'x', 'none'];

/** Ask so many times, as several clients at once, in several ways. */
async function crowd(g, keys, n, seed) {
  const roll = dice(seed);
  const one = async () => {
    const headers = { authorization: `Bearer ${keys[Math.floor(roll() * keys.length)].text}` };
    headers['x-perilune-user'] = `u${Math.floor(roll() * 4)}`;
    if (roll() < 0.5) headers['x-perilune-feature'] = `f${Math.floor(roll() * 3)}`;
    const body = ask({ model: MODELS[Math.floor(roll() * 4)], stream: roll() < 0.4 });
    await request(g, { body, headers });
  };
  for (let i = 0; i < n; i += 20) await Promise.all(Array.from({ length: 20 }, one));
}

const logged = (g) => g.log.filter((line) => line.event === 'request');

/** The rows, once so many requests are in them. */
const rowsOf = (dir, n, ...args) =>
  until(() => {
    const rows = usageRows(dir, ...args);
    return sum(rows, 'requests') === n && rows;
  }, `${n} requests in the store`);

/** Do these rows say what those lines of the log say? */
function assertSame(rows, lines) {
  const cost = lines.reduce((all, line) => all + nano(line.cost_usd ?? 0), 0);
  assert.equal(sum(rows, 'requests'), lines.length);
  assert.equal(sum(rows, 'cost_usd'), cost);
  for (const name of ['prompt_tokens', 'completion_tokens', 'cached_tokens', 'calls_unpriced'])
    assert.equal(
      sum(rows, name),
      lines.reduce((all, line) => all + (line[name] ?? 0), 0),
      name,
    );
  assert.equal(sum(rows, 'errors'), lines.filter((line) => line.status >= 400).length);
}

test('what it sums up is what the log lines say, by whatever it is asked', async (t) => {
  const upstream = await mock(t, moody);
  const dir = folder(t, { 'policy.lua': policyFor(upstream, LADDER) });
  const keys = [
    addKey(dir, '--user', 'ada', '--team', 'gold'),
    addKey(dir, '--team', 'iron'),
    addKey(dir),
  ];
  const g = await gateway(t, policyFor(upstream, LADDER), { dir, workers: 2 });
  await crowd(g, keys, REQUESTS, 1);
  const all = await rowsOf(dir, REQUESTS, '--by', 'key,user,team,feature,model,day');
  await until(() => logged(g).length === REQUESTS, 'the lines');
  const lines = logged(g);
  assertSame(all, lines);
  assert.equal(sum(all, 'calls'), upstream.arrivals.length);
  assert.equal(sum(all, 'calls_failed'), upstream.arrivals.filter((a) => a.failed).length);
  for (const key of keys)
    assertSame(
      usageRows(dir, '--key', key.id),
      lines.filter((l) => l.client_key === key.id),
    );
  for (const user of ['ada', 'u0', 'u1', 'u2', 'u3'])
    assertSame(
      usageRows(dir, '--user', user, '--by', 'day'),
      lines.filter((l) => l.user === user),
    );
  for (const team of ['gold', 'iron', null])
    assertSame(
      usageRows(dir, '--team', team ?? '', '--by', 'feature'),
      lines.filter((l) => l.team === team),
    );
  const { stdout } = usage(dir, '--json', '--by', 'model');
  const told = JSON.parse(stdout);
  assert.deepEqual(
    told.rows.map((row) => row.model),
    [null, 'up/m', 'up/n', 'up/x'],
  );
  assert.equal(told.total.requests, REQUESTS);
  const unpriced = told.rows.find((row) => row.model === 'up/x');
  assert.ok(unpriced.calls > 0 && unpriced.calls === unpriced.calls_unpriced);
  assert.equal(unpriced.cost_usd, 0);
});

test('a restart goes on where it was, and a kill loses nothing that was written', async (t) => {
  const upstream = await mock(t, moody);
  const dir = folder(t, { 'policy.lua': policyFor(upstream, LADDER) });
  const keys = [addKey(dir)];
  let lines = [];
  for (let life = 1; life <= 3; life++) {
    const g = await gateway(t, policyFor(upstream, LADDER), { dir, workers: 2 });
    await crowd(g, keys, 40, life);
    if (life === 2) await rowsOf(dir, 80);
    await until(() => logged(g).length === 40, 'the lines');
    lines = [...lines, ...logged(g)];
    if (life !== 2) await g.stop();
    else {
      g.stop = async () => {};
      g.kill();
      await g.exited;
    }
  }
  assertSame(usageRows(dir), lines);
});

test('a call that lost a race is booked, and so is one whose client left', async (t) => {
  const upstream = await mock(t, async (a) => {
    await upstream.arrival(2);
    if (a.json.model === 'm') a.say();
  });
  const g = await gateway(t, policyFor(upstream, 'return p.race { "up/m", "up/n" }'));
  assert.equal((await chatWith(g)).status, 200);
  const rows = await rowsOf(g.dir, 1);
  const told = rows.map((row) => [row.model, row.requests, row.calls, row.prompt_tokens]);
  assert.deepEqual(told, [
    ['up/m', '1', '1', '7'],
    ['up/n', '0', '1', '0'],
  ]);
  const both = upstream.arrivals.length + 2;
  upstream.answer = async () => {};
  const left = wire(t, g).then((w) => w.send(chatBytes({}, 'x-perilune-user: ada\r\n')));
  await upstream.arrival(both);
  (await left).socket.destroy();
  await rowsOf(g.dir, 2);
  const [ada] = usageRows(g.dir, '--user', 'ada', '--by', 'user');
  assert.deepEqual([ada.requests, ada.errors, ada.calls], ['1', '0', '2']);
});

test('a stream that was left is booked with the tokens that its cost is of', async (t) => {
  const upstream = await mock(t, async (a) => {
    await a.head().write(sse(chunk({ content: 'one two three' })));
  });
  const g = await gateway(t, policyFor(upstream, LADDER));
  const reply = await streamFrom(g, { model: 'm' });
  await reply.next();
  reply.leave();
  const line = await g.line(reply.headers['x-request-id']);
  const [row] = await rowsOf(g.dir, 1);
  assert.ok(row.completion_tokens >= 3, JSON.stringify(row));
  assert.equal(nano(row.cost_usd), nano(line.cost_usd));
  assert.equal(nano(row.cost_usd), row.prompt_tokens * 2500 + row.completion_tokens * 10000);
});

test('with --usage-days 0 nothing is booked, and no store is made', async (t) => {
  const g = await gateway(t, null, { args: ['--usage-days', '0'] });
  assert.equal((await chatWith(g)).status, 200);
  await g.stop();
  assert.ok(!fs.existsSync(path.join(g.dir, 'store', 'data.mdb')));
});

/* --- names ----------------------------------------------------------------- */

/** A folder with a store in it that has these rows. */
function stored(t, rows) {
  const lines = ['{"perilune":"store","layout":1}', ...rows.map((row) => JSON.stringify(row))];
  const dir = folder(t, { 'rows.jsonl': lines.join('\n') + '\n' });
  const file = path.join(dir, 'rows.jsonl');
  const made = run(['store', 'import', file, '--store', path.join(dir, 'store')]);
  assert.equal(made.status, 0, made.stderr);
  return dir;
}

/** As many rows of a day as it may have, of nobody. */
function crowded(day) {
  return Array.from({ length: 10000 }, (_, i) => {
    const key = Buffer.alloc(20);
    key.writeUInt32BE(day, 0);
    key.writeUInt32BE(i, 4);
    return { table: 'usage', key64: key.toString('base64'), value: 'x' };
  });
}

test('beyond so many names a day they are booked together, and the log says so once', async (t) => {
  const today = Math.floor(Date.now() / 86400000);
  const dir = stored(t, [...crowded(today), ...crowded(today + 1)]);
  const g = await gateway(t, null, { dir, workers: 2 });
  for (const user of ['ada', 'ben', 'cyd', 'dan'])
    await chatWith(g, {}, { headers: { 'x-perilune-user': user } });
  const rows = await rowsOf(dir, 4, '--by', 'user');
  assert.deepEqual(
    rows.map((row) => row.user),
    ['(other)'],
  );
  await chatWith(g, {}, { headers: { 'x-perilune-user': 'eve' } });
  await rowsOf(dir, 5);
  await g.stop();
  assert.equal(g.log.filter((line) => line.event === 'usage_names').length, 1);
});

/* --- a store that does not take it ----------------------------------------- */

/** The lines about usage that is not written, or is again. */
const troubles = (g) => g.log.filter((line) => /^usage_/.test(line.event));

test('a store that is full holds up nobody, and the log says so once', async (t) => {
  const block = 'moon '.repeat(20000);
  const row = (_, i) => ({ table: 't', key: `k${i}`, value: block });
  const dir = stored(t, Array.from({ length: 30 }, row));
  const g = await gateway(t, null, { dir, workers: 2, args: ['--max-store', '1MiB'] });
  assert.equal((await chatWith(g)).status, 200);
  const { message } = await g.logged((line) => line.event === 'usage_unwritten');
  assert.match(message, /as large as it may be; .*Until then usage is held in memory/);
  for (let i = 0; i < 20; i++) assert.equal((await chatWith(g)).status, 200);
  await g.stop();
  assert.equal(troubles(g).length, 1);
});

test('a store that another process has is written once that has ended', async (t) => {
  const dir = folder(t);
  const first = await gateway(t, null, { dir });
  await chatWith(first);
  await rowsOf(dir, 1);
  const second = await gateway(t, null, { dir });
  for (let i = 0; i < 3; i++) assert.equal((await chatWith(second)).status, 200);
  const { message } = await second.logged((line) => line.event === 'usage_unwritten');
  assert.match(message, /another process has it open/);
  await first.stop();
  await second.stop();
  assert.equal(sum(usageRows(dir), 'requests'), 4);
  assert.deepEqual(
    troubles(second).map((line) => line.event),
    ['usage_unwritten', 'usage_written'],
  );
});

test('a store that is damaged holds up nobody', async (t) => {
  const dir = folder(t, { 'store/data.mdb': 'no store at all'.repeat(1000) });
  const g = await gateway(t, null, { dir });
  assert.equal((await chatWith(g)).status, 200);
  await g.logged((line) => line.event === 'usage_unwritten');
  assert.equal((await streamed(g)).how, 'whole');
});

/* --- the command ----------------------------------------------------------- */

test('the table has aligned columns and a total, and a terminal obeys no name in it', async (t) => {
  const g = await gateway(t, null);
  for (const user of ['ada', '\u001b[31mred', 'ada', '\u009b31mred', '']) await chatWith(g, { user });
  await rowsOf(g.dir, 5);
  const { stdout } = usage(g.dir, '--by', 'user');
  const lines = stdout.trimEnd().split('\n');
  assert.match(lines[0], /^user +requests +errors +calls +failed +prompt +completion +cached/);
  assert.match(lines.at(-1), /^total +5 +0 +5 +0 /);
  assert.ok(!/[\u001b\u009b]/.test(stdout));
  assert.ok(lines.some((line) => line.startsWith('"\\u001b[31mred"')), stdout);
  for (const line of lines) assert.equal(line.length, lines[0].length, stdout);
  assert.ok(!/[\u001b\u009b]/.test(usage(g.dir, '--csv', '--by', 'user').stdout));
});

test('a day on which nothing was used is told', async (t) => {
  const g = await gateway(t, null);
  await chatWith(g);
  await rowsOf(g.dir, 1);
  const { stdout, status } = usage(g.dir, '--from', '2020-01', '--to', '2020-02');
  assert.equal(stdout, 'nothing was used from 2020-01-01 to 2020-02-29\n');
  assert.equal(status, 0);
});

test('what it cannot do is told in a sentence', (t) => {
  const dir = folder(t);
  for (const [args, why, status] of [
    [['--by', 'hour'], /by takes some of key, .*; not "hour"; see perilune help usage\n$/, 2],
    [['--by', 'day,day'], /by names "day" twice/, 2],
    [['--from', 'yesterday'], /from needs a day such as 2026-01-31/, 2],
    [['--from', '2026-02', '--to', '2026-01'], /from 2026-02-01 is after to 2026-01-31/, 2],
    [['--csv', '--json'], /as --csv or as --json, not both/, 2],
    [['--csv=yes'], /--csv takes no value/, 2],
    [['--user', 'a', '--user', 'b'], /says --user twice/, 2],
    [['--colour'], /there is no option '--colour'/, 2],
    [['ada'], /takes no 'ada'/, 2],
    [['--csv'], /the store .*: nothing is stored there yet; name the gateway's folder with --store/, 1],
  ]) {
    const result = usage(dir, ...args);
    assert.match(result.stderr, why);
    assert.equal(result.status, status, args.join(' '));
    assert.equal(result.stdout, '');
  }
  for (const [flag, what] of Object.entries({ '--store=': 'a folder', '--user': 'a value' })) {
    const { status, stderr } = run(['usage', flag]);
    assert.equal(status, 2);
    assert.ok(stderr.includes(`needs ${what}`), stderr);
  }
});

test('serve refuses days that are none', () => {
  for (const days of ['-1', '1.5', 'x', '40000']) {
    const { status, stderr } = run(['serve', '--usage-days', days]);
    assert.equal(status, 2, days);
    assert.match(stderr, /--usage-days needs a whole number of days up to 36500, or 0/);
  }
});
