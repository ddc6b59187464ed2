-- People, tokens, sessions, audit. Passwords are Argon2id; tokens and session ids are 256 random bits, shown once, stored as a
-- hash. The audit table takes INSERT only and is chained by hash.

CREATE TABLE account (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  login          text NOT NULL UNIQUE CHECK (length(login) BETWEEN 1 AND 60),
  password       text NOT NULL,                             -- Argon2id, with its parameters
  role           smallint NOT NULL,
  unit           integer REFERENCES unit,                   -- null only for the three administrators (8, 9, 10)
  disabled       boolean NOT NULL DEFAULT false,
  created_at     bigint NOT NULL,
  failures       integer NOT NULL DEFAULT 0,                -- logins failed in a row: delays the next try
  failed_at      bigint NOT NULL DEFAULT 0,
  quiet          text NOT NULL DEFAULT '',                  -- own quiet hours: 22:00-07:00; - never; empty: the unit's
  CHECK (unit IS NOT NULL OR role IN (8, 9, 10))
);
CREATE INDEX account_unit ON account (unit);

CREATE TABLE token (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000000000) PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  hash        bytea NOT NULL UNIQUE,
  role        smallint NOT NULL,
  unit        integer REFERENCES unit,                      -- null: integration (7) and read only (11), which need none
  sources     integer[] NOT NULL DEFAULT '{}',              -- sources it may push for
  created_at  bigint NOT NULL,
  expires_at  bigint NOT NULL,
  disabled    boolean NOT NULL DEFAULT false,
  CHECK (unit IS NOT NULL OR role IN (7, 11))
);

CREATE TABLE session (
  hash        bytea PRIMARY KEY,
  account     bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  csrf        bytea NOT NULL,
  created_at  bigint NOT NULL,
  seen_at     bigint NOT NULL,
  expires_at  bigint NOT NULL,
  idle_ms     bigint NOT NULL                             -- it ends so long after seen_at
);
CREATE INDEX session_account ON session (account);

CREATE TABLE setup_code (                                   -- the one-time code that makes the first administrator
  one         boolean PRIMARY KEY DEFAULT true CHECK (one),
  hash        bytea NOT NULL,
  expires_at  bigint NOT NULL
);

CREATE TABLE audit (
  id       bigint PRIMARY KEY,                              -- 1, 2, 3 ... without gaps
  at       bigint NOT NULL,
  user_id  bigint NOT NULL,                                 -- account or token; 0: nobody known
  role     smallint NOT NULL,
  unit     integer NOT NULL,
  action   text NOT NULL,
  object   text NOT NULL,                                   -- ids only, no personal data
  outcome  text NOT NULL,
  detail   jsonb,
  hash     bytea NOT NULL
);
CREATE TABLE audit_head (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  id    bigint NOT NULL,
  hash  bytea NOT NULL
);
INSERT INTO audit_head (id, hash) VALUES (0, '\x0000000000000000000000000000000000000000000000000000000000000000');

-- The only way into the audit table: appends one row to the chain inside the caller's transaction, so that an act and its audit are
-- stored together or not at all. hash = sha256(hash before || record); the record is the row's columns in order, integers
-- big-endian in their own width, each text as its length (4 bytes) and its UTF-8, a null detail as length -1. sha256 because
-- PostgreSQL has it: the chain needs no trust in the service that writes, and nobody can get ahead of the lock on audit_head.
CREATE FUNCTION audit_record(id bigint, at bigint, user_id bigint, role smallint, unit integer, action text, object text,
                             outcome text, detail jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT int8send(id) || int8send(at) || int8send(user_id) || int2send(role) || int4send(unit)
      || int4send(octet_length(action)) || convert_to(action, 'UTF8')
      || int4send(octet_length(object)) || convert_to(object, 'UTF8')
      || int4send(octet_length(outcome)) || convert_to(outcome, 'UTF8')
      || coalesce(int4send(octet_length(detail::text)) || convert_to(detail::text, 'UTF8'), int4send(-1))
$$;
CREATE FUNCTION audit_append(at bigint, user_id bigint, role smallint, unit integer, action text, object text, outcome text,
                             detail jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  head audit_head%ROWTYPE;
BEGIN
  SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
  head.id := head.id + 1;
  head.hash := sha256(head.hash || audit_record(head.id, at, user_id, role, unit, action, object, outcome, detail));
  INSERT INTO audit VALUES (head.id, at, user_id, role, unit, action, object, outcome, detail, head.hash);
  UPDATE audit_head SET id = head.id, hash = head.hash;
  RETURN head.id;
END $$;

-- The fence of an import: what was checked against version `seen` may only be stored while that is the version.
CREATE FUNCTION world_advance(seen integer) RETURNS integer
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE world SET version = version + 1, recount = version + 1 WHERE version = seen;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the reference data changed meanwhile' USING ERRCODE = 'PD003';
  END IF;
  RETURN seen + 1;
END $$;
