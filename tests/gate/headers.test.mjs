// What an upstream is told: our headers, its own key, and nothing of the client's.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamed } from './lib/client.mjs';
import { KEY, ask } from './lib/words.mjs';

const CLIENT = {
  authorization: 'Bearer sk-CANARY-of-the-client',
  cookie: 'session=CANARY',
  'x-api-key': 'CANARY-x',
  'api-key': 'CANARY-a',
  'x-goog-api-key': 'CANARY-g',
  'proxy-authorization': 'Basic CANARY',
  'x-perilune-user': 'alice',
  'x-perilune-session': 's1',
  'x-perilune-anything': 'x',
  'x-forwarded-for': '10.0.0.1',
  'x-forwarded-host': 'h',
  forwarded: 'for=10.0.0.1',
  via: '1.1 x',
  'x-real-ip': '10.0.0.1',
  'user-agent': 'OpenAI/JS 5',
  'openai-organization': 'org-CANARY',
  'x-stainless-lang': 'js',
  referer: 'http://x/CANARY',
  'accept-encoding': 'gzip, br',
  accept: 'text/plain',
  'x-request-id': 'id-1',
  te: 'trailers',
  origin: 'http://x',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const OURS = [
  'host',
  'content-type',
  'content-length',
  'accept',
  'accept-encoding',
  'user-agent',
  'connection',
  'via',
];

async function setting(t, options, env = {}) {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, undefined, options), { env });
  return { upstream, g };
}

test('an upstream gets our headers only', async (t) => {
  const { g, upstream } = await setting(t, 'key = p.secret "UP_KEY"', { UP_KEY: KEY });
  for (const reply of [
    await chatWith(g, {}, { headers: CLIENT }),
    await streamed(g, {}, { headers: CLIENT }),
  ]) {
    assert.equal(reply.status, 200);
    const { headers, rawHeaders } = upstream.last;
    const others = Object.keys(headers).filter((h) => ![...OURS, 'authorization'].includes(h));
    assert.deepEqual(others, []);
    assert.equal(headers.authorization, `Bearer ${KEY}`);
    assert.equal(headers['content-type'], 'application/json');
    assert.match(headers.via, /^1\.1 perilune-[0-9a-f]{16}$/);
    assert.equal(headers.host, `127.0.0.1:${upstream.port}`);
    assert.doesNotMatch(rawHeaders.join('\n').replace(KEY, ''), /CANARY|alice|OpenAI|10\.0\.0\.1/);
  }
});

test('an upstream is asked at its own path, by POST, without compression', async (t) => {
  const { g, upstream } = await setting(t, '');
  await chatWith(g, {}, { path: '/chat/completions?api-key=x' });
  assert.equal(upstream.last.method, 'POST');
  assert.equal(upstream.last.path, '/v1/chat/completions');
  assert.equal(upstream.last.headers['accept-encoding'] ?? 'identity', 'identity');
  assert.equal(upstream.last.req.httpVersion, '1.1');
});

test('identity encoding is asked for by name', async (t) => {
  const { g, upstream } = await setting(t, '');
  await chatWith(g);
  assert.equal(upstream.last.headers['accept-encoding'], 'identity');
});

for (const [auth, header, value] of [
  ['bearer', 'authorization', `Bearer ${KEY}`],
  ['api-key', 'api-key', KEY],
  ['x-api-key', 'x-api-key', KEY],
  ['x-goog-api-key', 'x-goog-api-key', KEY],
]) {
  test(`the key is sent as auth = "${auth}" says`, async (t) => {
    const { g, upstream } = await setting(t, `auth = "${auth}", key = p.secret "UP_KEY"`, {
      UP_KEY: KEY,
    });
    await chatWith(g, {}, { headers: CLIENT });
    for (const name of ['authorization', 'api-key', 'x-api-key', 'x-goog-api-key'])
      assert.equal(upstream.last.headers[name], name === header ? value : undefined);
  });
}

test('auth = "none" sends no key', async (t) => {
  const { g, upstream } = await setting(t, 'auth = "none"');
  await chatWith(g, {}, { headers: CLIENT });
  assert.doesNotMatch(upstream.last.rawHeaders.join('\n'), /CANARY/);
});

test('a key may come from a file, without its line end', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(
    t,
    policyFor(upstream, undefined, 'key = p.secret { file = "key.txt" }'),
    { files: { 'key.txt': `${KEY}\n` } },
  );
  await chatWith(g);
  assert.equal(upstream.last.headers.authorization, `Bearer ${KEY}`);
});

test('headers of the provider are sent', async (t) => {
  const { g, upstream } = await setting(t, 'headers = { ["x-team"] = "blue" }');
  await chatWith(g);
  assert.equal(upstream.last.headers['x-team'], 'blue');
});

test('our control fields in the body never arrive', async (t) => {
  const { g, upstream } = await setting(t, '');
  const fields = {
    perilune: { a: 1 },
    api_key: 'CANARY-k',
    api_base: 'http://evil',
    base_url: 'http://evil',
    extra_headers: { authorization: 'CANARY' },
    extra_body: { x: 1 },
  };
  for (const stream of [false, true]) {
    const reply = await request(g, {
      body: ask({ ...fields, stream, kept: { api_key: 'nested' } }),
    });
    assert.equal(reply.status, 200);
    const got = upstream.last.json;
    for (const name of Object.keys(fields)) assert.ok(!(name in got), `${name} arrived`);
    assert.deepEqual(got.kept, { api_key: 'nested' });
    assert.equal(got.model, 'm');
    assert.equal(upstream.last.headers.host, `127.0.0.1:${upstream.port}`);
  }
});

test('a control field hidden by an escape does not arrive either', async (t) => {
  const { g, upstream } = await setting(t, '');
  const reply = await request(g, {
    body: '{"api\\u005fkey": "CANARY", "model": "up/m", "messages": [{"role": "user", "content": "x"}]}',
  });
  assert.equal(reply.status, 200);
  assert.doesNotMatch(upstream.last.text, /CANARY/);
});

test('what an upstream sends as headers stays there', async (t) => {
  const upstream = await mock(t, (a) =>
    a.say(undefined, 200, {
      'set-cookie': 'a=b',
      'openai-organization': 'org-CANARY',
      'x-perilune-path': 'forged',
      'access-control-allow-origin': 'https://evil.example',
      'x-should-retry': 'true',
      server: 'up',
    }),
  );
  const g = await gateway(t, policyFor(upstream));
  const { headers } = await chatWith(g);
  assert.equal(headers['set-cookie'], undefined);
  assert.equal(headers['openai-organization'], undefined);
  assert.equal(headers['x-perilune-path'], 'm ok');
  assert.notEqual(headers['access-control-allow-origin'], 'https://evil.example');
});

test('connections to an upstream are used again', async (t) => {
  const { g, upstream } = await setting(t, '');
  for (let i = 0; i < 10; i++) await (i % 2 ? chatWith(g) : streamed(g));
  assert.equal(upstream.arrivals.length, 10);
  assert.equal(upstream.connections, 1);
});

test('a concurrency limit makes requests wait, not fail', async (t) => {
  let open = 0,
    most = 0;
  const upstream = await mock(t, async (a) => {
    most = Math.max(most, ++open);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    open--;
    a.say();
  });
  const g = await gateway(t, policyFor(upstream, undefined, 'concurrency = 2'));
  const replies = await Promise.all(Array.from({ length: 30 }, () => chatWith(g)));
  assert.ok(replies.every((r) => r.status === 200));
  assert.ok(most <= 2, `${most} at once`);
});
