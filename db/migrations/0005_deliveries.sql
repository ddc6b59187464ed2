-- What goes out. A cursor and the delivery rows it led to are written in one transaction, so an event makes its deliveries
-- once; each is then worked off at least once under one constant id.

CREATE TABLE cursor (
  name   text NOT NULL,
  shard  smallint NOT NULL,
  seq    bigint NOT NULL,
  PRIMARY KEY (name, shard)
);

CREATE TABLE endpoint (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name           text NOT NULL UNIQUE,
  channel        text NOT NULL DEFAULT 'webhook',           -- services/notification/channels.def
  url            text NOT NULL,
  unit           integer REFERENCES unit,                   -- events of tickets assigned to this unit's subtree
  source         integer REFERENCES source,                 -- or: events of requests of this source
  events         smallint[] NOT NULL DEFAULT '{}',          -- empty: every event such a subscriber may know
  matters        text[] NOT NULL DEFAULT '{}',              -- beginnings of matters, 2, 4 or 6 digits; empty: every matter
  secret_sealed  bytea NOT NULL,
  secret_old_sealed bytea,                                  -- the one before, which signs as well until then; sealed to the same place
  secret_old_until  bigint NOT NULL DEFAULT 0,
  paused         boolean NOT NULL DEFAULT false,
  verified_at    bigint NOT NULL DEFAULT 0,                 -- when an address of it first answered the challenge: events are kept from then on
  unverified     boolean NOT NULL DEFAULT true,             -- the present address has not answered it: nothing else is sent there
  created_at     bigint NOT NULL,
  CHECK ((unit IS NULL) <> (source IS NULL))
);
CREATE TABLE approved_network (cidr text PRIMARY KEY);      -- private networks that endpoints may lie in

CREATE TABLE delivery (
  id           bigint GENERATED ALWAYS AS IDENTITY,
  created_at   bigint NOT NULL,
  endpoint     bigint NOT NULL,
  ticket       bigint NOT NULL,                             -- deliveries of one ticket to one endpoint keep their order
  request      bigint NOT NULL DEFAULT 0,
  seq          bigint NOT NULL,
  type         smallint NOT NULL,
  at           bigint NOT NULL,
  state        smallint NOT NULL DEFAULT 1,                 -- 1 waiting, 2 delivered, 3 dead letter, 4 discarded
  unit         integer NOT NULL DEFAULT 0,                  -- the assigned unit that made it the endpoint's business
  attempts     smallint NOT NULL DEFAULT 0,
  next_at      bigint NOT NULL,
  status       integer NOT NULL DEFAULT 0,                  -- last HTTP status
  error        text NOT NULL DEFAULT '',
  delivered_at bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE TABLE delivery_default PARTITION OF delivery DEFAULT WITH (fillfactor = 80);
CREATE INDEX delivery_due ON delivery (endpoint, next_at, id) WHERE state = 1;
CREATE INDEX delivery_dead ON delivery (id) WHERE state = 3;
CREATE INDEX delivery_ticket ON delivery (ticket);

-- The last attempts at each endpoint, for whoever asks why nothing arrives: a ring of rows per endpoint, written over in place. With
-- its loss nothing else would be lost, so it is not logged.
CREATE UNLOGGED TABLE endpoint_attempt (
  endpoint  bigint NOT NULL,
  slot      smallint NOT NULL,
  at        bigint NOT NULL,
  kind      smallint NOT NULL,                              -- and outcome: services/kit/attempt.h
  outcome   smallint NOT NULL,
  about     bigint NOT NULL,                                -- the delivery, or the probe; 0: a challenge nobody asked for
  status    integer NOT NULL,
  took_ms   integer NOT NULL,
  address   text NOT NULL,                                  -- where it led
  said      text NOT NULL,                                  -- the answer's first bytes
  why       text NOT NULL,                                  -- in the words of the library
  PRIMARY KEY (endpoint, slot)
) WITH (fillfactor = 50);

-- What somebody wants sent to an endpoint now (a test, the challenge); taken by whoever sends it.
CREATE TABLE endpoint_probe (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  endpoint  bigint NOT NULL,
  kind      smallint NOT NULL,
  asked_at  bigint NOT NULL
);

-- Moves a cursor on; raises an error when another has moved it, so that a second worker's deliveries are not written twice.
CREATE FUNCTION cursor_advance(cursor_name text, shard_no smallint, from_seq bigint, to_seq bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cursor (name, shard, seq) VALUES (cursor_name, shard_no, 0) ON CONFLICT DO NOTHING;
  UPDATE cursor SET seq = to_seq WHERE name = cursor_name AND shard = shard_no AND seq = from_seq;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'cursor % of shard % is not at %', cursor_name, shard_no, from_seq USING ERRCODE = 'PD002';
  END IF;
END $$;

-- Whoever delivers hears of a changed endpoint at once, so that its first event is not missed.
CREATE FUNCTION tell_endpoints() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY endpoints;
  RETURN NULL;
END $$;
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON endpoint FOR EACH STATEMENT EXECUTE FUNCTION tell_endpoints();
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON approved_network FOR EACH STATEMENT EXECUTE FUNCTION tell_endpoints();
CREATE TRIGGER tell AFTER INSERT ON endpoint_probe FOR EACH STATEMENT EXECUTE FUNCTION tell_endpoints();
