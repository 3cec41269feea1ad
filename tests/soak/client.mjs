// client.mjs -- one request of the soak: what is asked, and what came of it.
//
// The outcome is told in the words of the gateway's log: "answered 200",
// "broken 200"; or "left", when the client hung up first.

import http from 'node:http';

const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });

export const hangUpAll = () => agent.destroy();

/** "[DONE]" stands at the end of a stream that is whole. */
function judge(res, text, asked) {
  if (res.statusCode === 200 && asked.stream && !text.endsWith('data: [DONE]\n\n'))
    return text.includes('"error"') ? 'broken 200' : 'cut off';
  return `answered ${res.statusCode}`;
}

/** What a client hears that reads to the end, or leaves after the first bytes. */
function listen(req, res, asked, leaves, resolve) {
  let text = '';
  res.setEncoding('utf8').on('data', (part) => {
    text += part;
    if (!leaves) return;
    resolve('left');
    req.destroy();
  });
  res.on('end', () => resolve(judge(res, text, asked)));
  res.on('error', () => resolve('cut off'));
}

/** Ask. `plan` has id, model, stream, fault, and leaves: "early" (once
 * `arrived` resolves), "late" (after the first bytes) or nothing. */
export function send(port, plan, arrived) {
  const asked = {
    model: plan.model,
    stream: plan.stream,
    messages: [{ role: 'user', content: `soak ${plan.id} ${plan.fault ?? 'none'}` }],
  };
  const body = JSON.stringify(asked);
  return new Promise((resolve) => {
    const req = http.request({
      host: '127.0.0.1',
      port,
      agent,
      method: 'POST',
      path: '/v1/chat/completions',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'x-request-id': plan.id,
      },
    });
    req.on('response', (res) => listen(req, res, asked, plan.leaves === 'late', resolve));
    req.on('error', (error) => resolve(`failed ${error.code ?? error.message}`));
    req.end(body);
    if (plan.leaves === 'early')
      arrived.then(() => {
        resolve('left');
        req.destroy();
      });
  });
}
