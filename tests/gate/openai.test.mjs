// The official client of OpenAI, unmodified, against the gateway.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { ANSWER, USAGE, ask, chat, chunk, error, events, sse } from './lib/words.mjs';

async function setting(t, answer = usual, policy = undefined) {
  const upstream = await mock(t, answer);
  const g = await gateway(t, policyFor(upstream, policy));
  // Defaults of the client: two retries, which must not happen.
  const client = new OpenAI({ baseURL: `${g.url}/v1`, apiKey: 'sk-of-the-client' });
  return { upstream, g, client };
}

async function gather(stream) {
  let text = '',
    finish = null;
  const usages = [];
  for await (const part of stream) {
    text += part.choices[0]?.delta?.content ?? '';
    finish = part.choices[0]?.finish_reason ?? finish;
    if (part.usage) usages.push(part);
  }
  return { text, finish, usages };
}

test('the client gets a whole completion', async (t) => {
  const { client } = await setting(t);
  const reply = await client.chat.completions.create(ask());
  assert.equal(reply.choices[0].message.content, ANSWER);
  assert.deepEqual(reply.usage, USAGE);
});

test('the client reads the id of its request', async (t) => {
  const { client, g } = await setting(t);
  const { data, request_id: id } = await client.chat.completions.create(ask()).withResponse();
  assert.equal(data._request_id, id);
  await g.line(id);
});

test('the client iterates over a stream, and the pieces join', async (t) => {
  const pieces = ['Über', ' 🌙', ' moon', '\n', '"q"', '\\'];
  const { client } = await setting(t, (a) => a.stream(events(pieces)));
  const got = await gather(await client.chat.completions.create(ask({ stream: true })));
  assert.equal(got.text, pieces.join(''));
  assert.equal(got.finish, 'stop');
  assert.equal(got.usages.length, 0, 'usage came though it was not asked for');
});

test('the client sees a reply that `total` cut as one of a limited length', async (t) => {
  const { client } = await setting(
    t,
    async (a) => {
      a.head();
      await a.write(sse(chunk({ role: 'assistant', content: '' })));
      const more = setInterval(() => a.write(sse(chunk({ content: 'x' }))), 20);
      await a.closed;
      clearInterval(more);
    },
    'return { { "up/m", total = "1s", tries = 1 } }',
  );
  const got = await gather(await client.chat.completions.create(ask({ stream: true })));
  assert.match(got.text, /^x+$/);
  assert.equal(got.finish, 'length');
  const whole = await client.chat.completions.stream(ask()).finalChatCompletion();
  assert.equal(whole.choices[0].finish_reason, 'length');
});

test('the client gets usage when it asks for it', async (t) => {
  const { client } = await setting(t);
  const got = await gather(
    await client.chat.completions.create(
      ask({ stream: true, stream_options: { include_usage: true } }),
    ),
  );
  assert.equal(got.text, `${ANSWER} and more`);
  assert.equal(got.usages.length, 1);
  assert.deepEqual(got.usages[0].usage, USAGE);
  assert.deepEqual(got.usages[0].choices, []);
});

test('the stream helper of the client assembles a completion', async (t) => {
  const { client } = await setting(t);
  const runner = client.chat.completions.stream(ask());
  const done = await runner.finalChatCompletion();
  assert.equal(done.choices[0].message.content, `${ANSWER} and more`);
});

const FAILURES = [
  [400, error('that is wrong'), 400, OpenAI.BadRequestError],
  [404, error('no such model', 'model_not_found'), 404, OpenAI.NotFoundError],
  [429, error('slow down', 'rate_limit_exceeded'), 429, OpenAI.RateLimitError],
  [500, error('it broke', null, 'server_error'), 502, OpenAI.InternalServerError],
  [503, error('too many', null, 'server_error'), 503, OpenAI.InternalServerError],
];
for (const [status, body, seen, kind] of FAILURES)
  for (const stream of [false, true])
    test(
      `a ${status} upstream is a ${kind.name} for the client, asked once` +
        `${stream ? ', of a stream too' : ''}`,
      async (t) => {
        const { client, upstream } = await setting(t, (a) => a.say(body, status));
        const failure = await client.chat.completions.create(ask({ stream })).then(
          () => assert.fail('it succeeded'),
          (e) => e,
        );
        assert.ok(failure instanceof kind, `${failure}`);
        assert.equal(failure.status, seen);
        assert.ok(failure.message.length > 10);
        assert.equal(failure.headers.get('x-should-retry'), 'false');
        assert.equal(upstream.arrivals.length, 1, 'the client or we tried again');
      },
    );

test('a bad request of the client itself is a BadRequestError', async (t) => {
  const { client, upstream } = await setting(t);
  await assert.rejects(
    client.chat.completions.create({ model: 'up/m', messages: [] }),
    OpenAI.BadRequestError,
  );
  assert.equal(upstream.arrivals.length, 0);
});

test('a refusal of the policy has its status in the client', async (t) => {
  const { client } = await setting(t, usual, 'return { p.refuse(429, "enough for today") }');
  const failure = await client.chat.completions.create(ask()).catch((e) => e);
  assert.ok(failure instanceof OpenAI.RateLimitError);
  assert.match(failure.message, /enough for today/);
});

test('an error in the middle of a stream is an APIError of the client', async (t) => {
  const { client, upstream } = await setting(t, async (a) => {
    a.head();
    for (const event of events().slice(0, 2)) await a.write(event);
  });
  let text = '';
  const failure = await (async () => {
    for await (const part of await client.chat.completions.create(ask({ stream: true }))) {
      text += part.choices[0]?.delta?.content ?? '';
      if (text !== '') upstream.last.die();
    }
  })().then(
    () => null,
    (e) => e,
  );
  assert.equal(text, ANSWER);
  assert.ok(failure instanceof OpenAI.APIError, `${failure}`);
});

test('the client aborts a stream and the upstream sees it', async (t) => {
  const { client, upstream } = await setting(t, async (a) => {
    a.head();
    for (const event of events().slice(0, 2)) await a.write(event); // and then silence
  });
  const stream = await client.chat.completions.create(ask({ stream: true }));
  for await (const part of stream) if (part.choices[0]?.delta?.content) stream.controller.abort();
  await upstream.last.closed;
});

test('the client aborts before the first byte and the upstream sees it', async (t) => {
  const { client, upstream } = await setting(t, () => {});
  const controller = new AbortController();
  const asked = client.chat.completions.create(ask(), { signal: controller.signal });
  const arrival = await upstream.arrival();
  controller.abort();
  await assert.rejects(asked, OpenAI.APIUserAbortError);
  await arrival.closed;
});

test('the client lists models and retrieves one', async (t) => {
  const { client } = await setting(t);
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ['up/m']);
  assert.equal((await client.models.retrieve('up/m')).id, 'up/m');
  await assert.rejects(client.models.retrieve('up/none'), OpenAI.NotFoundError);
});

test('many clients at once each get their own answer', async (t) => {
  const upstream = await mock(t, (a) =>
    a.json.stream
      ? a.stream(events([a.json.messages[0].content]))
      : a.say(chat(a.json.messages[0].content)),
  );
  const g = await gateway(t, policyFor(upstream), { workers: 2 });
  const client = new OpenAI({ baseURL: `${g.url}/v1`, apiKey: 'k' });
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      const messages = [{ role: 'user', content: `question ${i}` }];
      if (i % 2) {
        const got = await gather(
          await client.chat.completions.create({ model: 'up/m', messages, stream: true }),
        );
        assert.equal(got.text, `question ${i}`);
      } else {
        const got = await client.chat.completions.create({ model: 'up/m', messages });
        assert.equal(got.choices[0].message.content, `question ${i}`);
      }
    }),
  );
  assert.equal(upstream.arrivals.length, 100);
});
