// The rules of the language that show from outside, one test each.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatWith, request, streamFrom, streamed } from './lib/client.mjs';
import { ANSWER, PROMPT, ask, chat, error, events, textOf } from './lib/words.mjs';

const WHOLE = `${ANSWER} and more`;

async function setting(t, body, answer = usual, options = {}) {
  const upstream = await mock(t, answer);
  return { upstream, g: await gateway(t, policyFor(upstream, body), options) };
}

const path = (reply) => reply.headers['x-perilune-path'];
const text = (reply) => reply.json.choices[0].message.content;
const fails = (status) => (a) => a.say(error('no'), status);

/** Answers by model: what the table says, or as usual. */
const byModel = (table) => (a) => (table[a.json.model] ?? usual)(a);

// --- rungs and ladders -----------------------------------------------------------

test('a ladder is written as `or`, as a list, or as a list in a function', async (t) => {
  for (const body of [
    'local a, b = p.model "up/a", p.model "up/b" return function(req) return a(req) or b(req) end',
    'return { "up/a", "up/b" }',
    'local l = p.ladder { "up/a", "up/b" } return function(req) return l(req) end',
    'return { { "up/a" }, { { "up/b" } } }',
    'return { function(req) return nil end, "up/a", "up/b" }',
    'return { function(req) return false end, "up/a", "up/b" }',
  ]) {
    const { g } = await setting(t, body, byModel({ a: fails(500) }));
    const reply = await chatWith(g);
    assert.equal(reply.status, 200, body);
    assert.equal(path(reply), 'a server_error, b ok');
    assert.equal(reply.headers['x-perilune-model'], 'up/b');
  }
});

test('a single model may be the whole policy', async (t) => {
  for (const body of ['return "up/m"', 'return { "up/m" }', 'return p.model "up/m"']) {
    const { g } = await setting(t, body);
    assert.equal(path(await chatWith(g)), 'm ok');
  }
});

test('the last fault is what the client gets when all rungs declined', async (t) => {
  const { g } = await setting(
    t,
    'return { "up/a", "up/b" }',
    byModel({ a: fails(500), b: (a) => a.say(error('slow down', 'rate_limit_exceeded'), 429) }),
  );
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 429);
    assert.equal(reply.json.error.code, 'rate_limited');
    assert.match(reply.json.error.message, /up\/b/);
    assert.equal(path(reply), 'a server_error, b rate_limited');
    const line = await g.line(reply.headers['x-request-id']);
    assert.equal(line.fault, 'rate_limited');
    assert.equal(line.attempts, 2);
  }
});

test('a policy that gives nil with no failure is a 503 that says so', async (t) => {
  const { g } = await setting(t, 'return function(req) return nil end');
  const reply = await chatWith(g);
  assert.equal(reply.status, 503);
  assert.equal(reply.json.error.code, 'no_answer');
});

test('req.fault is the last failure and never nil', async (t) => {
  const { g } = await setting(
    t,
    `local a = p.model "up/a"
return function(req)
  local before = req.fault.kind
  local _, fault = a(req)
  return p.say(before .. " " .. req.fault.kind .. " " .. fault.kind .. " " .. req.fault.status)
end`,
    fails(500),
  );
  assert.equal(text(await chatWith(g)), 'none server_error server_error 502');
});

test('`when` passes a rung over and leaves the fault as it was', async (t) => {
  const { g, upstream } = await setting(
    t,
    `
return { { "up/a", when = function(req) return req.stream end },
  function(req) return p.say(req.fault.kind) end }`,
  );
  assert.equal(text(await chatWith(g)), 'none');
  assert.equal(upstream.arrivals.length, 0);
  assert.equal(path(await streamed(g)), 'a ok');
});

test('`accept` makes a rung decline with the fault `rejected`', async (t) => {
  const { g } = await setting(
    t,
    `
return { { "up/a", accept = function(reply) return reply:text() ~= "no" end }, "up/b" }`,
    byModel({ a: (a) => a.say(chat('no')) }),
  );
  const reply = await chatWith(g);
  assert.equal(text(reply), ANSWER);
  assert.match(path(reply), /, b ok$/);
});

test('a model that failed for good is skipped when asked again', async (t) => {
  const { g, upstream } = await setting(
    t,
    'return { "up/a", "up/a", "up/b" }',
    byModel({ a: fails(404) }),
  );
  assert.equal(path(await chatWith(g)), 'a not_found, a skipped, b ok');
  assert.equal(upstream.arrivals.length, 2);
});

test('a model that failed for now is asked again', async (t) => {
  const { g } = await setting(t, 'return { "up/a", "up/a", "up/b" }', byModel({ a: fails(500) }));
  assert.equal(path(await chatWith(g)), 'a server_error, a server_error, b ok');
});

test('a model that found the request too long is asked with other content', async (t) => {
  const { g, upstream } = await setting(
    t,
    `local a = p.model "up/a"
return function(req) return a(req) or a(req) or a(req:with { system = "short" }) end`,
    (a, nth) => (nth === 1 ? a.say(error('x', 'context_length_exceeded'), 400) : a.say()),
  );
  assert.equal(path(await chatWith(g)), 'a context_too_long, a skipped, a ok');
  assert.equal(upstream.arrivals.length, 2);
});

test('a reply that is obtained and not returned is dropped and hung up on', async (t) => {
  const { g, upstream } = await setting(
    t,
    `local a, b = p.model "up/a", p.model "up/b"
return function(req) local first = a(req) return b(req) end`,
    byModel({
      a: async (a) => {
        a.head();
        await a.write(events()[0] + events()[1]);
      },
    }),
  );
  const reply = await streamed(g);
  assert.equal(path(reply), 'a dropped, b ok');
  assert.equal(textOf(reply.data), WHOLE);
  await upstream.arrivals[0].closed;
});

test('attempts are capped over the whole request', async (t) => {
  const { g, upstream } = await setting(
    t,
    `local a = p.model "up/a"
return function(req) for i = 1, 100 do a(req) end return p.sorry "tired" end`,
    fails(500),
  );
  assert.equal(text(await chatWith(g)), 'tired');
  assert.ok(upstream.arrivals.length <= 32, `${upstream.arrivals.length} attempts`);
});

// --- written replies -----------------------------------------------------------------

test('p.say and p.sorry are replies, whole and as a stream', async (t) => {
  for (const word of ['say', 'sorry']) {
    const { g } = await setting(t, `return { p.${word} "Grüße 🌙 \\"x\\"" }`);
    const whole = await chatWith(g);
    assert.equal(whole.status, 200);
    assert.equal(text(whole), 'Grüße 🌙 "x"');
    assert.equal(whole.json.choices[0].finish_reason, 'stop');
    assert.equal(path(whole), word);
    const stream = await streamed(g);
    assert.equal(textOf(stream.data), 'Grüße 🌙 "x"');
    assert.equal(stream.data.at(-1), '[DONE]');
  }
});

test('a written stream has usage when it was asked for', async (t) => {
  const { g } = await setting(t, 'return { p.say "x" }');
  const reply = await streamed(g, { stream_options: { include_usage: true } });
  assert.ok(reply.data.slice(0, -1).some((d) => JSON.parse(d).usage));
});

test("p.refuse is an error in the client's dialect, never to be retried", async (t) => {
  const { g } = await setting(t, 'return { p.refuse(418, "I am a \\"teapot\\"") }');
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 418);
    assert.equal(reply.json.error.message, 'I am a "teapot"');
    assert.equal(reply.headers['x-should-retry'], 'false');
    assert.match(path(reply), /^refuse/);
  }
});

test('a refusal ends a ladder, and Lua may replace it', async (t) => {
  const { g } = await setting(t, 'return { p.refuse(429, "no"), "up/m" }');
  assert.equal((await chatWith(g)).status, 429);
  const other = await setting(
    t,
    `local no, m = p.refuse(429, "no"), p.model "up/m"
return function(req) local r = no(req) return r.refused and m(req) end`,
  );
  assert.equal((await chatWith(other.g)).status, 200);
});

// --- the request -----------------------------------------------------------------------

test('req shows what was asked', async (t) => {
  const { g } = await setting(
    t,
    `return function(req)
  return p.say(p.json.encode { model = req.model, text = req.text, n = #req.messages,
    stream = req.stream, user = req.user, session = req.session, limit = req.max_tokens,
    ua = req.headers["user-agent"], id = req.id, seed = req.params.seed, absent = req.tools == nil })
end`,
  );
  const reply = await chatWith(
    g,
    {
      max_tokens: 5,
      seed: 9,
      messages: [
        { role: 'system', content: 's' },
        { role: 'user', content: [{ type: 'text', text: 'parts' }] },
      ],
    },
    {
      headers: {
        'x-perilune-user': 'alice',
        'x-perilune-session': 's1',
        'user-agent': 'me',
        'x-request-id': 'r1',
      },
    },
  );
  assert.deepEqual(JSON.parse(text(reply)), {
    model: 'up/m',
    text: 'parts',
    n: 2,
    stream: false,
    user: 'alice',
    session: 's1',
    limit: 5,
    ua: 'me',
    id: 'r1',
    seed: 9,
    absent: true,
  });
});

test("the user is the header, else the body's user, else anonymous", async (t) => {
  const { g } = await setting(t, 'return function(req) return p.say(req.user) end');
  assert.equal(
    text(await chatWith(g, { user: 'bob' }, { headers: { 'x-perilune-user': 'eve' } })),
    'eve',
  );
  assert.equal(text(await chatWith(g, { user: 'b\u00f6b' })), 'böb');
  const reply = await chatWith(g);
  assert.equal(text(reply), 'anonymous');
  const line = await g.line(reply.headers['x-request-id']);
  assert.equal(line.user, 'anonymous');
  assert.equal(line.user_verified, false);
});

test('req:with changes what one rung is asked, and nothing else', async (t) => {
  const { g, upstream } = await setting(
    t,
    `local a, b = p.model "up/a", p.model "up/b"
return function(req)
  return a(req:with { model = "z", system = "be short", max_tokens = 5 }) or b(req)
end`,
    byModel({ z: fails(500) }),
  );
  const reply = await request(g, { body: ask({ max_tokens: 100, seed: 1 }) });
  assert.equal(path(reply), 'z server_error, b ok');
  const [changed, same] = upstream.arrivals.map((a) => a.json);
  assert.equal(changed.model, 'z');
  assert.equal(changed.max_tokens, 5);
  assert.deepEqual(changed.messages[0], { role: 'system', content: 'be short' });
  assert.equal(changed.messages.at(-1).content, PROMPT);
  assert.deepEqual(same, { ...ask({ max_tokens: 100, seed: 1 }), model: 'b' });
});

test('p.asked lets a client name the model', async (t) => {
  const { g } = await setting(
    t,
    `local large = p.model { "up/gpt-4o", as = "large" }
return p.asked { "up/gpt-*", large }`,
  );
  for (const [model, want] of [
    ['up/gpt-4', 'up/gpt-4'],
    ['large', 'up/gpt-4o'],
    ['gpt-4o', 'up/gpt-4o'],
  ])
    assert.equal((await chatWith(g, { model })).headers['x-perilune-model'], want);
  for (const model of ['up/other', 'other', 'openai/gpt-4', 'up/', '/', ''])
    assert.ok([400, 404].includes((await chatWith(g, { model })).status), model);
});

test('an unknown field of req is a mistake, an absent one is nil', async (t) => {
  const { g } = await setting(
    t,
    `return function(req)
  assert(req.tools == nil and req.session == nil)
  return p.say(req.modell) end`,
  );
  assert.equal((await chatWith(g)).status, 500);
  await g.logged((l) => l.event === 'policy_error' && /modell/.test(l.message));
});

// --- looking at replies --------------------------------------------------------------------

for (const [what, body] of [
  ['text()', 'local said = r:text() assert(said)'],
  ['each()', 'local n = 0 for piece in r:each() do n = n + #piece end assert(n > 0)'],
  ['both', 'for _ in r:each() do end assert(r:text())'],
  ['each() broken off', 'for _ in r:each() do break end'],
])
  test(`a reply read by ${what} is still returned, as a stream too`, async (t) => {
    const { g, upstream } = await setting(
      t,
      `local m = p.model "up/m"
return function(req) local r = m(req) ${body} return r end`,
    );
    assert.equal(text(await chatWith(g)), ANSWER);
    const stream = await streamed(g);
    assert.equal(textOf(stream.data), WHOLE);
    assert.equal(stream.data.at(-1), '[DONE]');
    assert.equal(stream.data.filter((d) => d === '[DONE]').length, 1);
    assert.equal(upstream.arrivals.length, 2);
  });

test('each() gives the pieces one by one', async (t) => {
  const { g } = await setting(
    t,
    `local m = p.model "up/m"
return function(req)
  local all = {}
  for piece in m(req):each() do all[#all + 1] = piece end
  return p.say(table.concat(all, "|"))
end`,
  );
  assert.equal(textOf((await streamed(g)).data), `${ANSWER}| and| more`);
});

test('json() decodes a reply, and says when it is none', async (t) => {
  const { g } = await setting(
    t,
    `local m = p.model "up/m"
return function(req)
  local v, fault = m(req):json()
  return p.say(v and v.answer or fault.kind)
end`,
    (a, nth) => a.say(chat(nth === 1 ? '{"answer": "42"}' : 'no json')),
  );
  assert.equal(text(await chatWith(g)), '42');
  assert.equal(text(await chatWith(g)), 'malformed');
});

test('text() of a broken stream is nil and a fault, and the next rung may answer', async (t) => {
  const { g, upstream } = await setting(t, `local a, b = p.model "up/a", p.model "up/b"
return function(req)
  local r = a(req)
  p.log "committed"
  local said, fault = r:text()
  assert(said == nil and fault.kind == "broken_stream" and req.fault.kind == fault.kind)
  return b(req)
end`, byModel({ a: async (a) => { a.head(); await a.write(events().slice(0, 2).join('')); } }));
  const asked = streamed(g);
  await g.logged((l) => l.message === 'committed');
  upstream.last.die();
  const reply = await asked;
  assert.equal(textOf(reply.data), WHOLE);
  assert.equal(path(reply), 'a broken_stream, b ok');
});

test('a reply knows whose it is, how it ended and what it used', async (t) => {
  const { g } = await setting(
    t,
    `local m = p.model "up/m"
return function(req)
  local r = m(req)
  r:text()
  return p.say(p.json.encode { r.status, r.refused, r.stream, r.model, r.provider,
    r.finish_reason, r.usage.prompt, r.usage.completion })
end`,
  );
  assert.deepEqual(JSON.parse(textOf((await streamed(g)).data)), [
    200,
    false,
    true,
    'm',
    'up',
    'stop',
    7,
    3,
  ]);
});

// --- time ---------------------------------------------------------------------------------------

test('p.sleep waits while the worker serves others', async (t) => {
  const { g } = await setting(
    t,
    `return function(req)
  if req.stream then p.sleep "1h" end
  return p.say "awake"
end`,
  );
  const asleep = streamFrom(g).catch(() => null);
  for (let i = 0; i < 10; i++) assert.equal(text(await chatWith(g)), 'awake');
  g.child.kill('SIGTERM'); // its wait ends with the grace
  await asleep;
});

test('p.sleep comes back', async (t) => {
  const { g } = await setting(
    t,
    `return function(req)
  local before = p.now()
  p.sleep "200ms"
  return p.say(tostring(p.now() - before >= 0.19))
end`,
  );
  assert.equal(text(await chatWith(g)), 'true');
});

test('a wait may stand in pcall, iterators and closing variables', async (t) => {
  const { g } = await setting(
    t,
    `local m = p.model "up/m"
return function(req)
  local ok, r = pcall(m, req)
  local n = 0
  for i in function(_, i) p.sleep "1ms" return (i or 0) < 3 and (i or 0) + 1 or nil end do n = n + i end
  do local c <close> = setmetatable({}, { __close = function() p.sleep "1ms" end }) end
  assert(ok and n == 6)
  return r
end`,
  );
  assert.equal(text(await chatWith(g)), ANSWER);
});

test('upvalues are shared by the requests of a version', async (t) => {
  const { g } = await setting(
    t,
    'local n = 0 return function(req) n = n + 1 return p.say(tostring(n)) end',
  );
  for (let i = 1; i <= 5; i++) assert.equal(text(await chatWith(g)), String(i));
});

test('p.log writes a line with its fields', async (t) => {
  const { g } = await setting(
    t,
    `return function(req)
  p.log("a\\27[31m line\\n", { n = 1, list = { "x" } })
  return p.say "x" end`,
  );
  const reply = await chatWith(g);
  const line = await g.logged((l) => l.event === 'policy_log');
  assert.equal(line.message, 'a\x1b[31m line\n');
  assert.deepEqual(line.fields, { n: 1, list: ['x'] });
  assert.equal(line.request_id, reply.headers['x-request-id']);
  assert.doesNotMatch(g.stdout, /\x1b/);
});

test('the simulated provider plays every failure, without a network', async (t) => {
  const g = await gateway(
    t,
    `local p = require "perilune"
p.provider("down", { sim = { fails = 503 } })
p.provider("gone", { sim = { refuses = true } })
p.provider("page", { sim = { garbage = true } })
return { "down/a", "gone/b", "page/c", "sim/moon" }`,
  );
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 200);
    assert.equal(path(reply), 'a overloaded, b network, c malformed, moon ok');
  }
});

test('the default policy answers without keys, network or configuration', async (t) => {
  const g = await gateway(t, null);
  for (const model of ['gpt-4o-mini', 'sim/moon', 'anything/at-all', undefined]) {
    assert.equal((await chatWith(g, { model })).status, 200);
    const stream = await streamed(g, { model });
    assert.equal(stream.data.at(-1), '[DONE]');
  }
});
