#!/usr/bin/python3
"""A department's system on Paidan's bus: hears of its unit's tickets and acts on them. See docs/integration.md, "Over ZeroMQ".

    bus_client.py keys FILE                    makes a key pair: the secret half into FILE, the public one on the screen
    bus_client.py follow [COUNT]               a JSON line per event, from where it stopped last time (COUNT events, or for ever)
    bus_client.py act TICKET COMMAND [KEY=VALUE...]
                                               for example: act T20261121010000001 return reason=not_our_duty basis=...

PAIDAN_BUS is the address, PAIDAN_BUS_SERVER its public key, PAIDAN_BUS_KEY the FILE with the own secret key.
Needs Debian's python3-zmq and python3-msgpack."""
import itertools
import json
import os
import sys
import time
import uuid

import msgpack
import zmq

SUBSCRIBE, EVENTS, ACT, OUTCOME = 13, 14, 15, 16  # docs/messages.md; the fields of each are numbered from 1 on
FIELDS = {
    SUBSCRIBE: 'after'.split(),
    EVENTS: 'after to_seq head_seq events'.split(),
    ACT: 'ticket name key version unit units reason basis note answer until result score assignment rung card'.split(),
    OUTCOME: 'status ticket version state seq repeated created verdict pointer detail'.split(),
}
EVENT = 'seq ticket version at type state owner unit matter urgency rung stage due until reason basis note answer card'.split()
COMMANDS = dict(sign=7, answer=15, contact=16, note=17, ask_extension=18, ask_suspension=21, finish=25, reply=39, whistle=40,
                arrive=41, score=42, appeal_card=45, dispatch=6, pass_up=11, pass_down=12, add_assist=13, **{'return': 8})
TYPES = '''- received triaged asked supplemented given_up declined dispatched signed returned disputed adjudicated forced passed_up passed_down
    assist_added assist_signed assist_answered assist_released contacted noted extension_asked extension_granted extension_refused
    suspension_asked suspended suspension_refused resumed finished check_passed check_failed solved unsolved unreachable closed voided reopened
    merged joined unmerged left split urged supervised replied whistled arrived scored transferred taken_back rung card_appealed
    card_withdrawn appeal_refused recomputed resume_due finish_asked finish_refused called_back merged_unsolved outside_answered
    followed'''.split()
STATES = '- RECEIVED INCOMPLETE TRIAGE OFFERED DISPUTED HANDLING SUSPENDED CHECK CALLBACK CLOSED VOID DECLINED MERGED TRANSFERRED'.split()
PATIENCE_MS = 20000  # longer than the door lets a quiet subscription wait


def named(names, fields):
    return {names[tag - 1]: value for tag, value in fields.items() if tag <= len(names)}


class Bus:
    def __init__(self):
        self.ids = itertools.count(1)
        self.context = zmq.Context()
        self.socket = None

    def connect(self):
        if self.socket:
            self.socket.close(linger=0)
        secret = open(os.environ['PAIDAN_BUS_KEY'], 'rb').read().strip()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.curve_serverkey = os.environ['PAIDAN_BUS_SERVER'].encode()
        self.socket.curve_secretkey, self.socket.curve_publickey = secret, zmq.curve_public(secret)
        self.socket.sndtimeo = PATIENCE_MS
        self.socket.connect(os.environ['PAIDAN_BUS'])

    def ask(self, kind, **body):
        """Sends one message and waits for its answer; None when there is none (the door is away, or the key is not known)."""
        number = next(self.ids)
        if self.socket is None:
            self.connect()
        envelope = {1: 1, 2: kind, 3: number, 4: int(time.time() * 1000)}
        numbered = {FIELDS[kind].index(name) + 1: value for name, value in body.items() if value}
        try:
            self.socket.send(msgpack.packb(envelope) + msgpack.packb(dict(sorted(numbered.items()))))
        except zmq.Again:  # nobody is there to send to
            self.connect()
            return None
        while self.socket.poll(PATIENCE_MS):
            unpacker = msgpack.Unpacker(strict_map_key=False)
            unpacker.feed(self.socket.recv())
            head, fields = unpacker
            if head.get(3) == number:
                return named(FIELDS[head[2]], fields)
        self.connect()  # a refused key ends the connection for good
        return None


def follow(bus, count):
    place = os.environ['PAIDAN_BUS_KEY'] + '.seq'
    after = int(open(place).read()) if os.path.exists(place) else 0
    while count > 0:
        page = bus.ask(SUBSCRIBE, after=after)
        if page is None or page.get('status') == 503:
            print('no answer, or not now: asking again', file=sys.stderr)
            time.sleep(1)
            continue
        if 'status' in page:
            sys.exit(f"refused: {page['status']} {page['detail']}")
        for event in (named(EVENT, fields) for fields in page.get('events', [])):
            event['type'], event['state'] = TYPES[event['type']], STATES[event.get('state', 0)]
            print(json.dumps(event, ensure_ascii=False), flush=True)  # your system takes it in here ...
            count -= 1
        after = page.get('to_seq', 0)
        with open(place + '.new', 'w') as file:  # ... and only then the place moves on: nothing is missed
            file.write(str(after))
        os.replace(place + '.new', place)


def act(bus, ticket, command, *fields):
    body = dict(field.split('=', 1) for field in fields)
    body.setdefault('key', str(uuid.uuid4()))  # sent again under the same key it is still done once
    for name in ('version', 'until', 'score', 'assignment', 'result', 'rung', 'card'):
        if name in body:
            body[name] = int(body[name])
    for _ in range(3):
        outcome = bus.ask(ACT, ticket=ticket, name=COMMANDS[command], **body)
        if outcome and outcome['status'] != 503:
            break
    print(json.dumps(outcome, ensure_ascii=False))
    return 0 if outcome and outcome['status'] == 200 else 1


def keys(path):
    public, secret = zmq.curve_keypair()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as file:
        file.write(secret + b'\n')
    print(public.decode())


if __name__ == '__main__':
    if len(sys.argv) == 3 and sys.argv[1] == 'keys':
        keys(sys.argv[2])
    elif len(sys.argv) in (2, 3) and sys.argv[1] == 'follow':
        follow(Bus(), int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize)
    elif len(sys.argv) >= 4 and sys.argv[1] == 'act' and sys.argv[3] in COMMANDS:
        sys.exit(act(Bus(), *sys.argv[2:]))
    else:
        sys.exit(__doc__)
