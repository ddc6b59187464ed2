// A department's or the hotline's own system, as it would be: repeats the challenge that asks whether it is there, takes webhooks, checks
// the signature by the Standard Webhooks rules, keeps what came in order. It can be told to fail.
import crypto from 'node:crypto';
import http from 'node:http';

export async function webhookReceiver() {
  const receiver = {
    secret: null,
    events: [], // verified CloudEvents, in order of arrival, repeats left out
    repeats: 0,
    refused: [], // why a delivery was not believed
    answer: () => 204, // status for the next delivery; null: none, ever
    echo: (challenge) => JSON.stringify({ challenge }), // what the challenge is answered with
    challenges: 0,
    raw: [], // headers and body of whatever came, for a test that looks for itself
  };
  const seen = new Set();
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      receiver.raw.push({ headers: request.headers, body: body.toString('utf8') });
      const challenge = challengeOf(body);
      if (challenge) {
        receiver.challenges++;
        response.writeHead(200, { 'content-type': 'application/json' }).end(receiver.echo(challenge));
        return;
      }
      const status = receiver.answer(request, body);
      if (status === null) return;
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
  receiver.close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return receiver;
}

function challengeOf(body) {
  try {
    const event = JSON.parse(body.toString('utf8'));
    return event.type === 'paidan.endpoint.challenge' ? event.data.challenge : null;
  } catch {
    return null;
  }
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
