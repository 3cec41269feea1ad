// perilune test: policies in a simulated world, from the command line.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { BINARY, folder, run } from './lib/gateway.mjs';

const LADDER = 'return { "openai/gpt-4o", "openai/gpt-4o-mini" }\n';

// A test file: the tests given as Lua, each `test(...)`.
const file = (...tests) => `local test = require "perilune.test"\n${tests.join('\n')}\n`;
const one = (name, body, how = '{ policy = "ladder.lua" }') =>
  `test(${JSON.stringify(name)}, ${how}, function(t)\n${body}\nend)`;

// Run them in a folder of their own, which also has the ladder.
function perilune(t, tests, args = [], more = {}) {
  const dir = folder(t, { 'ladder.lua': LADDER, 'a_test.lua': tests, ...more });
  return { dir, ...run(['test', ...args], { cwd: dir }) };
}

test('a test that passes is a line and status 0', (t) => {
  const { status, stdout, stderr } = perilune(
    t,
    file(
      one(
        'a 500 moves on to the next model',
        `t:model("openai/gpt-4o", { fails = 500, times = 3 })
         local reply = t:ask "hello"
         reply:expect { status = 200, path = "gpt-4o server_error, gpt-4o-mini ok",
           model = "gpt-4o-mini", attempts = 2, text = "I am openai/gpt-4o-mini." }
         t:expect { arrivals = { ["openai/gpt-4o"] = 1, ["openai/gpt-4o-mini"] = 1 } }
         t:advance "10m"
         t:expect { seconds = "> 600s" }
         local all = t:ask_many(100, { text = "hi", every = "10ms" })
         all:expect { status = 200, seconds = "< 1s" }
         t:expect { arrivals = 104 }`,
      ),
    ),
  );
  assert.equal(stderr, '');
  assert.match(stdout, /^a_test\.lua\n {2}ok {5}a 500 moves on to the next model\n/);
  assert.match(stdout, /\n1 passed, 0 failed; 10 min of simulated time\n$/);
  assert.equal(status, 0);
});

test('a test that fails tells all that helps, and the status is 1', (t) => {
  const { status, stdout } = perilune(
    t,
    file(
      one('good', 't:ask "x"'),
      one(
        'bad',
        `t:model("openai/*", { fails = 500 })
         t:advance "2s"
         t:ask "hello":expect { status = 200, path = "gpt-4o ok", text = test.has "moon" }`,
        '{ policy = "ladder.lua", seed = 41 }',
      ),
    ),
  );
  assert.equal(status, 1);
  for (const line of [
    /^ {2}ok {5}good$/m,
    /^ {2}not ok bad$/m,
    /^ +status +expected 200, came 502$/m,
    /^ +path +expected gpt-4o ok\n +came +gpt-4o server_error, gpt-4o-mini server_error$/m,
    /^ +text +expected a text with "moon", came none$/m,
    /^ +error +server_error: openai\/gpt-4o-mini: the provider answered 500/m,
    /^ +time +2\.040 s after the beginning$/m,
    /^ +arrivals +openai\/gpt-4o 1, openai\/gpt-4o-mini 1$/m,
    /^ +log +12:00:00\.000 {2}policy_loaded/m,
    /^ +12:00:02\.040 {2}request {2}502 gpt-4o server_error, gpt-4o-mini server_error/m,
    /^ +where +a_test\.lua:8$/m,
    /^ +seed +41; again: perilune test --seed 41 --filter 'bad' a_test\.lua$/m,
    /^1 passed, 1 failed; /m,
  ])
    assert.match(stdout, line);
});

test('a failure says what was never asked, and what is not over', (t) => {
  const { stdout } = perilune(
    t,
    file(
      one(
        'x',
        `t:model("openai/gpt-4o", { hangs = true })
         t:model("openai/gpt4o-mini", { fails = 500 })
         t:send "hello":expect { status = 200 }`,
      ),
    ),
  );
  assert.match(stdout, /^ +never asked +openai\/gpt4o-mini$/m);
  assert.match(stdout, /^ +not over +reply:wait\(\) waits for its end$/m);
});

test('a failing seed is found, printed, and does the same again', (t) => {
  const tests = file(
    one(
      'never unlucky',
      `t:model("openai/gpt-4o", { latency = { "1ms", "100ms" } })
       t:ask "x":expect { seconds = "< 95ms" }`,
    ),
  );
  const many = perilune(t, tests, ['--seeds', '200']);
  assert.equal(many.status, 1);
  const [, seed] = many.stdout.match(/again: perilune test --seed (\d+)/);
  const [, came] = many.stdout.match(/seconds +expected < 95ms, came ([\d.]+)/);
  assert.ok(Number(came) >= 0.095);
  const again = run(['test', '--seed', seed], { cwd: many.dir });
  assert.equal(again.status, 1);
  assert.match(again.stdout, new RegExp(`came ${came.replace('.', '\\.')}\n`));
  assert.equal(run(['test', '--seed', '1'], { cwd: many.dir }).status, 0);
});

test('two processes say the same bytes', (t) => {
  const all = one(
    'all of it',
    `t:model("openai/gpt-4o", { fails = 503, times = 5 }, { limits = "20 requests/min",
         latency = { "10ms", "900ms" } }, { cuts_after = 3, times = 2 })
       local all = t:ask_many(40, function(i)
         return { text = "q" .. i, every = "77ms", stream = i % 2 == 0,
           leaves = i % 7 == 0 and "300ms" or nil }
       end)
       for _, r in ipairs(all) do
         for name, v in pairs(r.headers) do print(name, v) end
         print(r.body, r.path, r.outcome, r.seconds)
       end
       for _, line in ipairs(t:log()) do for name, v in pairs(line) do print(name, v) end end
       print(math.random(1000000))`,
    `{ policy = [[
         local p = require "perilune"
         local a, b = p.model { "openai/gpt-4o", tries = 3 }, p.model "anthropic/claude"
         return function(req)
           local t, said = {}, {}
           for i = 1, 60 do t["name" .. i] = i end
           for name in pairs(t) do said[#said + 1] = name end
           p.log(table.concat(said, " "), { dice = math.random(), first = next(t) })
           if math.random() < 0.5 then p.sleep(math.random()) end
           return a(req) or b(req)
         end ]] }`,
  );
  const tests = file(all);
  const first = perilune(t, tests, ['--seed', '9']);
  const second = perilune(t, tests, ['--seed', '9'], { 'other.txt': 'a folder of another size' });
  const behind = perilune(t, file(one('before it', 't:ask "x"'), all), ['--seed', '9']);
  const other = perilune(t, tests, ['--seed', '10']);
  assert.equal(first.status, 0, first.stdout);
  assert.ok(first.stdout.length > 50000);
  assert.equal(first.stdout, second.stdout);
  const told = ({ stdout }) => stdout.replace('  ok     before it\n', '').replace(/\n\d passed.*/s, '');
  assert.equal(told(behind), told(first));
  assert.notEqual(first.stdout, other.stdout);
});

test('colours are for terminals that want them', (t) => {
  const { dir, stdout } = perilune(t, file(one('x', 't:ask "x"')));
  const seen = (env) =>
    spawnSync('script', ['-qec', `${BINARY} test`, '/dev/null'], {
      cwd: dir,
      env: { PATH: process.env.PATH, ...env },
      encoding: 'utf8',
    }).stdout;
  assert.ok(!stdout.includes('\x1b'));
  assert.match(seen({ TERM: 'xterm' }), /\x1b\[32mok\x1b\[0m/);
  for (const env of [{ TERM: 'dumb' }, { TERM: 'xterm', NO_COLOR: '1' }, {}])
    assert.ok(!seen(env).includes('\x1b[32m'));
});

test('TAP is TAP', (t) => {
  const { status, stdout } = perilune(
    t,
    file(one('good # one', 't:ask "x"'), one('bad', 't:ask "x":expect { status = 404 }')),
    ['--tap'],
    { 'b_test.lua': 'this is no Lua' },
  );
  assert.equal(status, 1);
  const lines = stdout.split('\n').filter((line) => !line.startsWith('#'));
  assert.deepEqual(lines, [
    'TAP version 13',
    'ok 1 - a_test.lua: good \\# one',
    'not ok 2 - a_test.lua: bad',
    'not ok 3 - b_test.lua: the file loads',
    '1..3',
    '',
  ]);
  assert.match(stdout, /^# status +expected 404, came 200$/m);
  assert.match(stdout, /^# b_test\.lua:1: syntax error/m);
});

test('a filter chooses by a part of the name', (t) => {
  const tests = file(one('alpha (1)', 't:ask "x"'), one('beta', 'error "no"'));
  const chosen = perilune(t, tests, ['--filter', '(1)']);
  assert.match(chosen.stdout, /1 passed, 0 failed/);
  const none = run(['test', '--filter', 'gamma'], { cwd: chosen.dir });
  assert.equal(none.status, 2);
  assert.equal(none.stderr, 'perilune test: no test has that in its name; see perilune help test\n');
});

test('files, folders and what is below them are found', (t) => {
  const tests = file(one('x', 't:ask "x"', '{ policy = "policies/default.lua" }'));
  const { dir, stdout } = perilune(t, tests, ['sub', 'odd.lua'], {
    'sub/b_test.lua': tests,
    'sub/deep/er/c_test.lua': tests,
    'sub/helpers.lua': 'error "not a test"',
    'sub/.hidden/d_test.lua': 'error "not looked at"',
    'sub/node_modules/e_test.lua': 'error "not looked at"',
    'odd.lua': tests,
  });
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.endsWith('.lua')),
    ['sub/b_test.lua', 'sub/deep/er/c_test.lua', 'odd.lua'],
  );
  assert.match(run(['test', 'a_test.lua'], { cwd: dir }).stdout, /1 passed/);
});

test('what a command line does not mean is 2', (t) => {
  const { dir } = perilune(t, file());
  for (const [args, why] of [
    [['--sede', '1'], "unknown option '--sede'"],
    [['--seed'], '--seed wants a value'],
    [['--seed', 'x'], '--seed wants a whole number'],
    [['nowhere'], "there is no file or folder 'nowhere'"],
  ]) {
    const { status, stderr, stdout } = run(['test', ...args], { cwd: dir });
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.equal(stderr, `perilune test: ${why}; see perilune help test\n`);
  }
  const empty = folder(t, { 'x.lua': '' });
  assert.match(run(['test'], { cwd: empty }).stderr, /no file here ends in _test\.lua/);
});

test('a policy that does not load fails its tests with the reason', (t) => {
  const { status, stdout } = perilune(
    t,
    file(one('x', 't:ask "x"', '{ policy = "broken.lua" }')),
    [],
    { 'broken.lua': 'local p = require "perilune"\nreturn p.modle "x/y"\n' },
  );
  assert.equal(status, 1);
  assert.match(stdout, /the policy does not load: broken\.lua:2: there is no p\.modle/);
});

test('mistakes in a test are told at its line', (t) => {
  for (const [body, why] of [
    ['t:modle("openai/x", {})', 'a_test.lua:3: there is no t.modle'],
    ['t:model("openai", {})', 't:model: expected a name such as "openai/gpt-4o"; write "openai/*"'],
    ['t:model("openai/x", { fail = 503 })', 'a_test.lua:3: t:model: unknown option \'fail\''],
    ['t:ask "x":expect "y"', 'a_test.lua:3: expect: name what is expected'],
    ['t:expect "y"', 'a_test.lua:3: expect: name what is expected'],
    ['t:ask { headers = "x" }', 'such as { ["x-team"] = "blue" }'],
    ['t:ask { txt = "x" }', "a_test.lua:3: t:ask: unknown option 'txt'"],
    ['t:ask "x":expect { statsu = 200 }', 'did you mean "status"?'],
    ['local r = t:ask "x" print(r.staus)', 'did you mean "status"?'],
    ['t:model("openai/x", { limits = "5 usd/day" })', 'such as "10 requests/min"'],
    ['local x = nil + 1', 'a_test.lua:3: attempt to perform arithmetic'],
  ]) {
    const { status, stdout } = perilune(t, file(one('x', body)));
    assert.equal(status, 1, body);
    assert.ok(stdout.includes(why), `${body}\n${stdout}`);
  }
});

test('tests reach no file, no program and no other module', (t) => {
  const { stdout } = perilune(
    t,
    file(
      one(
        'x',
        `for _, name in ipairs { "os", "io", "debug", "package", "dofile", "loadfile" } do
           assert(_G == nil and _ENV[name] == nil, name)
         end
         assert(not pcall(require, "cli.help.nothing"))
         assert(require "helper" == 42)`,
      ),
    ),
    [],
    { 'helper.lua': 'return 42' },
  );
  assert.match(stdout, /1 passed/, stdout);
});

test('no key and no variable of the environment is looked at', (t) => {
  const tests = file(
    one('x', 't:ask "x":expect { text = "I am openai/a." }', '[[return "openai/a"]]'),
    one('y', 't:ask "x":expect { fault = "auth" }', '{ policy = [[return "openai/a"]], keys = {} }'),
  );
  const dir = folder(t, { 'a_test.lua': tests });
  for (const env of [{}, { OPENAI_API_KEY: 'sk-real' }])
    assert.match(run(['test'], { cwd: dir, env }).stdout, /2 passed, 0 failed/);
});

test('what a test can look at', (t) => {
  const { stdout } = perilune(
    t,
    file(
      one(
        'requests as models get them',
        `assert(t:last "openai/gpt-4o" == nil)
         t:ask { text = "hello", user = "ann", max_tokens = 9, body = { seed = 3 } }
         local sent = t:last "openai/gpt-4o"
         assert(sent.body.model == "gpt-4o" and sent.body.max_tokens == 9 and sent.body.seed == 3)
         assert(sent.body.messages[1].content == "hello")
         assert(sent.headers.authorization == "Bearer simulated-OPENAI_API_KEY")`,
      ),
      one(
        'pieces of a stream and when they came',
        `t:model("openai/gpt-4o", { text = "one two three", rate = 10, latency = "100ms" })
         local r = t:ask { text = "hi", stream = true }
         assert(#r.pieces == 3 and r.pieces[2].text == " two")
         assert(math.abs(r.pieces[3].at - r.pieces[2].at - 0.1) < 1e-6)
         r:expect { text = "one two three", finish = "stop", first_seconds = "100ms",
           seconds = 0.3, stream = true, error = false }`,
      ),
      one(
        'a stream that breaks off',
        `t:model("openai/gpt-4o", { text = "one two three", cuts_after = 3 })
         t:ask { text = "hi", stream = true }:expect { cut = true, text = "one two",
           path = test.has "broken" }`,
      ),
      one(
        'clients that leave',
        `t:model("openai/gpt-4o", { hangs = true })
         local a = t:send "one"
         local b = t:send { text = "two", leaves = "2s" }
         t:later("1s", function() t:leave(a) end)
         t:advance "500ms"
         assert(not a.done and a.status == nil)
         t:advance "2s"
         a:expect { done = true, left = true, seconds = 1, outcome = "client_gone" }
         b:expect { left = true, seconds = 2 }`,
      ),
      one(
        'edits while it runs',
        `t:ask "x":expect { model = "gpt-4o" }
         assert(t:edit 'return "openai/gpt-4o-mini"')
         t:ask "x":expect { model = "gpt-4o-mini" }
         local ok, why = t:edit 'return nonsense'
         assert(not ok and why:find "nonsense")
         t:ask "x":expect { model = "gpt-4o-mini" }
         local events = {}
         for _, line in ipairs(t:log()) do events[#events + 1] = line.event end
         assert(table.concat(events, " ") ==
           "policy_loaded request policy_reloaded request policy_error request")`,
      ),
      one(
        'other endpoints, and bodies that are wrong',
        `t:ask { path = "/healthz", method = "GET" }:expect { status = 200 }
         assert(t:ask { path = "/healthz", method = "GET" }:json().status == "ok")
         t:ask { body = "{" }:expect { status = 400, error = "invalid_json" }
         t:ask { path = "/nowhere" }:expect { status = 404, error = "unknown_url" }`,
      ),
      one(
        'limits, and what the heads say of them',
        `t:model("openai/gpt-4o", { limits = { "2 requests/min", "1M tokens/min" } })
         t:ask_many(3, { text = "x", every = "1s" })
         t:expect { limited = { ["openai/gpt-4o"] = 1 }, refused = 0, arrivals = 4 }
         assert(t:arrivals "openai/gpt-4o" == 3 and t:arrivals() == 4)
         local two = t:ask_many(2, function(i) return "q" .. i end)
         assert(two:count { model = "gpt-4o-mini" } == 2 and two:seconds(1) < 0.1)`,
      ),
      one(
        'wholes, and what is well again',
        `t:model("*", { fails = 500 })
         t:ask "x":expect { path = test.has("gpt-4o server_error", "gpt-4o-mini server_error") }
         t:model("openai/gpt-4o-mini")
         t:ask "x":expect { model = "gpt-4o-mini" }
         t:model("openai/*")
         t:ask "x":expect { model = "gpt-4o", headers = { ["x-perilune-attempts"] = "1" } }`,
      ),
      one(
        'the calendar',
        `t:policy [[local p = require "perilune"
           return function() return p.say(tostring(p.now())) end]]
         t:ask "x":expect { text = "1774747800.0" }
         t:advance "1h"
         t:ask "x":expect { text = "1774751400.0" }`,
        '{ at = "2026-03-29 01:30" }',
      ),
    ),
  );
  assert.match(stdout, /9 passed, 0 failed/, stdout);
});

test('every example of the reference passes', (t) => {
  const text = fs.readFileSync('../../lua/TESTING.md', 'utf8');
  const examples = [...text.matchAll(/^```lua\n(.*?)^```$/gms)].map((match) => match[1]);
  assert.ok(examples.length > 3);
  const files = Object.fromEntries(examples.map((example, i) => [`${i}_test.lua`, example]));
  const dir = folder(t, { 'ladder.lua': LADDER, ...files });
  const { status, stdout } = run(['test'], { cwd: dir });
  assert.equal(status, 0, stdout);
});

test('every word of a reply and of an act is in the reference', () => {
  const text = fs.readFileSync('../../lua/TESTING.md', 'utf8');
  const words = (file, from) => {
    const source = fs.readFileSync(`../../lua/${file}`, 'utf8');
    const block = source.slice(source.indexOf(from));
    return [...block.slice(0, block.indexOf('\n}')).matchAll(/\b(\w+) = /g)].map((m) => m[1]);
  };
  const all = [
    ...words('testing/reply.lua', 'local FIELDS = {').slice(1),
    ...words('testing/acts.lua', 'local WORDS = {').slice(1),
    ...words('testing/request.lua', 'local OPTIONS = {').slice(1),
    ...words('perilune/test.lua', 'local OPTIONS = {').slice(1),
  ];
  assert.ok(all.length > 40);
  for (const word of all) assert.match(text, new RegExp('`[^`]*\\b' + word + '\\b'), word);
});

test('a path from anywhere finds the policy beside its test', (t) => {
  const { dir } = perilune(t, file(one('x', 't:ask "x":expect { model = "gpt-4o" }')));
  const away = folder(t);
  assert.equal(run(['test', path.join(dir, 'a_test.lua')], { cwd: away }).status, 0);
});
