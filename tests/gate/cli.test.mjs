// The command line: what it says, what it returns, and which setting wins.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from './lib/test.mjs';
import { BINARY, folder, gateway, policyFor, run } from './lib/gateway.mjs';
import { mock } from './lib/mock.mjs';
import { chatWith, request, streamed } from './lib/client.mjs';

const COMMANDS = ['serve', 'check', 'test', 'store', 'keys', 'usage', 'prices', 'version', 'help'];
const says = (word) => `local p = require "perilune"\nreturn { p.say "${word}" }\n`;
const text = (reply) => reply.json.choices[0].message.content;

for (const command of COMMANDS)
  test(`${command} --help is a manual page`, () => {
    for (const args of [
      [command, '--help'],
      [command, '-h'],
      ['help', command],
    ]) {
      const { status, stdout, stderr } = run(args);
      assert.equal(status, 0, stderr);
      assert.equal(stderr, '');
      for (const part of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'EXIT STATUS', 'EXAMPLES'])
        assert.match(stdout, new RegExp(`^${part}$`, 'm'), `${args}: no ${part}`);
      assert.ok(
        stdout.split('\n').every((line) => line.length <= 80),
        'a line is too long',
      );
    }
  });

test('serve --help names every option with its variable', () => {
  const { stdout } = run(['serve', '--help']);
  for (const name of [
    'listen',
    'workers',
    'policy',
    'store',
    'library',
    'log',
    'grace',
    'deadline',
    'max-body',
    'max-requests',
    'max-memory',
    'max-store',
    'durability',
  ])
    assert.match(
      stdout,
      new RegExp(`--${name}\\b.*PERILUNE_${name.toUpperCase().replaceAll('-', '_')}`),
    );
});

test('without a command, and with --help, there is an overview', () => {
  for (const args of [[], ['--help'], ['-h'], ['help']]) {
    const { status, stdout } = run(args);
    assert.equal(status, 0);
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`perilune ${command}`));
  }
});

test('version prints one line', () => {
  for (const args of [['version'], ['--version']]) {
    const { status, stdout } = run(args);
    assert.equal(status, 0, String(args));
    assert.match(stdout, /^perilune \d+\.\d+\.\d+\n$/);
  }
});

const WRONG = [
  ['nonsense'],
  ['--nonsense'],
  ['serve', '--nonsense'],
  ['serve', '--listen'],
  ['serve', '--workers', '0'],
  ['serve', '--workers', '-1'],
  ['serve', '--workers', 'many'],
  ['serve', '--workers', '1.5'],
  ['serve', '--grace', 'soon'],
  ['serve', '--grace', '-1'],
  ['serve', '--deadline', '0'],
  ['serve', '--deadline', 'noon'],
  ['serve', '--max-body', '0'],
  ['serve', '--max-body', '1furlong'],
  ['serve', '--max-requests', '0'],
  ['serve', '--max-requests', 'few'],
  ['serve', '--max-memory', 'little'],
  ['serve', '--max-store', 'little'],
  ['serve', '--durability', 'steel'],
  ['serve', '--max-memory', '255MiB'],
  ['serve', '--max-memory', '3kB', '--max-body', '1kB'],
  ['serve', '--policy', ''],
  ['serve', 'stray'],
  ['check'],
  ['check', '--nonsense', 'x'],
  ['help', 'nonsense'],
];
for (const args of WRONG)
  test(`perilune ${args.join(' ')} is a 2 that says why`, () => {
    const { status, stdout, stderr } = run(args);
    assert.equal(status, 2, stdout + stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /perilune/);
  });

test('a wrong variable is a 2 that names it', () => {
  const { status, stderr } = run(['serve'], { env: { PERILUNE_WORKERS: 'many' } });
  assert.equal(status, 2);
  assert.match(stderr, /PERILUNE_WORKERS/);
});

test('check tells good from bad, a line each', (t) => {
  const dir = folder(t, { 'good.lua': 'return { "openai/gpt-4o-mini" }', 'bad.lua': 'return {' });
  const good = run(['check', 'good.lua'], { cwd: dir });
  assert.equal(good.status, 0);
  assert.match(good.stdout, /^ok  good\.lua  version [0-9a-f]{8}  models: openai\/gpt-4o-mini\n/);
  assert.equal(run(['check', '-q', 'good.lua'], { cwd: dir }).stdout.split('\n').length, 2);
  const both = run(['check', 'good.lua', 'bad.lua'], { cwd: dir });
  assert.equal(both.status, 1);
  assert.match(both.stdout, /^ok  good\.lua/);
  assert.match(both.stderr, /^bad bad\.lua  .*bad\.lua:1: /);
  assert.equal(run(['check', 'none.lua'], { cwd: dir }).status, 1);
});

// What check prints of a policy, as { world: line }.
function worlds(t, policy, files = {}) {
  const dir = folder(t, { 'a.lua': policy, ...files });
  const { status, stdout, stderr } = run(['check', 'a.lua'], { cwd: dir });
  const lines = [...stdout.matchAll(/^ {4}(\S.*?) {2,}(\d{3}|---) {2}(.*)$/gm)];
  const warnings = [...stdout.matchAll(/^ {4}check: (.*)$/gm)].map((m) => m[1]);
  return {
    status,
    stderr,
    warnings,
    ...Object.fromEntries(lines.map((m) => [m[1], `${m[2]} ${m[3]}`])),
  };
}

test('check runs a policy in the fixed worlds, a path each', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     return { "openai/gpt-4o", "groq/llama", p.sorry "later" }`,
  );
  assert.equal(said.status, 0);
  assert.deepEqual(said.warnings, []);
  assert.equal(said['all well'], '200 gpt-4o ok');
  assert.equal(said['openai/gpt-4o down'], '200 gpt-4o overloaded, llama ok');
  assert.equal(said['groq/llama down'], '200 gpt-4o ok');
  assert.equal(said['all down'], '200 gpt-4o overloaded, llama overloaded, sorry');
  assert.equal(said['limits hit'], '200 gpt-4o rate_limited, llama rate_limited, sorry');
  assert.match(said['bad request'], /^400 gpt-4o bad_request/);
  assert.match(said['content filtered'], /^400 gpt-4o content_filtered/);
  assert.equal(said['context too long'], '200 gpt-4o context_too_long, llama context_too_long, sorry');
  assert.match(said['cut stream'], /^200 gpt-4o broken_stream {2}\(breaks off\)$/);
});

test('check tells what a policy itself does wrong in a world', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     local small = p.model "openai/gpt-4o-mini"
     return function(req)
       local reply = small(req)
       if reply then return reply end
     end`,
  );
  assert.equal(said.status, 1);
  assert.match(said.stderr, /^bad a\.lua {2}openai\/gpt-4o-mini down: a\.lua:6: the policy ended without a reply/m);
});

test('check tells a model that is never asked, and a condition that is never called', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     local large, small = p.model "openai/gpt-4o", p.model "openai/gpt-4o-mini"
     local spare = p.model "groq/llama"
     local function hard(req) return #req.text > 9 end
     return function(req)
       return hard and large(req) or small(req)
     end`,
  );
  assert.equal(said.status, 0);
  assert.deepEqual(said.warnings, [
    'a.lua:6: "hard" is never called; write hard(req)',
    'a.lua: groq/llama is declared and asked in none of these worlds',
  ]);
});

test('check has all keys, and a world for each model that is met anywhere', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     if not p.has "groq" then return "sim/nobody" end
     return { "openai/gpt-4o", "groq/llama", "mistral/small", p.sorry "later" }`,
  );
  assert.deepEqual(said.warnings, []);
  assert.equal(said['mistral/small down'], '200 gpt-4o ok');
  assert.equal(Object.keys(said).indexOf('all down') > Object.keys(said).indexOf('mistral/small down'), true);
});

test('check tells where a client waits', (t) => {
  const said = worlds(t, `return require "perilune".model { "openai/gpt-4o", tries = 2 }`);
  assert.match(said['limits hit'], /rate_limited {2}\(rate_limited\) {2}\(after 30 s\)$/);
  assert.equal(said['all well'], '200 gpt-4o ok');
});

test('check passes over the tests of policies', (t) => {
  const files = { 'a.lua': 'return "openai/x"', 'a_test.lua': 'require "perilune.test"' };
  const { status, stdout, stderr } = run(['check', 'a.lua', 'a_test.lua'], { cwd: folder(t, files) });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^-- {2}a_test\.lua {2}is a test: perilune test a_test\.lua runs it$/m);
});

test('check has a world in which the limits of the policy are hit, and tells a gate that is a condition', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     local own = p.limit("own", "20 requests/min")
     local large = p.model "openai/gpt-4o"
     return function(req)
       return own(req) and large(req) or large(req)
     end`,
  );
  assert.equal(said.status, 0);
  assert.equal(said['all well'], '200 own ok, gpt-4o ok');
  assert.equal(said['over p.limit'], '200 own limited, gpt-4o ok');
  assert.deepEqual(said.warnings, [
    'a.lua:5: own answers only to say no, so large would be asked only when own refused; write "own(req) or large(req)"',
  ]);
});

test('check has a world in which all budgets are empty', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     local daily = p.budget("daily", { "100k tokens/day", each = "user" })
     local cap = p.budget("cap", "50k tokens/request")
     local purse = p.budget("purse", { "5 usd/day", over = "decline" })
     local large = p.model "openai/gpt-4o"
     local free = p.model { "groq/llama", free = true }
     return function(req)
       return daily(req) and free(req) or cap(req) or purse(req) or large(req)
     end`,
  );
  assert.equal(said.status, 0);
  assert.deepEqual(said.warnings, []);
  assert.equal(said['all well'], '200 daily ok, cap ok, purse ok, gpt-4o ok(max_out=4096)');
  assert.equal(said['budgets empty'], '200 daily spent, llama ok');
  const refused = worlds(t, `local p = require "perilune" return { p.budget("daily", "9k tokens/day"), "openai/gpt-4o" }`);
  assert.equal(refused['budgets empty'], '429 daily spent, refuse  (budget_exceeded)');
  const declined = worlds(
    t,
    `local p = require "perilune"
     return { p.budget("daily", { "9k tokens/day", over = "decline" }), "openai/gpt-4o", p.sorry "later" }`,
  );
  assert.equal(declined['budgets empty'], '200 daily ok, gpt-4o budget, sorry');
  const none = worlds(t, `local p = require "perilune" return { p.budget("cap", "9k tokens/request"), "openai/gpt-4o" }`);
  assert.equal(none['budgets empty'], undefined);
});

test('check tells a budget that is taken for a condition, or stands above free answers', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     local daily = p.budget("daily", "100k tokens/day")
     local large = p.model "openai/gpt-4o"
     local answers = p.faq "faq.json"
     local first = p.ladder { daily, answers, large }
     return function(req)
       if req.user == "ann" then return first(req) end
       return daily(req) and large(req)
     end`,
    { 'faq.json': '[{"question": "When are you open?", "answer": "From nine to five."}]' },
  );
  assert.equal(said.status, 0, said.stderr);
  assert.deepEqual(said.warnings, [
    'a.lua:8: daily answers only to say no, so large would be asked only when daily refused; write "daily(req) or large(req)"',
    'a.lua:5: daily stands above answers, so a user without budget loses free answers; put answers(req) first',
    'a.lua: openai/gpt-4o is declared and asked in none of these worlds',
  ]);
});

test('check has a world with the key of an admin', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     local daily = p.budget("daily", "100k tokens/day")
     local large = p.model "openai/gpt-4o"
     return function(req)
       return req.key and req.key.admin or daily(req) or large(req)
     end`,
  );
  assert.equal(said.status, 1);
  assert.match(
    said.stderr,
    /^bad a\.lua {2}an admin's key: a\.lua:5: the policy returned true, not a reply; a condition belongs before "and": "not admin and daily\(req\) or large\(req\)"$/m,
  );
  assert.equal(said['all well'], '200 daily ok, gpt-4o ok(max_out=4096)');
});

test('check shows a request that goes another way', (t) => {
  const said = worlds(
    t,
    `local p = require "perilune"
     local large, small = p.model "openai/gpt-4o", p.model "groq/llama"
     return function(req) return (#req.text > 2000 or req.tools) and large(req) or small(req) end`,
  );
  assert.deepEqual(said.warnings, []);
  assert.equal(said['all well'], '200 llama ok');
  assert.equal(said['a long request'], '200 gpt-4o ok');
  assert.equal(said['with tools'], '200 gpt-4o ok');
  assert.equal(said['openai/gpt-4o down'], '200 gpt-4o overloaded, llama ok');
});

test('check names a model that the client may choose', (t) => {
  const said = worlds(t, `return require "perilune".asked { "openai/*" }`);
  assert.equal(said['all well'], '200 any ok');
  assert.equal(said['openai/any down'], '503 any overloaded  (overloaded)');
  const listed = worlds(
    t,
    `local p = require "perilune"
     return p.asked { p.model "openai/gpt-4o", p.model { "groq/llama", as = "spare" } }`,
  );
  assert.deepEqual(listed.warnings, []);
  const gated = worlds(
    t,
    `local p = require "perilune"
     local allow = p.allow { ["*"] = "openai/gpt-4o-mini" }
     local asked, own = p.asked { "openai/*" }, p.model "groq/llama"
     return function(req) return allow(req) or asked(req) or own(req) end`,
  );
  assert.equal(gated['all well'], '200 gpt-4o-mini ok');
  assert.deepEqual(gated.warnings, []);
});

test('check and serve name the same version', async (t) => {
  const g = await gateway(t, says('x'));
  const { stdout } = run(['check', 'policy.lua'], { cwd: g.dir });
  const { headers } = await chatWith(g);
  assert.equal(stdout.match(/version (\S+)/)[1], headers['x-perilune-policy']);
});

test('an option wins over its variable, a variable over the default', async (t) => {
  const dir = folder(t, { 'policy.lua': says('flag'), 'env.lua': says('env') });
  const env = {
    PERILUNE_POLICY: path.join(dir, 'env.lua'),
    PERILUNE_LOG: 'none',
    PERILUNE_LISTEN: '127.0.0.1:1',
  };
  const flag = await gateway(t, says('flag'), { env, dir });
  assert.equal(text(await chatWith(flag)), 'flag');
  const variable = await gateway(t, null, { env, dir });
  assert.equal(text(await chatWith(variable)), 'env');
  await variable.stop();
  assert.equal(variable.stdout, '', 'PERILUNE_LOG=none was not obeyed');
});

test('--option=value is understood', async (t) => {
  const g = await gateway(t, says('x'), { args: ['--workers=2', '--max-body=1kB'] });
  assert.match(g.stderr, /with 2 workers/);
});

test('--listen may be given more than once', async (t) => {
  const other = await gateway(t, says('x'), { args: ['--listen', '127.0.0.1:0'] });
  assert.equal((await chatWith(other)).status, 200);
});

test('a port that is taken stops the start, with its address', async (t) => {
  const upstream = await mock(t); // somebody who listens there
  const { status, stderr } = run(['serve', '--listen', `127.0.0.1:${upstream.port}`]);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${upstream.port}|in use|taken`, 'i'));
});

test('a second gateway cannot take the port of the first unnoticed', async (t) => {
  const g = await gateway(t, says('x'));
  const { status, stderr } = run(
    ['serve', '--listen', `127.0.0.1:${g.port}`, '--policy', g.policy],
    { patience: 30 },
  );
  assert.equal(status, 1, 'both listen on one port');
  assert.match(stderr, /in use|taken/i);
});

test('an address that is none stops the start', () => {
  for (const address of ['nowhere:x', '127.0.0.1:99999', '127.0.0.1']) {
    const { status, stderr } = run(['serve', '--listen', address]);
    assert.ok([1, 2].includes(status), address);
    assert.match(stderr, /perilune/);
  }
});

test('a log that cannot be written stops the start', (t) => {
  const { status, stderr } = run(['serve', '--listen', '127.0.0.1:0', '--log', '/nowhere/x.log'], {
    cwd: folder(t),
  });
  assert.equal(status, 1);
  assert.match(stderr, /\/nowhere\/x\.log/);
});

test('the greeting says where it listens and what to paste', async (t) => {
  const g = await gateway(t, says('x'), { workers: 2 });
  assert.match(g.stderr, /^perilune \d\S* listens on http:\/\/127\.0\.0\.1:\d+ with 2 workers/);
  assert.match(g.stderr, new RegExp(`curl .*http://127\\.0\\.0\\.1:${g.port}/v1/chat/completions`));
});

// --- one file is enough ---------------------------------------------------------------

test('the program alone, copied to another folder, works', async (t) => {
  const dir = folder(t);
  const bin = path.join(dir, 'moved');
  fs.copyFileSync(BINARY, bin);
  const empty = folder(t);
  const g = await gateway(t, null, { bin, cwd: empty });
  assert.equal((await chatWith(g)).status, 200);
  assert.equal((await streamed(g)).data.at(-1), '[DONE]');
  assert.equal((await request(g, { method: 'GET', path: '/v1/models' })).status, 200);
  assert.equal(run(['help'], { bin, cwd: empty }).status, 0);
  assert.deepEqual(fs.readdirSync(empty), [], 'it left files behind');
});

test('a folder with lua/ overrides what is linked in', async (t) => {
  const upstream = await mock(t);
  const g = await gateway(t, policyFor(upstream, 'return { p.say(require "extra") }'), {
    files: { 'library/lua/extra.lua': 'return "from the library"' },
    args: ['--library', 'library'],
  });
  assert.equal(text(await chatWith(g)), 'from the library');
});
