// Upstreams that fail, in every way they do: which failures pass the request
// to the next rung, which end the ladder, and what the client is told.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { closedPort, mock, usual } from './lib/mock.mjs';
import { chatWith, request, streamFrom, streamed } from './lib/client.mjs';
import { ANSWER, chunk, error, events, sse, textOf } from './lib/words.mjs';

/** A ladder of the failing upstream (with Lua `options`) and a good one. */
async function ladder(t, answer, options = '') {
  const bad = await mock(t, answer),
    good = await mock(t);
  const g = await gateway(
    t,
    policyFor(
      bad,
      `p.provider("good", "${good.url}/v1")
return { { "up/bad", ${options} tries = 1 }, "good/good" }`,
    ),
  );
  return { bad, good, g };
}

async function assertFellThrough({ bad, good, g }, path, arrivals = 1) {
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.headers['x-perilune-path'], path);
    assert.equal(reply.headers['x-perilune-attempts'], '2');
    assert.match(reply.text, new RegExp(ANSWER));
  }
  assert.equal(bad.arrivals.length, 2 * arrivals);
  assert.equal(good.arrivals.length, 2);
}

/** The failing upstream alone. */
async function alone(t, answer, options = '') {
  const upstream = await mock(t, answer);
  const g = await gateway(t, policyFor(upstream, `return { { "up/m", ${options} tries = 1 } }`));
  return { upstream, g };
}

// --- before the commit: the next rung takes over ---------------------------

test('an upstream that refuses the connection is passed over', async (t) => {
  const good = await mock(t),
    port = await closedPort();
  const g = await gateway(
    t,
    policyFor(
      `http://127.0.0.1:${port}`,
      `p.provider("good", "${good.url}/v1") return { "up/m", "good/m" }`,
    ),
  );
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 200);
    assert.equal(reply.headers['x-perilune-path'], 'm network, m ok');
  }
});

test('an upstream that refuses the connection, alone, is a 502', async (t) => {
  const g = await gateway(t, policyFor(`http://127.0.0.1:${await closedPort()}`));
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 502);
    assert.equal(reply.json.error.code, 'network');
    assert.match(reply.json.error.message, /up\/m/);
    assert.equal(reply.headers['x-should-retry'], 'false');
  }
});

const BEFORE = {
  'closes without a word': [(a) => a.die(), 'network'],
  'sends garbage': [(a) => a.raw('\x00\x01garbage\r\n\r\n'), 'malformed|network'],
  'sends a page of HTML as 200': [
    (a) => a.say('<html><body>Login</body></html>', 200, { 'content-type': 'text/html' }),
    'malformed',
  ],
  'sends a 200 without a body': [(a) => a.say(''), 'malformed'],
  'sends JSON that is no reply': [(a) => a.say({ hello: 1 }), 'malformed'],
  'sends half a JSON': [(a) => a.say('{"choices": [{"index": 0, "mess'), 'malformed'],
  'is overloaded': [(a) => a.say(error('busy'), 503), 'overloaded'],
  'is overloaded as Anthropic says it': [
    (a) => a.say(error('Overloaded', null, 'overloaded_error'), 529),
    'overloaded',
  ],
  'fails with 500': [(a) => a.say(error('oops'), 500), 'server_error'],
  'fails with 502 and HTML': [(a) => a.say('<html>Bad Gateway</html>', 502), 'server_error'],
  'limits the rate': [(a) => a.say(error('slow down', 'rate_limit_exceeded'), 429), 'rate_limited'],
  'has no quota left': [(a) => a.say(error('pay', 'insufficient_quota'), 429), 'quota_exhausted'],
  'refuses our key': [(a) => a.say(error('key', 'invalid_api_key'), 401), 'auth'],
  forbids: [(a) => a.say(error('no'), 403), 'auth'],
  'does not know the model': [(a) => a.say(error('what', 'model_not_found'), 404), 'not_found'],
  'finds the context too long': [
    (a) => a.say(error('long', 'context_length_exceeded'), 400),
    'context_too_long',
  ],
  'sends an error inside a 200': [
    (a) => a.say(error('busy', null, 'overloaded_error')),
    'overloaded',
  ],
};
for (const [what, [answer, kind]] of Object.entries(BEFORE))
  test(`an upstream that ${what} is passed over`, async (t) => {
    const set = await ladder(t, answer);
    const kinds = kind.split('|');
    const { 'x-perilune-path': path } = (await chatWith(set.g)).headers;
    assert.ok(kinds.map((k) => `bad ${k}, good ok`).includes(path), path);
    const stream = await streamed(set.g);
    assert.ok(
      kinds.map((k) => `bad ${k}, good ok`).includes(stream.headers['x-perilune-path']),
      stream.headers['x-perilune-path'],
    );
    assert.equal(stream.data.at(-1), '[DONE]');
    assert.equal(set.bad.arrivals.length, 2, 'one arrival for each attempt');
  });

test('a redirect is not followed', async (t) => {
  const elsewhere = await mock(t);
  for (const status of [301, 302, 307, 308]) {
    const set = await ladder(t, (a) => a.say('', status, { location: `${elsewhere.url}/v1/x` }));
    await assertFellThrough(set, 'bad server_error, good ok');
  }
  assert.equal(elsewhere.arrivals.length, 0);
});

test('a stream that ends before its first token is passed over', async (t) => {
  const set = await ladder(t, (a) => a.stream([sse(chunk({ role: 'assistant', content: '' }))]));
  const reply = await streamed(set.g);
  assert.equal(reply.headers['x-perilune-path'], 'bad broken_stream, good ok');
  assert.equal(textOf(reply.data), `${ANSWER} and more`);
});

test('an error event before the first token is passed over', async (t) => {
  const set = await ladder(t, (a) =>
    a.stream([sse(chunk({ role: 'assistant' })), sse(error('busy', null, 'overloaded_error'))]),
  );
  const reply = await streamed(set.g);
  assert.equal(reply.headers['x-perilune-path'], 'bad overloaded, good ok');
  assert.doesNotMatch(reply.text, /busy/);
});

test('an upstream that silently answers a stream with a whole reply is passed over', async (t) => {
  const set = await ladder(t, (a) => a.say());
  const reply = await streamed(set.g);
  assert.equal(reply.headers['x-perilune-path'], 'bad malformed, good ok');
});

// --- hanging ----------------------------------------------------------------

test('an upstream that hangs before its head is left after `first`', async (t) => {
  const set = await ladder(t, () => {}, 'first = "300ms",');
  const reply = await streamed(set.g);
  assert.equal(reply.headers['x-perilune-path'], 'bad timeout, good ok');
  assert.equal(textOf(reply.data), `${ANSWER} and more`);
  await set.bad.last.closed;
});

test('an upstream that hangs after its head is left after `first`', async (t) => {
  const set = await ladder(
    t,
    (a) => {
      a.head();
    },
    'first = "300ms",',
  );
  const reply = await streamed(set.g);
  assert.equal(reply.headers['x-perilune-path'], 'bad timeout, good ok');
  await set.bad.last.closed;
});

test('a role and pings are no first token', async (t) => {
  const set = await ladder(
    t,
    async (a) => {
      a.head();
      await a.write(': ping\n\n');
      await a.write(sse(chunk({ role: 'assistant', content: '' })));
      const pings = setInterval(() => a.write(': ping\n\n'), 20);
      await a.closed;
      clearInterval(pings);
    },
    'first = "300ms",',
  );
  const reply = await streamed(set.g);
  assert.equal(reply.headers['x-perilune-path'], 'bad timeout, good ok');
  assert.equal(textOf(reply.data), `${ANSWER} and more`);
});

for (const [what, delta, finish] of [
  ['text', { content: 'x' }],
  [
    'a tool call',
    {
      tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }],
    },
  ],
  ['reasoning', { reasoning_content: 'hm' }],
  ['a finish', {}, 'stop'],
])
  test(`${what} is a first token: the client has it while the upstream pauses`, async (t) => {
    let goOn;
    const paused = new Promise((resolve) => {
      goOn = resolve;
    });
    const upstream = await mock(t, async (a) => {
      a.head();
      await a.write(sse(chunk({ role: 'assistant' })));
      await a.write(sse(chunk(delta, finish ?? null)));
      await paused;
      await a.write(sse(chunk({}, 'stop')));
      await a.write(sse('[DONE]'));
      a.res.end();
    });
    const g = await gateway(t, policyFor(upstream));
    const reply = await streamFrom(g);
    await reply.next();
    assert.deepEqual(JSON.parse(await reply.next()).choices[0].delta, delta);
    goOn();
    await reply.over;
    assert.equal(reply.data.at(-1), '[DONE]');
  });

test('a whole reply that does not come is left after `total`', async (t) => {
  const set = await ladder(t, () => {}, 'total = "300ms",');
  const reply = await chatWith(set.g);
  assert.equal(reply.headers['x-perilune-path'], 'bad timeout, good ok');
  await set.bad.last.closed;
});

test('`first` and `idle` do not concern a whole reply', async (t) => {
  const set = await ladder(
    t,
    async (a) => {
      const text = JSON.stringify({
        choices: [
          { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: ANSWER } },
        ],
      });
      a.res.writeHead(200, { 'content-type': 'application/json' });
      for (let i = 0; i < 4; i++) {
        await new Promise((resolve) => {
          setTimeout(resolve, 120);
        });
        await a.write(i < 3 ? ' ' : text);
      }
      a.res.end();
    },
    'first = "200ms", idle = "50ms",',
  );
  const reply = await chatWith(set.g);
  assert.equal(reply.headers['x-perilune-path'], 'bad ok');
});

test('a timeout, alone, is a 504', async (t) => {
  const upstream = await mock(t, () => {});
  const g = await gateway(
    t,
    policyFor(upstream, 'return { { "up/m", first = "100ms", total = "100ms" } }'),
  );
  for (const [reply, kind] of [
    [await chatWith(g), 'timeout_total'],
    [await streamed(g), /timeout_(first|total)/],
  ]) {
    assert.equal(reply.status, 504);
    assert.match(reply.json.error.code, new RegExp(kind));
  }
});

test('tries = 2 asks an upstream twice, and once when it succeeds', async (t) => {
  const bad = await mock(t, (a, nth) => (nth === 1 ? a.say(error('busy'), 503) : usual(a)));
  const g = await gateway(t, policyFor(bad, 'return { { "up/m", tries = 2 } }'));
  const reply = await chatWith(g);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['x-perilune-attempts'], '2');
  assert.equal(bad.arrivals.length, 2);
  await chatWith(g);
  assert.equal(bad.arrivals.length, 3);
});

// --- the status classes ------------------------------------------------------

const REFUSES = [
  [400, null],
  [422, null],
  [413, null],
  [400, 'content_filter'],
];
for (const [status, code] of REFUSES)
  test(`a ${status} ${code ?? ''} ends the ladder with the provider's own words`, async (t) => {
    const set = await ladder(t, (a) => a.say(error('say it otherwise', code), status));
    for (const reply of [await chatWith(set.g), await streamed(set.g)]) {
      assert.equal(reply.status, status);
      assert.equal(reply.json.error.message, 'say it otherwise');
      assert.equal(reply.headers['x-perilune-attempts'], '1');
      assert.equal(reply.headers['x-should-retry'], 'false');
    }
    assert.equal(set.good.arrivals.length, 0);
  });

test('`on` turns a refusal into a decline', async (t) => {
  const set = await ladder(
    t,
    (a) => a.say(error('no', 'content_filter'), 400),
    'on = { content_filtered = "decline" },',
  );
  await assertFellThrough(set, 'bad content_filtered, good ok');
});

test('`on` turns a decline into a refusal', async (t) => {
  const set = await ladder(
    t,
    (a) => a.say(error('slow down', 'rate_limit_exceeded'), 429),
    'on = { rate_limited = "refuse" },',
  );
  const reply = await chatWith(set.g);
  assert.equal(reply.status, 429);
  assert.equal(set.good.arrivals.length, 0);
});

test('what a provider says of our key or account is not told to the client', async (t) => {
  for (const status of [401, 403, 402, 500]) {
    const { g } = await alone(t, (a) => a.say(error('bad key sk-CANARY-KEY org-1'), status));
    const reply = await chatWith(g);
    assert.ok(reply.status >= 500, `${status} became ${reply.status}`);
    assert.doesNotMatch(reply.text, /CANARY|org-1/);
  }
});

test('a missing key is a 502 that names the variable, and nobody is asked', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, undefined, 'key = p.secret "UP_KEY_MISSING"'));
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 502);
    assert.match(reply.json.error.message, /UP_KEY_MISSING/);
    assert.equal(reply.json.error.code, 'auth');
  }
  assert.equal(upstream.arrivals.length, 0);
});

test('a missing key of a known provider names its variable', async (t) => {
  const g = await gateway(t, 'return { "openai/gpt-4o-mini" }');
  const reply = await chatWith(g);
  assert.equal(reply.status, 502);
  assert.match(reply.json.error.message, /OPENAI_API_KEY/);
});

// --- attempts are ours ---------------------------------------------------------

test('an upstream that reads the request and closes is asked once', async (t) => {
  const { g, upstream } = await alone(t, (a) => a.die());
  for (const reply of [await chatWith(g), await streamed(g)]) assert.equal(reply.status, 502);
  assert.equal(upstream.arrivals.length, 2);
});

test('it is asked once on a connection used before, too', async (t) => {
  const { g, upstream } = await alone(t, (a, nth) => (nth % 2 ? usual(a) : a.die()));
  for (let i = 0; i < 6; i++) {
    const reply = await (i % 4 < 2 ? chatWith(g) : streamed(g));
    assert.equal(reply.status, i % 2 ? 502 : 200);
  }
  assert.equal(upstream.arrivals.length, 6, 'a POST was repeated behind our back');
  for (const i of [0, 2, 4])
    assert.equal(upstream.arrivals[i].socket, upstream.arrivals[i + 1].socket, 'not used again');
});

test('an idle connection that the upstream closed costs no request', async (t) => {
  const { g, upstream } = await alone(t, usual);
  for (let i = 0; i < 5; i++) {
    assert.equal((await chatWith(g)).status, 200);
    await new Promise((resolve) => {
      upstream.last.socket.end(resolve);
    });
  }
  assert.equal(upstream.arrivals.length, 5);
});

test('the gateway serves the next request after every failure', async (t) => {
  const ways = [
    (a) => a.die(),
    (a) => a.raw('garbage'),
    (a) => a.say('<html>'),
    (a) => a.say('', 302),
    (a) => a.stream(events().slice(0, 3)),
    usual,
  ];
  const { g } = await alone(t, (a, nth) => ways[(nth - 1) % ways.length](a), 'breaker = false,');
  for (let i = 1; i <= ways.length * 4; i++) {
    const reply = await streamed(g);
    assert.equal(reply.how, 'whole');
    if (i % ways.length === 0) assert.equal(reply.data.at(-1), '[DONE]');
  }
  const health = await request(g, { method: 'GET', path: '/healthz' });
  assert.equal(health.json.worker.open, 0);
});
