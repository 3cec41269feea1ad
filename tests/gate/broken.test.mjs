// Streams that go wrong after the client has seen a token: no rung can take
// over any more, so the client is told, in its own dialect and once.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, streamFrom, streamed } from './lib/client.mjs';
import { ANSWER, chunk, error, events, sse, textOf, usageChunk } from './lib/words.mjs';

/** A stream that fails alone, after its 200: what the client gets. */
async function assertToldInStream(reply, pieces, kind) {
  await reply.over;
  assert.equal(reply.status, 200);
  assert.equal(reply.how, 'whole', 'the chunked body has no clean end');
  const { data } = reply;
  assert.ok(!data.includes('[DONE]'), 'a broken stream claims to be done');
  const last = JSON.parse(data.at(-1));
  assert.equal(typeof last.error?.message, 'string', reply.text);
  assert.equal(data.filter((d) => 'error' in JSON.parse(d)).length, 1);
  if (kind !== undefined) assert.equal(last.error.code, kind);
  assert.equal(textOf(data.slice(0, -1)), pieces);
}

async function alone(t, answer, options = '') {
  const upstream = await mock(t, answer);
  const g = await gateway(t, policyFor(upstream, `return { { "up/m", ${options} tries = 1 } }`));
  return { upstream, g };
}

const TWO = events().slice(0, 3); // role and two pieces

/** A stream that says TWO, and ends as `ending` does once the client has them. */
async function ended(t, ending) {
  let goOn;
  const seen = new Promise((resolve) => {
    goOn = resolve;
  });
  const { g, upstream } = await alone(t, async (a) => {
    a.head();
    for (const event of TWO) await a.write(event);
    await seen;
    await ending(a);
  });
  const reply = await streamFrom(g);
  for (let i = 0; i < TWO.length; i++) assert.notEqual(await reply.next(), null);
  goOn();
  return { g, upstream, reply };
}

test('a stream that dies is told to the client, after what came', async (t) => {
  const { g, reply } = await ended(t, (a) => a.die());
  await assertToldInStream(reply, `${ANSWER} and`, 'broken_stream');
  const line = await g.line(reply.headers['x-request-id']);
  assert.equal(line.outcome, 'broken');
  assert.equal(line.fault, 'broken_stream');
  assert.equal(line.path, 'm broken_stream');
});

test('a stream that dies within an event leaves no half of it', async (t) => {
  const { reply } = await ended(t, async (a) => {
    await a.write('data: {"choices": [{"index": 0, "delta": {"content": "half');
    a.die();
  });
  await assertToldInStream(reply, `${ANSWER} and`);
  assert.doesNotMatch(reply.text, /half/);
});

test('a stream that closes without its last event is told as broken', async (t) => {
  const { reply } = await ended(t, async (a) => {
    await a.write(sse(chunk({}, 'stop')));
    await a.write(sse(usageChunk()));
    a.res.end();
  });
  await assertToldInStream(reply, `${ANSWER} and`, 'broken_stream');
});

test('an error event after the first token is told once', async (t) => {
  const { reply } = await ended(t, async (a) => {
    await a.write(sse(error('overloaded now', null, 'overloaded_error')) + sse('[DONE]'));
    a.res.end();
  });
  await assertToldInStream(reply, `${ANSWER} and`, 'overloaded');
});

test('an event that is not JSON, after the first token, is told as malformed', async (t) => {
  const { reply } = await ended(t, async (a) => {
    await a.write(`data: {oops\n\n${sse('[DONE]')}`);
    a.res.end();
  });
  await assertToldInStream(reply, `${ANSWER} and`, 'malformed');
});

test('a stream that goes silent is left after `idle`', async (t) => {
  const { g, upstream } = await alone(
    t,
    async (a) => {
      a.head();
      await a.write(TWO.join(''));
    },
    'idle = "300ms",',
  );
  await assertToldInStream(await streamFrom(g), `${ANSWER} and`, 'timeout_idle');
  await upstream.last.closed;
});

test('pings do not keep a silent stream alive', async (t) => {
  const { g } = await alone(
    t,
    async (a) => {
      a.head();
      await a.write(TWO.join(''));
      const pings = setInterval(() => a.write(': ping\n\n'), 20);
      await a.closed;
      clearInterval(pings);
    },
    'idle = "300ms",',
  );
  await assertToldInStream(await streamFrom(g), `${ANSWER} and`, 'timeout_idle');
});

/** A stream that says `first`, then `again` without end, cut after 2 s. */
const endless = (t, first, again) =>
  alone(
    t,
    async (a) => {
      a.head();
      await a.write(first);
      const more = setInterval(() => a.write(again), 20);
      await a.closed;
      clearInterval(more);
    },
    'total = "2s",',
  );

test('a stream that takes too long ends after `total`, as if at its limit', async (t) => {
  const { g, upstream } = await endless(t, TWO.join(''), sse(chunk({ content: 'x' })));
  const reply = await streamFrom(g);
  await reply.over;
  assert.equal(reply.how, 'whole');
  assert.equal(reply.data.at(-1), '[DONE]');
  const last = JSON.parse(reply.data.at(-2));
  assert.deepEqual(last, {
    ...chunk({}, 'length'),
    choices: [{ index: 0, delta: {}, logprobs: null, finish_reason: 'length' }],
  });
  assert.match(textOf(reply.data), new RegExp(`^${ANSWER} andx+$`));
  const line = await g.line(reply.headers['x-request-id']);
  assert.equal(line.path, 'm cut');
  assert.equal(line.outcome, 'answered');
  assert.equal(line.fault, 'timeout_total');
  assert.equal(line.fault_message, 'up/m: not done in time (total)');
  await upstream.last.closed;
});

test('half a tool call is never ended as if it were whole', async (t) => {
  const call = (more) => sse(chunk({ tool_calls: [{ index: 0, ...more }] }));
  const { g } = await endless(
    t,
    TWO[0] + call({ id: 'call_abcdefgh', type: 'function', function: { name: 'pay', arguments: '' } }),
    call({ function: { arguments: '1' } }),
  );
  const reply = await streamFrom(g);
  await assertToldInStream(reply, '', 'timeout_total');
  const line = await g.line(reply.headers['x-request-id']);
  assert.equal(line.path, 'm timeout');
  assert.equal(line.outcome, 'broken');
});

test('a reply that drips byte by byte arrives', async (t) => {
  const { g } = await alone(t, async (a) => {
    a.head();
    for (const byte of Buffer.from(events().join(''))) await a.write(Buffer.from([byte]));
    a.res.end();
  });
  const reply = await streamed(g);
  assert.equal(textOf(reply.data), `${ANSWER} and more`);
});

// --- too much ----------------------------------------------------------------

test('a reply larger than max_reply is malformed', async (t) => {
  const upstream = await mock(t, (a) => a.say('x'.repeat(100_000)));
  const g = await gateway(t, policyFor(upstream, undefined, 'max_reply = "64KiB"'));
  const reply = await chatWith(g);
  assert.equal(reply.status, 502);
  assert.equal(reply.json.error.code, 'malformed');
});

test('a stream larger than max_reply ends with an error', async (t) => {
  let goOn;
  const seen = new Promise((resolve) => { goOn = resolve; });
  const upstream = await mock(t, async (a) => {
    a.head();
    await a.write(TWO.join(''));
    await seen;
    const piece = sse(chunk({ content: 'x'.repeat(1000) }));
    while (!a.left) await Promise.race([a.write(piece), a.closed]);
  });
  const g = await gateway(t, policyFor(upstream, undefined, 'max_reply = "64KiB"'));
  const reply = await streamFrom(g);
  await reply.next();
  goOn();
  await reply.over;
  assert.equal(JSON.parse(reply.data.at(-1)).error.code, 'malformed');
  await upstream.last.closed;
});

test('an error body without an end is cut, and the request answered', async (t) => {
  const upstream = await mock(t, async (a) => {
    a.res.writeHead(500, { 'content-type': 'text/plain' });
    for (let i = 0; i < 20_000 && !a.left; i++) await a.write('x'.repeat(1000));
    a.res.end();
  });
  const g = await gateway(t, policyFor(upstream));
  const reply = await chatWith(g);
  assert.equal(reply.status, 502);
});
