// Policies with mistakes: the author is told in the log, with file and line,
// the client gets a plain 500, and the gateway serves the next request.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { folder, gateway, policyFor, run } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, streamed } from './lib/client.mjs';
import { ANSWER } from './lib/words.mjs';

/** The policy goes wrong only for the first request of each kind. */
async function setting(t, body, options = {}) {
  const upstream = await mock(t);
  return { upstream, g: await gateway(t, policyFor(upstream, body), options) };
}

async function assertPlain500(reply) {
  assert.equal(reply.status, 500);
  assert.equal(reply.json.error.type, 'server_error');
  assert.equal(reply.headers['x-should-retry'], 'false');
  assert.doesNotMatch(reply.text, /policy\.lua|LUA|attempt|stack|:\d+:/);
}

/** What the log says of this request's policy. */
async function told(g, reply) {
  const id = reply.headers['x-request-id'];
  const line = await g.logged(
    (l) => l.event === 'policy_error' && l.request_id === id,
    'the error',
  );
  const end = await g.line(id);
  assert.equal(end.status, 500);
  assert.equal(end.fault, 'policy');
  return line.message;
}

// The body stands in "return function(req) ... end", each from line 4 on: what
// the log must say, after "policy.lua:".
const RUNTIME = {
  'raises a text': ['error "LUA-TEXT"', /5: LUA-TEXT/],
  'raises a table': ['error({})', /raised/],
  'raises nil': ['error(nil)', /raised/],
  'indexes nil': ['return req.text.x.y.z', /5: .*index/],
  'calls nil': ['return m.nothing(req)', /5: /],
  'reads an undefined global': ['return nothing(req)', /5: .*nothing/],
  'sets a global': ['x = 1 return m(req)', /5: .*x/],
  'runs for ever': ['while true do end', /./],
  'runs for ever within pcall': ['while true do pcall(function() while true do end end) end', /./],
  'recurses for ever': ['local function f() return 1 + f() end f()', /5: /],
  'fills all memory with a text': ['local s = "x" while true do s = s .. s end', /./],
  'fills all memory with tables': ['local t = {} while true do t[#t + 1] = { {} } end', /./],
  'fills all memory within pcall': [
    'while true do pcall(string.rep, "x", 1 << 40) local t = {} for i = 1, 1e7 do t[i] = {} end end',
    /./,
  ],
  'asks for a huge text': ['return p.say(string.rep("x", 1 << 40))', /./],
};
for (const [what, [code, says]] of Object.entries(RUNTIME))
  test(`a policy that ${what} is a 500, and the next request is fine`, async (t) => {
    const { g } = await setting(
      t,
      `local m = p.model "up/m" return function(req)
if req.stream then return m(req) end
${code}
end`,
    );
    for (let i = 0; i < 2; i++) {
      const reply = await chatWith(g);
      await assertPlain500(reply);
      assert.match(await told(g, reply), says);
      const next = await streamed(g);
      assert.equal(next.status, 200);
      assert.match(next.text, new RegExp(ANSWER));
    }
  });

test('an error names the file and the line it was raised at', async (t) => {
  const { g } = await setting(t, 'return function(req)\n\n\n  error "LUA-TEXT"\nend');
  const message = await told(g, await chatWith(g));
  assert.match(message, /policy\.lua:6: LUA-TEXT/);
});

test('an error in a module names the module', async (t) => {
  const { g } = await setting(
    t,
    'local h = require "helpers" return function(req) return h(req) end',
    { files: { 'helpers.lua': 'return function(req)\n  error "LUA-TEXT"\nend' } },
  );
  assert.match(await told(g, await chatWith(g)), /helpers\.lua:2: LUA-TEXT/);
});

test('an error after a wait is told the same', async (t) => {
  const { g } = await setting(
    t,
    `local m = p.model "up/m"
return function(req)
  m(req)
  p.sleep "1ms"
  error "LUA-TEXT"
end`,
  );
  assert.match(await told(g, await chatWith(g)), /policy\.lua:7: LUA-TEXT/);
});

test("no pcall swallows the end of a request's time", async (t) => {
  const { g } = await setting(
    t,
    `return function(req)
  for i = 1, 100 do pcall(function() while true do end end) end
  return p.say "escaped"
end`,
  );
  await assertPlain500(await chatWith(g));
});

test('p.rescue answers when the policy raises, whole and as a stream', async (t) => {
  const { g } = await setting(
    t,
    `p.rescue { "up/m", p.sorry "broken" }
return function(req) error "LUA-TEXT" end`,
  );
  for (const reply of [await chatWith(g), await streamed(g)]) {
    assert.equal(reply.status, 200);
    assert.match(reply.text, new RegExp(ANSWER));
    assert.match(reply.headers['x-perilune-path'], /, m ok$/);
  }
  await g.logged((l) => l.event === 'policy_error' && /LUA-TEXT/.test(l.message));
});

test('p.rescue answers after an endless loop and a memory bomb, too', async (t) => {
  const { g } = await setting(
    t,
    `p.rescue { p.sorry "broken" }
return function(req)
  if req.stream then while true do end end
  local s = "x" while true do s = s .. s end
end`,
  );
  assert.match((await chatWith(g)).text, /broken/);
  assert.match((await streamed(g)).text, /broken/);
});

// --- what is no reply (the table of LANGUAGE) -----------------------------------

const D = 'local small = p.model { "up/m", as = "small" }\n';
const RETURNS = {
  'no return': [
    `${D}return function(req)\n  local r = small(req)\nend`,
    /policy\.lua:6: the policy ended without a reply; write "return /,
  ],
  'a condition as the reply': [
    `${D}return function(req)\n  return true or small(req)\nend`,
    /policy\.lua:5: the policy returned true, not a reply; a condition belongs before "and"/,
  ],
  'the rung and not its reply': [
    `${D}return function(req)\n  return small\nend`,
    /policy\.lua:5: the policy returned the rung small, not its reply; write small\(req\)/,
  ],
  'a text': [
    `${D}return function(req)\n  return "hello"\nend`,
    /policy\.lua:5: .*write p\.say "hello"/,
  ],
  'a number': [`${D}return function(req)\n  return 42\nend`, /policy\.lua:5: .*number/],
  'a table': [`${D}return function(req)\n  return {}\nend`, /policy\.lua:5: .*table/],
  'the request': [`${D}return function(req)\n  return req\nend`, /policy\.lua:5: .*not a reply/],
  'a function': [
    `${D}return function(req)\n  return function() end\nend`,
    /policy\.lua:5: .*function/,
  ],
  'a declaration inside the request': [
    `${D}return function(req)\n  return p.model "openai/gpt-4o"(req)\nend`,
    /policy\.lua:5: p\.model "openai\/gpt-4o" is a declaration; move it above "return function\(req\)"/,
  ],
  'a request changed in place': [
    `${D}return function(req)\n  req.model = "x"\n  return small(req)\nend`,
    /policy\.lua:5: a request is not changed in place; write small\(req:with { model = "x" }\)/,
  ],
};
for (const [what, [body, says]] of Object.entries(RETURNS))
  test(`${what}: the log says what to write`, async (t) => {
    const { g } = await setting(t, body);
    const reply = await chatWith(g);
    await assertPlain500(reply);
    assert.match(await told(g, reply), says);
  });

// --- what does not load -----------------------------------------------------------

const P = 'local p = require "perilune"\n';
const LOAD = {
  'a syntax error': ['return function(req', /policy\.lua:1: /],
  'an error at load': [`${P}error "at load"`, /policy\.lua:2: at load/],
  'nothing returned': [
    P,
    /the policy file returned nothing; end it with "return function\(req\) ... end"/,
  ],
  'a number returned': [`${P}return 42`, /the policy file returned 42/],
  'an endless loop at load': ['while true do end', /./],
  'a memory bomb at load': ['local s = "x" while true do s = s .. s end', /./],
  'a wait at load': [`${P}p.sleep "1s"`, /policy\.lua:2: .*nothing may wait/],
  'a nil in a list': [`${P}return { "sim/a", p.none, "sim/b" }`, /policy\.lua:2: .*p\.none/],
  'a nil field in a list': [
    `${P}local my = {}\nlocal l = p.ladder { "sim/a", my.model, "sim/b" }\nreturn l`,
    /policy\.lua:3: ladder: item 2 of 3 is nil \(is a field misspelt\?\)/,
  ],
  'an unknown option': [
    `${P}local m = p.model { "sim/m", timout = "1s" }`,
    /policy\.lua:2: model: unknown option 'timout' \(there are: as, breaker, concurrency, connect, first, free, idle, max_out, most, on, total, tries\); did you mean "total"\?/,
  ],
  'a time without its unit': [
    `${P}local m = p.model { "sim/m", first = 10000 }`,
    /policy\.lua:2: 'first = 10000' is 10000 seconds; write "10s" or "10000ms"/,
  ],
  'a model without its provider': [
    `${P}local m = p.model "gpt-4o"`,
    /policy\.lua:2: model: "gpt-4o" names no provider; write "openai\/gpt-4o"/,
  ],
  'an unknown provider': [`${P}local m = p.model "opnai/gpt-4o"`, /policy\.lua:2: .*opnai/],
  'an unknown word': [
    `${P}local m = p.modle "sim/m"`,
    /policy\.lua:2: there is no p\.modle \(did you mean p\.model\?\)/,
  ],
  'the same name with other options': [
    `${P}local a = p.model { "sim/a", as = "small" }\nlocal b = p.model { "sim/b", as = "small" }`,
    /policy\.lua:3: model "small" was declared at .*policy\.lua:2 with "sim\/a", as = "small"; use that one or another name/,
  ],
  'a key in the open': [
    `${P}local s = p.secret "sk-CANARY-KEY"`,
    /policy\.lua:2: secret: .*not shown/,
  ],
  'a global set at load': ['x = 1', /policy\.lua:1: .*x/],
  'os.execute': ['os.execute "true"', /policy\.lua:1: .*os/],
  'a module that is not there': [`${P}require "nothing"`, /policy\.lua:2: .*nothing/],
  bytecode: ['\x1bLua', /./],
};
for (const [what, [text, says]] of Object.entries(LOAD))
  test(`${what}: the gateway does not start, and says why`, (t) => {
    const dir = folder(t, { 'policy.lua': text });
    const file = path.join(dir, 'policy.lua');
    const served = run(['serve', '--listen', '127.0.0.1:0', '--policy', file], { cwd: dir });
    assert.equal(served.status, 1, served.stderr);
    assert.match(served.stderr, says);
    const checked = run(['check', file], { cwd: dir });
    assert.equal(checked.status, 1);
    assert.match(checked.stderr, says);
    assert.doesNotMatch(
      served.stderr + served.stdout + checked.stderr,
      /CANARY|Sanitizer|runtime error:/,
    );
  });

test('a policy file that is missing stops the start, with its name', (t) => {
  const dir = folder(t);
  const { status, stderr } = run(['serve', '--listen', '127.0.0.1:0', '--policy', 'none.lua'], {
    cwd: dir,
  });
  assert.equal(status, 1);
  assert.match(stderr, /none\.lua.*no such file/i);
});
