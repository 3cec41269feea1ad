// p.faq: written answers, and the degradation ladder they stand in.

import assert from 'node:assert/strict';
import { test } from './lib/test.mjs';
import { folder, gateway, policyFor, run } from './lib/gateway.mjs';
import { mock, usual } from './lib/mock.mjs';
import { chatWith, streamed } from './lib/client.mjs';
import { error, textOf } from './lib/words.mjs';

const FAQ = [
  {
    question: 'How do I reset my password?',
    questions: ['I cannot log in'],
    keywords: ['forgot'],
    answer: 'Go to "Settings" 🌙.',
  },
  { question: 'How do I change my e-mail address?', answer: 'By letter.' },
];

const said = (content) => ({ messages: [{ role: 'user', content }] });

async function setting(t, policy, answer = usual, faq = FAQ) {
  const upstream = await mock(t, answer);
  const g = await gateway(t, policyFor(upstream, policy), {
    files: { 'faq.json': typeof faq === 'string' ? faq : JSON.stringify(faq, null, 1) },
  });
  return { upstream, g };
}

test('what is asked often is answered without a model', async (t) => {
  const { upstream, g } = await setting(t, 'return { p.faq "faq.json", "up/m" }');
  const reply = await chatWith(g, said('I forgot my password!'));
  assert.equal(reply.status, 200);
  assert.equal(reply.json.choices[0].message.content, 'Go to "Settings" 🌙.');
  assert.equal(reply.headers['x-perilune-path'], 'faq hit');
  const stream = await streamed(g, said("I can't log in"));
  assert.equal(textOf(stream.data), 'Go to "Settings" 🌙.');
  assert.equal(upstream.arrivals.length, 0);
});

test('what is not there is asked of the next rung, and is no failure', async (t) => {
  const { upstream, g } = await setting(
    t,
    `local faq, m = p.faq "faq.json", p.model "up/m"
     return function(req) return faq(req) or req.fault.kind == "none" and m(req) end`,
  );
  for (const other of ['How do I change my password?', 'How do I reset my e-mail?', 'password']) {
    const reply = await chatWith(g, said(other));
    assert.equal(reply.headers['x-perilune-path'], 'faq miss, m ok', other);
  }
  assert.equal(upstream.arrivals.length, 3);
});

test('a question with a picture is none of those', async (t) => {
  const { g } = await setting(t, 'return { p.faq "faq.json", "up/m" }');
  const reply = await chatWith(
    g,
    said([
      { type: 'text', text: 'reset my password' },
      { type: 'image_url', image_url: { url: 'data:,' } },
    ]),
  );
  assert.equal(reply.headers['x-perilune-path'], 'faq miss, m ok');
});

test('the steps of a ladder: a model, a simpler one, a written answer, an apology', async (t) => {
  const down = new Set();
  const { g } = await setting(
    t,
    'return { "up/large", "up/small", p.faq "faq.json", p.sorry "Please try again later." }',
    (a) => (down.has(a.json.model) ? a.say(error('busy'), 503) : usual(a)),
  );
  const path = async (text) =>
    (await chatWith(g, said(text))).headers['x-perilune-path'];
  assert.equal(await path('x'), 'large ok');
  down.add('large');
  assert.equal(await path('x'), 'large overloaded, small ok');
  down.add('small');
  assert.equal(await path('reset password'), 'large overloaded, small overloaded, faq hit');
  const last = await chatWith(g, said('anything else'));
  assert.equal(
    last.headers['x-perilune-path'],
    'large overloaded, small overloaded, faq miss, sorry',
  );
  assert.equal(last.json.choices[0].message.content, 'Please try again later.');
});

test('it answers when the policy itself raises', async (t) => {
  const { g } = await setting(
    t,
    `p.rescue { p.faq "faq.json", p.sorry "Something broke." }
     return function(req) error "bug" end`,
  );
  const reply = await chatWith(g, said('reset my password'));
  assert.equal(reply.status, 200);
  assert.equal(reply.json.choices[0].message.content, 'Go to "Settings" 🌙.');
});

test('the file is watched as the policy is', async (t) => {
  const { g } = await setting(t, 'return p.faq "faq.json"');
  g.edit(JSON.stringify([{ ...FAQ[0], answer: 'Otherwise.' }]), 'faq.json');
  const reply = await chatWith(g, said('reset my password'));
  assert.equal(reply.json.choices[0].message.content, 'Otherwise.');
});

test('`min` says how sure it must be', async (t) => {
  const { g } = await setting(
    t,
    'return { p.faq { "faq.json", min = 1 }, p.faq { "faq.json", min = 0.3 } }',
  );
  const reply = await chatWith(g, said('reset the password of an account'));
  assert.equal(reply.headers['x-perilune-path'], 'faq miss, faq hit');
});

test('a policy sees that a reply is of the faq', async (t) => {
  const { g } = await setting(
    t,
    `local faq = p.faq "faq.json"
     return function(req) local r = faq(req) return p.say(tostring(r.faq) .. r.status .. r:text()) end`,
  );
  const reply = await chatWith(g, said('reset my password'));
  assert.equal(reply.json.choices[0].message.content, 'true200Go to "Settings" 🌙.');
});

const MISTAKES = {
  'a comma too many': ['[\n {"question":"x",}\n]', 'line 2, column 18: '],
  nothing: ['', 'line 1, column 1: '],
  'no list': ['{"a":1}', 'it is no list of entries such as { "question": "...", "answer": "..." }'],
  'an empty list': ['[]', 'it is no list of entries such as'],
  'no object': ['[1]', 'entry 1 is no object such as'],
  'no answer': ['[{"question":"open door"}]', 'entry 1 has no "answer" that is a text'],
  'no question': ['[{"answer":"x"}]', 'entry 1 has no "question"'],
  'a name misspelt': [
    '[{"question":"open door","answer":"x"},{"question":"a b","anser":"x"}]',
    'entry 2 has an unknown name (there are: answer, keywords, question, questions)',
  ],
  'questions of another kind': [
    '[{"questions":"open","answer":"x"}]',
    'entry 1 has "questions" that are no list of texts',
  ],
  'keywords of another kind': [
    '[{"question":"open","keywords":[1],"answer":"x"}]',
    'entry 1 has "keywords" that are no list of texts',
  ],
  'a question without words': [
    '[{"question":"What is it?","answer":"x"}]',
    'entry 1 has a question without a word to look for, or with more than 64',
  ],
};
for (const [what, [text, told]] of Object.entries(MISTAKES))
  test(`a file with ${what} is told at the policy's line`, async (t) => {
    const dir = folder(t, {
      'policy.lua': 'local p = require "perilune"\nlocal faq = p.faq "faq.json"\nreturn faq',
      'faq.json': text,
    });
    const { status, stderr, stdout } = run(['check', `${dir}/policy.lua`]);
    assert.notEqual(status, 0);
    assert.ok(`${stdout}${stderr}`.includes(`policy.lua:2: faq: "faq.json": ${told}`), stderr);
  });
