-- People, tokens, sessions, audit. Passwords are Argon2id; tokens and session ids are 256 random bits, shown once, stored as a
-- hash. The audit table takes INSERT only and is chained by hash.

CREATE TABLE account (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  login          text NOT NULL UNIQUE CHECK (length(login) BETWEEN 1 AND 60),
  password       text NOT NULL,                             -- Argon2id, with its parameters
  role           smallint NOT NULL,
  unit           integer NOT NULL REFERENCES unit,
  disabled       boolean NOT NULL DEFAULT false,
  created_at     bigint NOT NULL,
  failures       integer NOT NULL DEFAULT 0,                -- logins failed in a row: delays the next try
  failed_at      bigint NOT NULL DEFAULT 0
);
CREATE INDEX account_unit ON account (unit);

CREATE TABLE token (
  id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000000000) PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  hash        bytea NOT NULL UNIQUE,
  role        smallint NOT NULL,
  unit        integer NOT NULL REFERENCES unit,
  sources     integer[] NOT NULL DEFAULT '{}',              -- sources it may push for
  created_at  bigint NOT NULL,
  expires_at  bigint NOT NULL,
  disabled    boolean NOT NULL DEFAULT false
);

CREATE TABLE session (
  hash        bytea PRIMARY KEY,
  account     bigint NOT NULL REFERENCES account ON DELETE CASCADE,
  csrf        bytea NOT NULL,
  created_at  bigint NOT NULL,
  seen_at     bigint NOT NULL,
  expires_at  bigint NOT NULL
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
