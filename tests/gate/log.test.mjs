// The log: a line of JSON for each request, with everything but the content.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, until } from './lib/test.mjs';
import { BINARY, folder, gateway, policyFor } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { targets } from './lib/proc.mjs';
import { chatWith, request, streamed, wire } from './lib/client.mjs';
import { KEY, USAGE, error } from './lib/words.mjs';

const FIELDS = {
  time: 'string',
  event: 'string',
  request_id: 'string',
  session: 'string',
  user: 'string',
  model_asked: 'string',
  provider: 'string',
  model: 'string',
  path: 'string',
  attempts: 'number',
  status: 'number',
  prompt_tokens: 'number',
  completion_tokens: 'number',
  cached_tokens: 'number',
  latency_ms: 'number',
  ttft_ms: 'number',
  overhead_us: 'number',
  lua_us: 'number',
  policy_version: 'string',
  fault: 'object',
};

async function setting(t, body, answer = usual, options = {}) {
  const upstream = await mock(t, answer);
  return { upstream, g: await gateway(t, policyFor(upstream, body), options) };
}

test("a request's line has every field, and the figures fit", async (t) => {
  const { g } = await setting(t);
  const reply = await streamed(
    g,
    { model: 'asked-for' },
    {
      headers: {
        'x-request-id': 'r-1',
        'x-perilune-user': 'alice',
        'x-perilune-session': 's-1',
      },
    },
  );
  const line = await g.line('r-1');
  for (const [name, type] of Object.entries(FIELDS))
    assert.equal(typeof line[name], type, `${name} is ${JSON.stringify(line[name])}`);
  assert.equal(line.session, 's-1');
  assert.equal(line.user, 'alice');
  assert.equal(line.model_asked, 'asked-for');
  assert.equal(line.provider, 'up');
  assert.equal(line.model, 'm');
  assert.equal(line.path, 'm ok');
  assert.equal(line.attempts, 1);
  assert.equal(line.status, 200);
  assert.equal(line.prompt_tokens, USAGE.prompt_tokens);
  assert.equal(line.completion_tokens, USAGE.completion_tokens);
  assert.equal(line.policy_version, reply.headers['x-perilune-policy']);
  assert.equal(line.fault, null);
  assert.ok(!Number.isNaN(Date.parse(line.time)));
  assert.ok(line.latency_ms > 0 && line.ttft_ms > 0 && line.ttft_ms <= line.latency_ms);
  assert.ok(line.lua_us <= line.overhead_us && line.overhead_us <= line.latency_ms * 1000);
});

test('waiting for the upstream is no overhead of ours', async (t) => {
  const { g } = await setting(t, undefined, async (a) => {
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
    a.say();
  });
  const reply = await chatWith(g);
  const line = await g.line(reply.headers['x-request-id']);
  assert.ok(line.latency_ms >= 990, `${line.latency_ms} ms`);
  assert.ok(line.overhead_us < line.latency_ms * 500, `${line.overhead_us} us`);
});

test('cached tokens are told', async (t) => {
  const { g } = await setting(t, undefined, (a) =>
    a.say({
      choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
      usage: { ...USAGE, prompt_tokens_details: { cached_tokens: 5 } },
    }),
  );
  const reply = await chatWith(g);
  assert.equal((await g.line(reply.headers['x-request-id'])).cached_tokens, 5);
});

test("a failure's line has its fault and no figures that nobody told", async (t) => {
  const { g } = await setting(t, undefined, (a) => a.say(error('no'), 500));
  const reply = await chatWith(g);
  const line = await g.line(reply.headers['x-request-id']);
  assert.equal(line.status, 502);
  assert.equal(line.fault, 'server_error');
  assert.equal(line.path, 'm server_error');
  assert.equal(line.prompt_tokens, null);
});

test('there is one line for each request, whole, whatever the worker', async (t) => {
  const { g } = await setting(t, undefined, usual, { workers: 2 });
  const replies = await Promise.all(
    Array.from({ length: 300 }, (_, i) => (i % 2 ? chatWith(g) : streamed(g))),
  );
  for (const reply of replies) await g.line(reply.headers['x-request-id']);
  const ids = g.log.filter((l) => l.event === 'request').map((l) => l.request_id);
  assert.equal(ids.length, 300);
  assert.equal(new Set(ids).size, 300);
});

test('control characters never reach the log bare', async (t) => {
  const { g } = await setting(t);
  const nasty = 'a\u0000\u0007\u001b[31m\n{"event":"forged"}\r\t\u007f\u2028"\\';
  const reply = await chatWith(g, { user: nasty, model: nasty });
  const line = await g.line(reply.headers['x-request-id']);
  assert.equal(line.model_asked, nasty);
  assert.doesNotMatch(g.stdout.replace(/\n/g, ''), /[\x00-\x1f]/);
  assert.ok(!g.log.some((l) => l.event === 'forged'));
});

test('bytes that are no UTF-8 in a header do not break the line', async (t) => {
  const { g } = await setting(t);
  const w = await wire(t, g);
  w.send(
    Buffer.from(
      'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Perilune-User: \xff\xfea\r\n' +
        'X-Request-Id: odd\r\nContent-Length: 49\r\n\r\n' +
        '{"messages":[{"role":"user","content":"CANARY"}]}',
      'latin1',
    ),
  );
  await w.heard(/HTTP\/1\.1 200/);
  assert.equal((await g.line('odd')).status, 200);
});

test('no prompt, no answer and no key is ever told', async (t) => {
  // Every gateway of these tests is looked through when it stops; this one
  // has seen all that can be told.
  const { g } = await setting(
    t,
    `
local key = p.secret "UP_KEY"
p.provider("echo", { url = "http://127.0.0.1:9/v1", key = key })
p.log("loaded", { key = tostring(key) })
local m, e = p.model "up/m", p.model "echo/m"
return function(req)
  p.log("asked", { secret = tostring(key), request = tostring(req) })
  return e(req) or m(req)
end`,
    (a, nth) => (nth % 3 === 0 ? a.say(error(`bad key ${KEY} in CANARY-PROMPT`), 401) : usual(a)),
    { env: { UP_KEY: KEY } },
  );
  for (let i = 0; i < 6; i++) {
    await chatWith(g);
    await streamed(g);
  }
  await request(g, { body: '{"messages": CANARY' });
  await until(() => g.log.filter((l) => l.event === 'request').length === 12, 'the lines');
  assert.doesNotMatch(g.stdout + g.stderr, /CANARY/);
});

test('a reader that never reads blocks no request, and what is lost is counted', async (t) => {
  // A pipe that nobody reads: paused from the start.
  const { g } = await setting(
    t,
    `return function(req)
  for i = 1, 40 do p.log(string.rep("x", 4000)) end
  return p.say "x" end`,
    usual,
    { workers: 2 },
  );
  g.child.stdout.pause();
  const reply = await chatWith(g);
  assert.equal(reply.status, 200);
  for (let i = 0; i < 40; i++) {
    const some = await Promise.all(Array.from({ length: 5 }, () => chatWith(g)));
    assert.ok(some.every((r) => r.status === 200));
  }
  g.child.stdout.resume();
  // Once there is room again, a line tells how many were lost.
  await until(async () => {
    await chatWith(g);
    return g.log.some((l) => l.event === 'log_lines_dropped' && l.lines > 0);
  }, 'the count of what was lost');
});

test('a reader of stdout that is gone hurts nobody', async (t) => {
  const { g } = await setting(t);
  g.child.stdout.destroy();
  for (let i = 0; i < 50; i++) assert.equal((await chatWith(g)).status, 200);
});

test('--log FILE appends to a file, and stdout is silent', async (t) => {
  const { g } = await setting(t, undefined, usual, { args: ['--log', 'perilune.log'] });
  const file = path.join(g.dir, 'perilune.log');
  g.logFile = () => fs.readFileSync(file, 'utf8');
  const reply = await chatWith(g, {}, { headers: { 'x-request-id': 'in-file' } });
  assert.equal(reply.status, 200);
  await until(() => g.logFile().includes('"in-file"'), 'the line in the file');
  assert.equal(g.stdout, '');
  assert.equal(fs.statSync(file).mode & 0o007, 0, 'others may read the log');
});

/** A log that nothing can be written to hurts nobody, start to end. */
async function servesInto(t, stdout, args = []) {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream), { stdout, args, workers: 2 });
  for (let i = 0; i < 30; i++) {
    assert.equal((await chatWith(g)).status, 200);
    assert.equal((await streamed(g)).status, 200);
  }
  assert.equal((await g.stop(), g.code), 0);
}

test('a full disk under the log hurts nobody', async (t) => {
  const full = fs.openSync('/dev/full', 'w');
  t.after(() => fs.closeSync(full));
  await servesInto(t, full);
  await servesInto(t, 'ignore', ['--log', '/dev/full']);
});

test('a stdout that is closed hurts nobody, and nothing else is taken for it', async (t) => {
  // What is opened first would get its number, and log lines would go there.
  const dir = folder(t, {
    'closed.sh': `#!/bin/sh\nexec "${BINARY}" "$@" >&-\n`,
    'policy.lua': 'local p = require "perilune"\nreturn p.say "x"\n',
  });
  fs.chmodSync(path.join(dir, 'closed.sh'), 0o755);
  const g = await gateway(t, '', { bin: path.join(dir, 'closed.sh'), dir, stdout: 'ignore' });
  for (let i = 0; i < 20; i++) assert.equal((await chatWith(g)).status, 200);
  assert.equal(targets(g.pid)[1], '/dev/null', 'descriptor 1 is something else');
});

test('--log none writes nothing', async (t) => {
  const { g } = await setting(t, undefined, usual, { args: ['--log', 'none'] });
  await chatWith(g);
  await g.stop();
  assert.equal(g.stdout, '');
});
