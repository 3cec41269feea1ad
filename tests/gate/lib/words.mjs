// words.mjs -- requests and replies in the OpenAI dialect. The texts are
// canaries: no log line and no message of the gateway may ever hold one.

export const PROMPT = 'CANARY-PROMPT-4711';
export const ANSWER = 'CANARY-ANSWER-4711';
export const KEY = 'sk-CANARY-KEY-4711';

export const USAGE = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };

/** A request body as an object; `more` adds or replaces fields. */
export function ask(more = {}) {
  return { model: 'up/m', messages: [{ role: 'user', content: PROMPT }], ...more };
}

/** A whole reply. */
export function chat(text = ANSWER, more = {}) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: USAGE,
    ...more,
  };
}

/** One chunk of a stream. */
export function chunk(delta, finish = null, more = {}) {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...more,
  };
}

export const usageChunk = () => ({ ...chunk({}), choices: [], usage: USAGE });

/** An SSE event of an object or a text. */
export const sse = (data) => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

/** The events of a whole stream that says `pieces`. */
export function events(pieces = [ANSWER, ' and', ' more']) {
  return [
    sse(chunk({ role: 'assistant', content: '' })),
    ...pieces.map((content) => sse(chunk({ content }))),
    sse(chunk({}, 'stop')),
    sse(usageChunk()),
    sse('[DONE]'),
  ];
}

/** The text that SSE events say (choice 0). */
export function textOf(all) {
  return all
    .filter((e) => e !== '[DONE]')
    .map((e) => JSON.parse(e))
    .map((e) => e.choices?.[0]?.delta?.content ?? '')
    .join('');
}

/** An error body as providers send it. */
export const error = (message, code = null, type = 'invalid_request_error') => ({
  error: { message, type, param: null, code },
});
