// A department's or the hotline's own system, as it would be: repeats the challenge that asks whether it is there, takes webhooks, checks
// the signature by npm's standardwebhooks, keeps what came in order. It can be told to fail.
import http from 'node:http';
import { Webhook } from 'standardwebhooks';

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

// By the library's own check, at the sender's time: a test may have moved the system's clock.
function wrong(secret, headers, body) {
  const { now } = Date;
  if (!/^application\/cloudevents\+json/.test(headers['content-type'] ?? '')) return 'not a CloudEvent';
  try {
    Date.now = () => Number(headers['webhook-timestamp']) * 1000;
    new Webhook(secret).verify(body, headers);
    return null;
  } catch (error) {
    return /matching signature/.test(error.message) ? 'wrong signature' : error.message;
  } finally {
    Date.now = now;
  }
}
