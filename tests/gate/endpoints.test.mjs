// The paths, the methods, and the ids of requests.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamed, wire } from './lib/client.mjs';
import { ANSWER, textOf } from './lib/words.mjs';

const MODELS = policyFor(
  'http://127.0.0.1:9',
  `
p.model { "up/meta/llama-3.1-8b", as = "llama" }
return { "up/m" }`,
);

async function served(t, policy) {
  const upstream = await mock(t);
  return { upstream, g: await gateway(t, policy ?? policyFor(upstream)) };
}

/** An error in the OpenAI shape. */
function assertError(reply, status, code) {
  assert.equal(reply.status, status, reply.text);
  assert.match(reply.headers['content-type'], /^application\/json/);
  const { error } = reply.json;
  assert.equal(typeof error.message, 'string');
  assert.ok(error.message.length > 10);
  assert.equal(typeof error.type, 'string');
  assert.ok('param' in error && 'code' in error);
  if (code !== undefined) assert.equal(error.code, code);
}

for (const path of [
  '/v1/chat/completions',
  '/chat/completions',
  '/v1/chat/completions/',
  '/chat/completions/',
  '/v1/chat/completions?a=b',
]) {
  test(`a chat is answered at ${path}`, async (t) => {
    const { g } = await served(t);
    const whole = await chatWith(g, {}, { path });
    assert.equal(whole.status, 200);
    assert.equal(whole.json.choices[0].message.content, ANSWER);
    const stream = await streamed(g, {}, { path });
    assert.equal(stream.status, 200);
    assert.match(stream.headers['content-type'], /^text\/event-stream/);
    assert.equal(stream.data.at(-1), '[DONE]');
    assert.equal(textOf(stream.data), `${ANSWER} and more`);
    assert.equal(stream.how, 'whole');
  });
}

test('the models are those the policy declares', async (t) => {
  const g = await gateway(t, MODELS);
  for (const path of ['/v1/models', '/models', '/v1/models/']) {
    const reply = await request(g, { method: 'GET', path });
    assert.equal(reply.status, 200);
    assert.equal(reply.json.object, 'list');
    const ids = reply.json.data.map((m) => m.id);
    assert.ok(ids.includes('up/m'), ids.join());
    assert.ok(reply.json.data.every((m) => m.object === 'model' && m.owned_by === 'up'));
  }
});

test('a model is found by an id with slashes, raw and escaped', async (t) => {
  const g = await gateway(t, MODELS);
  const { data } = (await request(g, { method: 'GET', path: '/v1/models' })).json;
  for (const { id } of data)
    for (const escaped of [id, encodeURIComponent(id), id.replace('/', '%2f')])
      for (const path of [`/v1/models/${escaped}`, `/models/${escaped}`]) {
        const reply = await request(g, { method: 'GET', path });
        assert.equal(reply.status, 200, path);
        assert.equal(reply.json.id, id);
      }
});

test('a model that nobody declared is a 404 that says what to do', async (t) => {
  const g = await gateway(t, MODELS);
  const reply = await request(g, { method: 'GET', path: '/v1/models/up/none' });
  assertError(reply, 404, 'model_not_found');
  assert.match(reply.json.error.message, /models/);
});

test('health is told with and without /v1', async (t) => {
  const g = await gateway(t, MODELS);
  for (const path of ['/healthz', '/v1/healthz']) {
    const health = await request(g, { method: 'GET', path });
    assert.equal(health.status, 200);
    assert.equal(health.json.status, 'ok');
    assert.equal(health.json.policy.error, null);
    assert.match(health.json.policy.version, /^[0-9a-f]+$/);
  }
  for (const path of ['/readyz', '/v1/readyz']) {
    const ready = await request(g, { method: 'GET', path });
    assert.equal(ready.status, 200);
    assert.equal(ready.json.status, 'ready');
  }
});

test('the root answers GET and HEAD, and HEAD has no body', async (t) => {
  const g = await gateway(t, MODELS);
  const get = await request(g, { method: 'GET', path: '/' });
  assert.equal(get.status, 200);
  assert.equal(get.json.name, 'perilune');
  const head = await request(g, { method: 'HEAD', path: '/' });
  assert.equal(head.status, 200);
  assert.equal(head.bytes.length, 0);
  assert.equal(head.headers['content-length'], get.headers['content-length']);
});

test('a browser may ask first: OPTIONS allows what it names', async (t) => {
  const g = await gateway(t, MODELS);
  const reply = await request(g, {
    method: 'OPTIONS',
    path: '/v1/chat/completions',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type, x-stainless-os',
    },
  });
  assert.ok([200, 204].includes(reply.status));
  assert.ok(['*', 'https://app.example'].includes(reply.headers['access-control-allow-origin']));
  assert.match(reply.headers['access-control-allow-methods'] ?? '', /POST/);
  const allowed = reply.headers['access-control-allow-headers'] ?? '';
  assert.match(allowed, /\*|x-stainless-os/i);
  // "*" does not stand for authorization: browsers want it by name.
  assert.match(allowed, /authorization/i);
});

test('a browser may read what its request was answered', async (t) => {
  const { g } = await served(t);
  const origin = 'https://app.example';
  const whole = await chatWith(g, {}, { headers: { origin } });
  const stream = await streamed(g, {}, { headers: { origin } });
  const wrong = await request(g, { body: '{', headers: { origin } });
  for (const reply of [whole, stream, wrong])
    assert.ok(
      ['*', origin].includes(reply.headers['access-control-allow-origin']),
      `no access-control-allow-origin on a ${reply.status}`,
    );
});

for (const [method, path] of [
  ['GET', '/nothing'],
  ['POST', '/v1/nothing'],
  ['GET', '/v2/models'],
  ['POST', '/v1/chat/completions/more'],
  ['GET', '/v1/chat'],
  ['GET', '/v1healthz'],
  ['GET', '//models'],
  ['GET', '/v1/../healthz/..'],
]) {
  test(`there is nothing at ${method} ${path}`, async (t) => {
    const g = await gateway(t, MODELS);
    const reply = await request(g, { method, path, body: method === 'POST' ? '{}' : undefined });
    assertError(reply, 404);
    assert.equal(reply.headers['x-should-retry'], 'false');
  });
}

for (const [method, path, allow] of [
  ['GET', '/v1/chat/completions', /POST/],
  ['PUT', '/v1/chat/completions', /POST/],
  ['POST', '/v1/models', /GET/],
  ['DELETE', '/v1/models/up/m', /GET/],
  ['POST', '/healthz', /GET/],
  ['POST', '/', /GET/],
]) {
  test(`${method} is the wrong method for ${path}`, async (t) => {
    const g = await gateway(t, MODELS);
    const reply = await request(g, { method, path });
    assertError(reply, 405);
    assert.match(reply.headers.allow, allow);
  });
}

test('a method that nobody knows is a 501, and the connection goes on', async (t) => {
  const g = await gateway(t, MODELS);
  for (const method of ['LINK', 'PROPFIND']) {
    const reply = await request(g, { method, path: '/v1/models' });
    assertError(reply, 501);
    assert.equal(reply.json.error.code, 'unknown_method');
  }
});

test('the id of a request is echoed under both names, everywhere', async (t) => {
  const { g } = await served(t);
  const headers = { 'x-request-id': 'my-id_1.2:3' };
  const replies = [
    await chatWith(g, {}, { headers }),
    await streamed(g, {}, { headers }),
    await request(g, { method: 'GET', path: '/v1/models', headers }),
    await request(g, { method: 'GET', path: '/nothing', headers }),
    await request(g, { body: '{', headers }),
  ];
  for (const reply of replies) {
    assert.equal(reply.headers['x-request-id'], 'my-id_1.2:3');
    assert.equal(reply.headers['request-id'], 'my-id_1.2:3');
  }
  await g.line('my-id_1.2:3');
});

test('a request without an id gets one of its own, and the log has it', async (t) => {
  const { g } = await served(t);
  const seen = new Set();
  for (let i = 0; i < 20; i++) {
    const { headers } = await chatWith(g);
    assert.match(headers['x-request-id'], /^[\w-]{16,}$/);
    assert.equal(headers['request-id'], headers['x-request-id']);
    seen.add(headers['x-request-id']);
    await g.line(headers['x-request-id']);
  }
  assert.equal(seen.size, 20);
});

const HOSTILE = {
  'of 10 KB': 'x'.repeat(10_000),
  'with spaces': 'a b',
  'with a tab': 'a\tb',
  empty: '',
  'with bytes past ASCII': 'a\xe4b',
};
for (const [what, id] of Object.entries(HOSTILE)) {
  test(`an id ${what} is replaced`, async (t) => {
    const { g } = await served(t);
    const reply = await chatWith(g, {}, { headers: { 'x-request-id': id } });
    assert.equal(reply.status, 200);
    assert.match(reply.headers['x-request-id'], /^req_[0-9a-f]+$/);
    const line = await g.line(reply.headers['x-request-id']);
    assert.equal(line.status, 200);
  });
}

test('an id with control characters is not let in', async (t) => {
  const { g, upstream } = await served(t);
  const w = await wire(t, g);
  w.send('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x01b\x1b[31m\r\n\r\n');
  await w.heard(/HTTP\/1\.1 (400|200)/);
  assert.doesNotMatch(w.text, /\x01|\x1b/);
  assert.equal(upstream.arrivals.length, 0);
});

test('replies name model, path, attempts and policy', async (t) => {
  const { g } = await served(t);
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.headers['x-perilune-model'], 'up/m');
    assert.equal(reply.headers['x-perilune-path'], 'm ok');
    assert.equal(reply.headers['x-perilune-attempts'], '1');
    assert.match(reply.headers['x-perilune-policy'], /^[0-9a-f]+$/);
    assert.match(reply.headers['x-perilune-overhead-us'], /^\d+$/);
  }
});

test('two workers answer on one port', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream), { workers: 2 });
  const replies = await Promise.all(Array.from({ length: 50 }, () => chatWith(g)));
  assert.ok(replies.every((r) => r.status === 200));
});
