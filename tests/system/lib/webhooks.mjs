// A department's or the hotline's own system, as it would be: takes webhooks, checks the signature by the Standard Webhooks
// rules, keeps what came in order. It can be told to fail.
import crypto from 'node:crypto';
import http from 'node:http';

export async function webhookReceiver() {
  const receiver = {
    secret: null,
    events: [], // verified CloudEvents, in order of arrival, repeats left out
    repeats: 0,
    refused: [], // why a delivery was not believed
    answer: () => 204, // status for the next delivery
  };
  const seen = new Set();
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const status = receiver.answer(request, body);
      const why = wrong(receiver.secret, request.headers, body);
      if (why) receiver.refused.push(why);
      else if (status < 300) {
        if (seen.has(request.headers['webhook-id'])) receiver.repeats++;
        else receiver.events.push(JSON.parse(body.toString('utf8')));
        seen.add(request.headers['webhook-id']);
      }
      response.writeHead(why ? 400 : status).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  receiver.url = `http://127.0.0.1:${server.address().port}/events`;
  receiver.close = () => new Promise((resolve) => server.close(resolve));
  return receiver;
}

function wrong(secret, headers, body) {
  const id = headers['webhook-id'];
  const at = headers['webhook-timestamp'];
  const signatures = (headers['webhook-signature'] ?? '').split(' ');
  if (!id || !at) return 'no id or timestamp';
  if (!/^application\/cloudevents\+json/.test(headers['content-type'] ?? '')) return 'not a CloudEvent';
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = 'v1,' + crypto.createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64');
  return signatures.includes(expected) ? null : 'wrong signature';
}
