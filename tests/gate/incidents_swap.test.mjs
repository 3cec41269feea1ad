// Answers go to who asked (T4), whatever clients and upstreams do.

import assert from 'node:assert/strict';
import http from 'node:http';
import { long, pause, test } from './lib/test.mjs';
import { gateway, policyFor } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamed, wire } from './lib/client.mjs';
import { ask, chat, chunk, error, events, sse } from './lib/words.mjs';
import { dice } from './lib/dice.mjs';

const nonceOf = (a) => a.json.messages[0].content;
const asking = (nonce, more = {}) => ask({ messages: [{ role: 'user', content: nonce }], ...more });

/** Echo the nonce of the request, whole or in pieces. */
async function echo(a) {
  const nonce = nonceOf(a);
  if (!a.json.stream) return a.say(chat(nonce));
  return a.stream(events([...nonce]));
}

/** What a reply says, of a whole one or a stream; '' when it is none. */
function said(text) {
  return [...text.matchAll(/"content":"([^"]*)"/g)].map((m) => m[1]).join('');
}

/** Replies of one kind follow one another on a connection of the upstream. */
const bytesOf = (text) => {
  const body = JSON.stringify(chat(text));
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

for (const [how, at, options] of [
  ['with the reply', 0],
  ['with the reply, over libcurl', 0, 'http2 = true'],
  ['when nobody asks', 50],
  ['when nobody asks, over libcurl', 50, 'http2 = true'],
])
  test(`T4: a reply too many, sent ${how}, is nobody's`, async (t) => {
    const evil = [];
    const upstream = await mock(t, (a, nth) => {
      if (nth % 2 === 0) return echo(a);
      if (at === 0) return a.socket.write(bytesOf(nonceOf(a)) + bytesOf('of another'));
      a.socket.write(bytesOf(nonceOf(a)));
      return evil.push(a.socket);
    });
    const g = await gateway(t, policyFor(upstream, undefined, options));
    for (let i = 0; i < 10; i++) {
      const reply = await request(g, { body: asking(`n${i}`) });
      assert.equal(reply.status, 200, reply.text);
      assert.equal(said(reply.text), `n${i}`);
      if (i % 2 === 1 || at === 0) continue;
      const socket = evil.pop();
      await new Promise((resolve) => {
        socket.write(bytesOf('of another'), resolve);
      });
      await pause(at); // the gateway has seen it, or the next reply is wrong
    }
    assert.equal(upstream.arrivals.length, 10);
  });

test('T4: a stream goes on past a connection that was paused', async (t) => {
  // A paused reply is watched by nobody either; it must not lose a byte.
  const list = Array.from({ length: 3000 }, (_, i) => sse(chunk({ content: `${i} `.repeat(100) })));
  const whole = [...list, sse(chunk({}, 'stop')), sse('[DONE]')];
  const upstream = await mock(t, (a) => a.stream(whole));
  const g = await gateway(t, policyFor(upstream));
  const w = await wire(t, g);
  w.socket.pause();
  const body = JSON.stringify(ask({ stream: true }));
  w.send(
    `POST /v1/chat/completions HTTP/1.0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await upstream.arrival();
  await pause(300);
  w.socket.resume();
  await w.closed;
  assert.ok(w.text.endsWith(whole.join('')), 'the stream lost something');
});

/** Ask for an echo; `leaves`: go away somewhere on the way. */
function tryOne(g, agent, body, leaves, roll) {
  return new Promise((resolve) => {
    const out = { status: 0, text: '', left: false };
    const bytes = JSON.stringify(body);
    const headers = { 'content-length': Buffer.byteLength(bytes) };
    const path = '/v1/chat/completions';
    const req = http.request({ port: g.port, method: 'POST', path, agent, headers }, (res) => {
      out.status = res.statusCode;
      res.setEncoding('utf8').on('data', (part) => {
        out.text += part;
        if (leaves && roll() < 0.5) leave();
      });
      res.on('close', () => resolve(out));
    });
    const leave = () => {
      out.left = true;
      req.destroy();
    };
    req.on('error', () => resolve(out));
    req.end(bytes);
    if (leaves) setTimeout(leave, roll() * 4);
  });
}

/** One client with a connection of its own: whole, streamed, or left midway. */
async function client(g, name, rounds, roll, tally) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < rounds; i++) {
    const nonce = `${name}-${i}-${roll().toString(36).slice(2)}`;
    const body = asking(nonce, { stream: roll() < 0.5 });
    const { status, text, left } = await tryOne(g, agent, body, roll() < 0.2, roll);
    const got = said(text);
    if (left) assert.ok(nonce.startsWith(got), `${nonce} was told ${got}`);
    else if (status === 200) assert.equal(got, nonce, text);
    else assert.match(text, /"error"/, `${status}`);
    tally[left ? 'left' : 'whole']++;
  }
  agent.destroy();
}

test('T4: answers are never swapped, under aborts, retries and reuse', async (t) => {
  const clients = long ? 200 : 40;
  const rounds = long ? 5000 : 40;
  const roll = dice(4711);
  const upstream = await mock(t, async (a) => {
    if (roll() < 0.1) return a.say(error('busy'), 503);
    if (roll() < 0.05) return a.die();
    if (roll() < 0.3) await pause(roll() * 5);
    return echo(a);
  });
  const g = await gateway(t, policyFor(upstream, 'return { { "up/m", tries = 3 } }'), {
    workers: 2,
    stdout: 'ignore',
  });
  const tally = { whole: 0, left: 0 };
  await Promise.all(
    Array.from({ length: clients }, (_, i) => client(g, `c${i}`, rounds, roll, tally)),
  );
  assert.equal(tally.whole + tally.left, clients * rounds);
  assert.ok(tally.left > clients && tally.whole > clients, JSON.stringify(tally));
});

test('T4: pipelined requests are answered in their order', async (t) => {
  const roll = dice(7);
  const upstream = await mock(t, async (a) => {
    await pause(roll() * 3);
    return echo(a);
  });
  const g = await gateway(t, policyFor(upstream));
  const n = long ? 2000 : 100;
  const w = await wire(t, g);
  for (let i = 0; i < n; i++) {
    const body = JSON.stringify(asking(`<p${i}>`));
    w.send(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }
  await w.heard(new RegExp(`<p${n - 1}>`));
  const order = [...w.text.matchAll(/<p(\d+)>/g)].map((m) => Number(m[1]));
  assert.deepEqual(order, Array.from({ length: n }, (_, i) => i));
});

test('T4: two who ask the same at once get a reply each', async (t) => {
  const upstream = await mock(t, (a, nth) => a.say(chat(`reply ${nth}`)));
  const g = await gateway(t, policyFor(upstream));
  const replies = await Promise.all([...Array(20)].map((_, i) => (i % 2 ? chatWith(g) : streamed(g))));
  const whole = replies.filter((r) => r.status === 200).map((r) => said(r.text));
  assert.equal(new Set(whole).size, 10);
});
