-- Tickets and their events, written by the router alone, in one transaction per batch whose first statement is the fence on
-- shard. event is append-only and carries the hash chain; ticket.body is the fold of a ticket's events (proto struct ticket),
-- the columns beside it are copies for queries. No index holds a column that changes often: updates stay HOT, and the live
-- queues are Redis's job. `open` changes once, so its partial index costs an insert and a removal.

CREATE TABLE shard (
  id             smallint PRIMARY KEY CHECK (id BETWEEN 1 AND 99),
  epoch          integer NOT NULL DEFAULT 0,
  next_seq       bigint NOT NULL DEFAULT 1,
  next_ticket    bigint NOT NULL DEFAULT 1,
  last_at        bigint NOT NULL DEFAULT 0,                 -- time of the last event: time never falls
  chain          bytea NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000',
  lease_until    bigint NOT NULL DEFAULT 0,
  holder_pid     integer,
  holder_start   text,                                      -- backend_start of that pid, as text
  swept_to       bigint NOT NULL DEFAULT 0,                 -- every request up to this number is known to have its ticket
  world          integer NOT NULL DEFAULT 0                 -- version of the reference data all open deadlines are counted by
) WITH (fillfactor = 10);
INSERT INTO shard (id) VALUES (1);

CREATE TABLE ticket (
  id           bigint NOT NULL,
  shard        smallint NOT NULL,
  open         boolean NOT NULL,
  version      integer NOT NULL,
  state        smallint NOT NULL,
  owner        integer NOT NULL,
  matter       integer NOT NULL,
  urgency      smallint NOT NULL,
  channel      smallint NOT NULL,
  source       integer NOT NULL,
  place        integer NOT NULL,
  request      bigint NOT NULL,                             -- the first one
  received_at  bigint NOT NULL,
  entered_at   bigint NOT NULL,
  ended_at     bigint NOT NULL,
  due          bigint NOT NULL,
  yellow       bigint NOT NULL,
  next_at      bigint NOT NULL,
  generation   integer NOT NULL,
  next_action  smallint NOT NULL,
  supervised   boolean NOT NULL,
  body         bytea NOT NULL,
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE TABLE ticket_default PARTITION OF ticket DEFAULT WITH (fillfactor = 50);
CREATE INDEX ticket_open ON ticket (id) WHERE open;
CREATE INDEX ticket_place ON ticket (place, id); -- duplicate candidates: the newest of a place. A place hardly ever changes

CREATE TABLE assignment (                                    -- which units were asked: who sees what. How it stands is in ticket.body
  ticket      bigint NOT NULL,
  no          smallint NOT NULL,
  kind        smallint NOT NULL,
  unit        integer NOT NULL,
  offered_at  bigint NOT NULL,
  PRIMARY KEY (ticket, no)
) PARTITION BY RANGE (ticket);
CREATE TABLE assignment_default PARTITION OF assignment DEFAULT WITH (fillfactor = 70);
CREATE INDEX assignment_unit ON assignment (unit, ticket);

CREATE TABLE ticket_outside (                               -- tickets given to an outside system we speak with; 0: back again
  ticket  bigint PRIMARY KEY,
  source  integer NOT NULL
);

CREATE TABLE event (
  shard    smallint NOT NULL,
  seq      bigint NOT NULL,
  epoch    integer NOT NULL,
  ticket   bigint NOT NULL,
  version  integer NOT NULL,
  at       bigint NOT NULL,
  type     smallint NOT NULL,
  cause    smallint NOT NULL,
  user_id  bigint NOT NULL,                                 -- 0: the system
  role     smallint NOT NULL,
  unit     integer NOT NULL,
  body     bytea NOT NULL,                                  -- proto struct effect
  hash     bytea NOT NULL,                                  -- BLAKE2b-256 over the hash before and this row
  PRIMARY KEY (ticket, version, at),
  UNIQUE (shard, seq, at)
) PARTITION BY RANGE (at);
CREATE TABLE event_default PARTITION OF event DEFAULT;
CREATE INDEX event_adjudicated ON event (at) WHERE type = 11; -- few: each proposes a routing rule

CREATE TABLE command_key (                                  -- Idempotency-Key: the first answer, for a repeat
  key    bytea PRIMARY KEY,
  body   bytea NOT NULL,
  at     bigint NOT NULL,
  reply  bytea NOT NULL                                     -- proto message reply
);

-- One partition, when it is not there. A month whose rows lie in the default partition already stays there: found by queries all
-- the same, never lost, never moved under load.
CREATE FUNCTION ensure_partition(parent text, suffix text, from_value bigint, to_value bigint, fill integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass(parent || '_' || suffix) IS NOT NULL THEN RETURN; END IF;
  EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s) WITH (fillfactor = %s)',
                 parent || '_' || suffix, parent, from_value, to_value, fill);
EXCEPTION WHEN check_violation THEN
  RAISE NOTICE 'rows of % lie in the default partition of % already', suffix, parent;
END $$;

-- Makes the monthly partitions of `months` months from yyyymm on; does nothing for those that exist. Called with the caller's
-- date after the migrations, and by the router at start and once a day.
CREATE FUNCTION ensure_partitions(yyyymm integer, months integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  y integer; m integer; y2 integer; m2 integer;
  from_no bigint; to_no bigint; from_ms bigint; to_ms bigint; suffix text;
BEGIN
  FOR i IN 0 .. months - 1 LOOP
    y := yyyymm / 100 + (yyyymm % 100 - 1 + i) / 12;
    m := (yyyymm % 100 - 1 + i) % 12 + 1;
    y2 := y + m / 12; m2 := m % 12 + 1;
    suffix := to_char(y, 'FM0000') || to_char(m, 'FM00');
    from_no := (y::bigint * 10000 + m * 100) * 1000000000; to_no := (y2::bigint * 10000 + m2 * 100) * 1000000000;
    -- local time is +08:00 all year
    from_ms := extract(epoch FROM make_timestamptz(y, m, 1, 0, 0, 0, 'UTC'))::bigint * 1000 - 28800000;
    to_ms := extract(epoch FROM make_timestamptz(y2, m2, 1, 0, 0, 0, 'UTC'))::bigint * 1000 - 28800000;
    PERFORM ensure_partition('request', suffix, from_no, to_no, 100);
    PERFORM ensure_partition('ticket_request', suffix, from_no, to_no, 90);
    PERFORM ensure_partition('ticket', suffix, from_no, to_no, 50);
    PERFORM ensure_partition('assignment', suffix, from_no, to_no, 70);
    PERFORM ensure_partition('event', suffix, from_ms, to_ms, 100);
  END LOOP;
END $$;

-- The fence. The first statement of each batch: only the router that holds this epoch goes on, order is held by the row lock, and
-- seq is handed out without gaps. It raises an error rather than matching nothing, so that a pipeline stops there.
CREATE FUNCTION shard_advance(shard_no smallint, held_epoch integer, first_seq bigint, events integer, tickets integer,
                              new_last_at bigint, new_chain bytea, new_lease_until bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE shard SET next_seq = next_seq + events, next_ticket = next_ticket + tickets, last_at = new_last_at,
                   chain = new_chain, lease_until = new_lease_until
   WHERE id = shard_no AND epoch = held_epoch AND next_seq = first_seq;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'shard % is no longer held under epoch %', shard_no, held_epoch USING ERRCODE = 'PD001';
  END IF;
END $$;

-- Keeps the lease while there is nothing to write.
CREATE FUNCTION shard_keep(shard_no smallint, held_epoch integer, new_lease_until bigint, new_swept_to bigint,
                           new_world integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE shard SET lease_until = new_lease_until, swept_to = greatest(swept_to, new_swept_to), world = new_world
   WHERE id = shard_no AND epoch = held_epoch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'shard % is no longer held under epoch %', shard_no, held_epoch USING ERRCODE = 'PD001';
  END IF;
END $$;

-- Takes the lease for the calling backend and returns the new epoch, or 0 while another holder lives and its lease runs. A dead
-- holder (its backend is gone) is followed at once; one that outlived its lease has its backend ended first, so that nothing it
-- sent before can still commit.
CREATE FUNCTION shard_take(shard_no smallint, now_ms bigint, new_lease_until bigint) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  held shard%ROWTYPE;
  alive boolean;
  new_epoch integer;
BEGIN
  SELECT * INTO STRICT held FROM shard WHERE id = shard_no;
  SELECT count(*) > 0 INTO alive FROM pg_stat_activity
   WHERE pid = held.holder_pid AND backend_start::text = held.holder_start AND pid <> pg_backend_pid();
  IF alive AND held.lease_until > now_ms THEN RETURN 0; END IF;
  IF alive THEN PERFORM pg_terminate_backend(held.holder_pid, 500); END IF;
  UPDATE shard SET epoch = epoch + 1, lease_until = new_lease_until, holder_pid = pg_backend_pid(),
         holder_start = (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid())
   WHERE id = shard_no AND epoch = held.epoch
   RETURNING epoch INTO new_epoch;
  RETURN coalesce(new_epoch, 0);
END $$;
