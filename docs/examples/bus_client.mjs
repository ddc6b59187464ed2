// A department's system on Paidan's bus, for Node: hears of its unit's tickets and acts on them. See docs/integration.md, "Over ZeroMQ".
//     node bus_client.mjs keys FILE             makes a key pair: the secret half into FILE, the public one on the screen
//     node bus_client.mjs follow [COUNT]        a JSON line per event, from where it stopped last time (COUNT events, or for ever)
//     node bus_client.mjs act TICKET COMMAND [KEY=VALUE...]
// PAIDAN_BUS is the address, PAIDAN_BUS_SERVER its public key, PAIDAN_BUS_KEY the FILE with the own secret and public key.
// Needs npm's zeromq and @msgpack/msgpack.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';

import { decodeMulti, encode } from '@msgpack/msgpack';
import * as zmq from 'zeromq';

const SUBSCRIBE = 13, EVENTS = 14, ACT = 15, OUTCOME = 16; // docs/messages.md; the fields of each are numbered from 1 on
const FIELDS = {
  [SUBSCRIBE]: ['after'],
  [EVENTS]: ['after', 'to_seq', 'head_seq', 'events'],
  [ACT]: 'ticket name key version unit units reason basis note answer until result score assignment rung card'.split(' '),
  [OUTCOME]: 'status ticket version state seq repeated created verdict pointer detail'.split(' '),
};
const EVENT = 'seq ticket version at type state owner unit matter urgency rung stage due until reason basis note answer card'.split(' ');
const COMMANDS = { dispatch: 6, sign: 7, return: 8, pass_up: 11, pass_down: 12, add_assist: 13, answer: 15, contact: 16, note: 17, ask_extension: 18,
  ask_suspension: 21, finish: 25, reply: 39, whistle: 40, arrive: 41, score: 42, appeal_card: 45 };
const TYPES = `- received triaged asked supplemented given_up declined dispatched signed returned disputed adjudicated forced passed_up passed_down
  assist_added assist_signed assist_answered assist_released contacted noted extension_asked extension_granted extension_refused
  suspension_asked suspended suspension_refused resumed finished check_passed check_failed solved unsolved unreachable closed voided reopened
  merged joined unmerged left split urged supervised replied whistled arrived scored transferred taken_back rung card_appealed
  card_withdrawn appeal_refused recomputed resume_due finish_asked finish_refused called_back merged_unsolved outside_answered
  followed`.split(/\s+/);
const STATES = '- RECEIVED INCOMPLETE TRIAGE OFFERED DISPUTED HANDLING SUSPENDED CHECK CALLBACK CLOSED VOID DECLINED MERGED TRANSFERRED'.split(' ');
const PATIENCE_MS = 20000; // longer than the door lets a quiet subscription wait
const { PAIDAN_BUS, PAIDAN_BUS_SERVER, PAIDAN_BUS_KEY } = process.env;

const named = (names, fields) => Object.fromEntries(Object.entries(fields).filter(([tag]) => tag <= names.length).map(([tag, value]) => [names[tag - 1], value]));
// A map of numbered fields, at most 15 of the 16 at a time; the library would make its keys text.
const pack = (fields) => Buffer.concat([Buffer.from([0x80 | fields.length]), ...fields.flatMap(([tag, value]) => [encode(tag), encode(value)])]);

class Bus {
  number = 0;

  connect() {
    this.socket?.close();
    const [curveSecretKey, curvePublicKey] = fs.readFileSync(PAIDAN_BUS_KEY, 'utf8').split('\n');
    this.socket = new zmq.Dealer({ curveServerKey: PAIDAN_BUS_SERVER, curveSecretKey, curvePublicKey, linger: 0, receiveTimeout: PATIENCE_MS, sendTimeout: PATIENCE_MS });
    this.socket.connect(PAIDAN_BUS);
  }

  // Sends one message and waits for its answer; null when there is none (the door is away, or the key is not known).
  async ask(kind, body) {
    if (!this.socket) this.connect();
    const number = ++this.number;
    const fields = FIELDS[kind].map((name, i) => [i + 1, body[name]]).filter(([, value]) => value);
    const envelope = [[1, 1], [2, kind], [3, number], [4, Date.now()]];
    try {
      await this.socket.send(Buffer.concat([pack(envelope), pack(fields)]));
      for (;;) {
        const [frame] = await this.socket.receive();
        const [head, answer] = decodeMulti(frame);
        if (head[3] === number) return named(FIELDS[head[2]], answer);
      }
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      this.connect(); // a refused key ends the connection for good
      return null;
    }
  }
}

async function follow(bus, count) {
  const place = `${PAIDAN_BUS_KEY}.seq`;
  let after = fs.existsSync(place) ? Number(fs.readFileSync(place, 'utf8')) : 0;
  while (count > 0) {
    const page = await bus.ask(SUBSCRIBE, { after });
    if (!page || page.status === 503) {
      console.error('no answer, or not now: asking again');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      continue;
    }
    if (page.status) throw new Error(`refused: ${page.status} ${page.detail}`);
    for (const event of (page.events ?? []).map((fields) => named(EVENT, fields))) {
      console.log(JSON.stringify({ ...event, type: TYPES[event.type], state: STATES[event.state ?? 0] })); // your system takes it in here ...
      count--;
    }
    after = page.to_seq ?? 0;
    fs.writeFileSync(`${place}.new`, String(after)); // ... and only then the place moves on: nothing is missed
    fs.renameSync(`${place}.new`, place);
  }
}

async function act(bus, ticket, command, fields) {
  const body = { key: randomUUID(), ...Object.fromEntries(fields.map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)])) };
  for (const name of ['version', 'until', 'score', 'assignment', 'result', 'rung', 'card']) if (name in body) body[name] = Number(body[name]);
  let outcome = null; // sent again under the same key it is still done once
  for (let tries = 0; tries < 3 && (!outcome || outcome.status === 503); tries++) outcome = await bus.ask(ACT, { ...body, ticket, name: COMMANDS[command] });
  console.log(JSON.stringify(outcome));
  process.exitCode = outcome?.status === 200 ? 0 : 1;
}

const [verb, ...args] = process.argv.slice(2);
if (verb === 'keys' && args.length === 1) {
  const { publicKey, secretKey } = zmq.curveKeyPair();
  fs.writeFileSync(args[0], `${secretKey}\n${publicKey}\n`, { mode: 0o600, flag: 'wx' });
  console.log(publicKey);
} else if (verb === 'follow') await follow(new Bus(), Number(args[0] ?? Infinity));
else if (verb === 'act' && COMMANDS[args[1]]) await act(new Bus(), args[0], args[1], args.slice(2));
else {
  console.error('usage: bus_client.mjs keys FILE | follow [COUNT] | act TICKET COMMAND [KEY=VALUE...]');
  process.exitCode = 2;
}
