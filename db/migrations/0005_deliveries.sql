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
  secret_sealed  bytea NOT NULL,
  paused         boolean NOT NULL DEFAULT false,
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
CREATE INDEX delivery_waiting ON delivery (endpoint, id) WHERE state = 1;
CREATE INDEX delivery_dead ON delivery (id) WHERE state = 3;
CREATE INDEX delivery_ticket ON delivery (ticket);

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
